//! The ends of hosts, workers and of the suite, in order and before their time.

use std::collections::VecDeque;
use std::time::Instant;

use paceline_protocol::{Shutdown, ToWorker};

use super::clock::END_PATIENCE;
use super::death::last_words;
use super::host::HostState;
use super::suite::{COLLECT_PATIENCE, FrameworkSuite};
use super::worker::{KillCause, Origin, Worker};
use crate::attempt::Stop;
use crate::event::{AttemptResult, NotRun, NoteKind};
use crate::outcome::Outcome;
use crate::run::{Core, Peer};
use crate::schedule::TaskId;

/// Deaths of workers between which no test has ended, before the suite is given up.
const MOST_DEATHS: u32 = 3;

impl<'env> FrameworkSuite<'env> {
    /// The host's process has ended. What it said last may still be on its way.
    pub(crate) fn host_ended(&mut self, core: &mut Core<'_, '_, 'env>, result: AttemptResult) {
        self.host.ended = Some(result);
        self.host.deadline = Some(Instant::now() + END_PATIENCE);
        self.host_may_be_gone(core);
    }

    /// Whether the host's process has ended, and all is read that it said: as a worker, too.
    fn host_may_be_gone(&mut self, core: &mut Core<'_, '_, 'env>) {
        let is_heard = self.host.is_closed || self.host.link.is_none();
        let is_unread = |worker: &Worker| {
            worker.origin == Origin::Host && worker.link.is_some() && worker.closed.is_none()
        };
        if is_heard
            && !self.workers.values().any(is_unread)
            && let Some(result) = self.host.ended.take()
        {
            self.host_is_gone(core, result);
        }
    }

    /// The host's process has ended, and all is known that it said.
    pub(super) fn host_is_gone(&mut self, core: &mut Core<'_, '_, 'env>, result: AttemptResult) {
        let state = self.host.state;
        self.host.deadline = None;
        self.usage.push(result.usage);
        if let Some(link) = self.host.link.take() {
            link.close();
        }
        if self.died_as_worker(core, &result) {
            return;
        }
        let died = state != HostState::Ending || self.host.goodbye.is_none();
        self.host.state = HostState::Gone;
        if died && self.ended_early.is_none() && core.stopping.is_none() {
            let what = match state {
                HostState::Booting => "its host ended before it was ready",
                _ => "its host died",
            };
            let text = match self.host.errors.first() {
                Some(error) => error.clone(),
                None => format!(
                    "{what}: {}",
                    result.message.as_deref().unwrap_or("exit code 0")
                ),
            };
            let hint = self.framework.start_hint.as_ref();
            let text = match hint.filter(|_| state == HostState::Booting) {
                Some(hint) => format!("{text}\n{hint}"),
                None => text,
            };
            self.fail(core, &text, Some(result));
        } else if died {
            self.not_run_all(core);
        } else {
            self.conclude(core);
        }
        for number in self.workers.keys().copied().collect::<Vec<_>>() {
            self.kill(number, KillCause::Stopped, core);
        }
    }

    /// Ends the worker that the host was, if it was one. Returns whether what that ran is to blame, and
    /// not the host: what is left can run elsewhere then.
    fn died_as_worker(&mut self, core: &mut Core<'_, '_, 'env>, result: &AttemptResult) -> bool {
        let stayed = self.workers.iter().find(|(_, w)| w.origin == Origin::Host);
        let Some((&number, worker)) = stayed else {
            return false;
        };
        let is_lost = self.host.state == HostState::Serving
            && !self.host.misbehaves
            && worker.has_begun
            && self.ended_early.is_none()
            && core.stopping.is_none();
        self.host.state = if is_lost {
            HostState::Lost
        } else {
            HostState::Gone
        };
        self.worker_exited(core, number, result.exit);
        is_lost
    }

    /// All has run that was to run: says what no test has said.
    pub(super) fn conclude(&mut self, core: &mut Core<'_, '_, 'env>) {
        if self.is_stopped
            && core.stopping.is_none()
            && core.ledger.suite_counts(self.id).failures() == 0
        {
            // A run that a test has cut short is not green.
            let reason = self.ended_early.as_ref().map(ToString::to_string);
            let text = reason.unwrap_or_else(|| "the suite ended early".to_owned());
            self.enter_suite_error(core, Outcome::Failed, &text, None);
        } else {
            self.check_exit_status(core);
        }
    }

    /// The framework has the last word: what fails it without failing a test fails the suite.
    fn check_exit_status(&mut self, core: &mut Core<'_, '_, 'env>) {
        let Some(goodbye) = self.host.goodbye.clone() else {
            return;
        };
        if let Some(summary) = goodbye.summary.filter(|text| !text.trim().is_empty()) {
            self.note(core, NoteKind::Summary, &summary);
        }
        let counts = core.ledger.suite_counts(self.id);
        // 5: nothing was collected, which the counts say as well.
        let is_explained = matches!(goodbye.exit_status, 0 | 5) || counts.failures() > 0;
        if !is_explained && core.stopping.is_none() && self.ended_early.is_none() {
            let text = format!(
                "{} ended with exit status {} though no test failed",
                self.suite.framework, goodbye.exit_status
            );
            self.enter_suite_error(core, Outcome::Failed, &text, None);
        }
    }

    /// The whole suite has gone wrong: one entry that says so; what has not run does not.
    pub(super) fn fail(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        text: &str,
        result: Option<AttemptResult>,
    ) {
        self.enter_suite_error(core, Outcome::Errored, text, result);
        self.break_off(core, text);
    }

    /// Runs nothing more of the suite.
    pub(super) fn break_off(&mut self, core: &mut Core<'_, '_, 'env>, reason: &str) {
        let first = reason
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or(reason);
        let reason = format!("the suite ended early: {}", first.trim());
        self.ended_early
            .get_or_insert(NotRun::SuiteEnded { reason });
        self.not_run_all(core);
    }

    /// Ends what waits; what runs is told to end.
    pub(super) fn not_run_all(&mut self, core: &mut Core<'_, '_, 'env>) {
        let waiting: Vec<TaskId> = self
            .parts
            .iter()
            .filter(|(_, part)| part.worker.is_none())
            .map(|(task, _)| *task)
            .collect();
        for task in waiting {
            // The scheduler hands it out sooner or later, and `start_part` ends it then; where it
            // was halted, nobody will.
            if core.stopping.is_some() {
                self.drop_part(core, task);
            }
        }
        let end_by = Instant::now() + self.patience();
        for worker in self.workers.values_mut() {
            worker.is_ending = true;
            worker.end_by = Some(end_by);
            if let Some(link) = &mut worker.link {
                link.send(&ToWorker::Shutdown(Shutdown {
                    now: true,
                    ..Shutdown::default()
                }));
            }
        }
    }

    /// The run is over: nothing starts, and what runs ends as `how` says.
    pub(crate) fn stop(&mut self, core: &mut Core<'_, '_, 'env>, how: Option<Stop>) {
        self.not_run_all(core);
        if self.host.state == HostState::Booting
            && let (Some(handle), Some(how)) = (&self.host.handle, how)
        {
            handle.stop(how);
        }
        let Some(how) = how else {
            return;
        };
        for number in self.workers.keys().copied().collect::<Vec<_>>() {
            self.kill(number, KillCause::Stopped, core);
            if how == Stop::AtOnce {
                self.kill_at_once(number);
            }
        }
        if how == Stop::AtOnce
            && let Some(handle) = &self.host.handle
        {
            handle.stop(how);
        }
    }

    /// A worker and its process are gone.
    pub(super) fn worker_is_gone(&mut self, core: &mut Core<'_, '_, 'env>, number: u32) {
        let Some(mut worker) = self.workers.remove(&number) else {
            return;
        };
        core.free_worker_number(number);
        if self.framework.interactive && !worker.queue.is_empty() && core.left_to_worker.is_some() {
            // It was stopped while it collected, or killed.
            core.ended_by = core.left_to_worker.take();
            self.break_off(core, "interrupted");
        }
        if let Some(link) = worker.link.take() {
            link.close();
        }
        // One that leaves what it was to run has not ended well, whatever it says.
        let ended_well = worker.goodbye.is_some()
            && worker.kill.is_none()
            && (worker.is_ending || worker.queue.is_empty());
        let mut queue: VecDeque<TaskId> = std::mem::take(&mut worker.queue);
        let has_lived = worker.link.is_some() || !worker.is_ending;
        if !ended_well
            && has_lived
            && worker
                .kill
                .as_ref()
                .is_none_or(|(cause, _)| *cause != KillCause::Stopped)
        {
            self.deaths += 1;
        }
        let begun = if worker.has_begun {
            queue.pop_front()
        } else {
            None
        };
        // First what was sent ahead, so that it gets no slot of its own.
        for task in queue {
            self.put_back(core, task);
        }
        if let Some(task) = begun {
            self.part_was_cut(core, &worker, number, task, ended_well);
        }
        if self.deaths >= MOST_DEATHS && self.ended_early.is_none() {
            let text = format!(
                "{MOST_DEATHS} workers died, and no test ended in between\n{}",
                last_words(&worker)
            );
            self.fail(core, &text, None);
        }
    }

    /// A connection has ended.
    pub(crate) fn disconnected(&mut self, core: &mut Core<'_, '_, 'env>, peer: Peer) {
        match peer {
            Peer::Host(_) => {
                self.host.is_closed = true;
                self.host_may_be_gone(core);
            }
            Peer::Worker(_, number) => {
                if let Some(worker) = self.workers.get_mut(&number) {
                    worker.closed = Some(Instant::now());
                    // A host that was it goes on as host.
                    let goes_on = worker.origin == Origin::Host && worker.goodbye.is_some();
                    if worker.exited.is_some() || goes_on {
                        self.worker_is_gone(core, number);
                    } else if worker.origin == Origin::Host {
                        // Its process should end now; the host's own end tells when.
                        worker.end_by = Some(Instant::now() + COLLECT_PATIENCE);
                        worker.collect_by = None;
                    }
                }
                self.host_may_be_gone(core);
            }
        }
    }

    /// The process of a worker has ended.
    pub(crate) fn worker_exited(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        number: u32,
        exit: Option<crate::outcome::Exit>,
    ) {
        if let Some(worker) = self.workers.get_mut(&number) {
            worker.exit = exit;
            worker.exited = Some(Instant::now());
            // A process that never connected has no connection that could end.
            if worker.closed.is_some() || worker.link.is_none() {
                self.worker_is_gone(core, number);
            }
        }
    }

    /// The process of a spawned worker has ended.
    pub(crate) fn spawned_worker_ended(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        number: u32,
        result: &AttemptResult,
    ) {
        self.usage.push(result.usage);
        self.worker_exited(core, number, result.exit);
    }
}
