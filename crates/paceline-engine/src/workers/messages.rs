//! What hosts and workers say.

use std::time::Instant;

use paceline_protocol::{
    Discovered, FromWorker, TakenBack, TestStarted, UnitDescription, WarningMessage,
};

use super::host::HostState;
use super::part::Part;
use super::suite::FrameworkSuite;
use super::unit::{TestState, Unit};
use super::worker::{KillCause, RunningTest};
use crate::attempt::Stop;
use crate::event::{AttemptStarted, EventKind, NotRun, TestWarning, Warning};
use crate::outcome::Exit;
use crate::run::Core;
use crate::run::Peer;
use crate::schedule::TaskId;
use crate::sys;

/// A message that does not fit; ends the process that sent it.
pub(super) struct Misfit(pub(super) String);

type Handled = Result<(), Misfit>;

impl<'env> FrameworkSuite<'env> {
    /// Handles a message.
    pub(crate) fn message(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        peer: Peer,
        message: FromWorker,
    ) {
        // What comes after a misfit is not believed.
        let handled = match peer {
            Peer::Host(_) if self.host.misbehaves => Ok(()),
            Peer::Host(_) => self.host_says(core, message),
            Peer::Worker(_, number) if self.misbehaves(number) => Ok(()),
            Peer::Worker(_, number) => self.worker_says(core, number, message),
        };
        if let Err(Misfit(what)) = handled {
            self.misbehaved(core, peer, &what);
        }
    }

    fn misbehaves(&self, number: u32) -> bool {
        let kill = self
            .workers
            .get(&number)
            .and_then(|worker| worker.kill.as_ref());
        matches!(kill, Some((KillCause::Misbehaved(_), _)))
    }

    /// A peer does not keep to the protocol.
    pub(crate) fn misbehaved(&mut self, core: &mut Core<'_, '_, 'env>, peer: Peer, what: &str) {
        let who = match peer {
            Peer::Host(_) => "the host".to_owned(),
            Peer::Worker(_, number) => format!("worker {number}"),
        };
        let text = format!(
            "{who} of {} does not keep to the protocol: {what}",
            self.suite.name
        );
        core.tell(EventKind::Warning(Warning {
            suite: Some(self.suite.name.clone()),
            message: text.clone(),
            fatal: false,
        }));
        match peer {
            Peer::Host(_) => {
                self.host.errors.push(text);
                self.host.misbehaves = true;
                if let Some(handle) = &self.host.handle {
                    handle.stop(Stop::AtOnce);
                }
            }
            Peer::Worker(_, number) => {
                self.kill(number, KillCause::Misbehaved(what.to_owned()), core);
                self.kill_at_once(number);
            }
        }
    }

    fn host_says(&mut self, core: &mut Core<'_, '_, 'env>, message: FromWorker) -> Handled {
        match message {
            FromWorker::Discovered(discovered) => self.discovered(core, discovered),
            FromWorker::Ready(ready) => {
                self.host_is_ready(core, *ready);
                Ok(())
            }
            FromWorker::Forked(forked) => {
                if let Some(worker) = self.workers.get_mut(&forked.worker) {
                    worker.pid = sys::process(forked.pid);
                }
                Ok(())
            }
            FromWorker::ForkFailed { worker, reason } => {
                self.fork_failed(core, worker, &reason);
                Ok(())
            }
            FromWorker::Exited(exited) => {
                let exit = exited
                    .signal
                    .map(Exit::Signal)
                    .or(exited.code.map(Exit::Code));
                self.worker_exited(core, exited.worker, exit);
                Ok(())
            }
            FromWorker::CollectError(error) => {
                self.collect_error(core, None, &error);
                Ok(())
            }
            FromWorker::CollectSkipped(skipped) => {
                self.collect_skipped(core, None, &skipped);
                Ok(())
            }
            FromWorker::Warning(warning) => {
                self.warning(core, *warning);
                Ok(())
            }
            FromWorker::Error(error) => {
                if error.fatal {
                    self.host.errors.push(error.text);
                } else {
                    self.worker_error(core, "the host", &error.text);
                }
                Ok(())
            }
            FromWorker::Goodbye(goodbye) => {
                self.host.goodbye = Some(goodbye);
                Ok(())
            }
            other => Err(Misfit(format!("a host does not say {}", kind_of(&other)))),
        }
    }

    fn discovered(&mut self, core: &mut Core<'_, '_, 'env>, discovered: Discovered) -> Handled {
        if self.host.state != HostState::Booting {
            return Err(Misfit("`discovered` after `ready`".to_owned()));
        }
        for UnitDescription { unit, key, path } in discovered.units {
            if unit as usize != self.units.len() {
                return Err(Misfit(format!(
                    "unit {unit} where {} comes next",
                    self.units.len()
                )));
            }
            core.ledger
                .add_unit(self.id, key.as_str().into(), path.as_str().into());
            self.units.push(Unit::new(key, &path));
        }
        Ok(())
    }

    fn worker_says(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        number: u32,
        message: FromWorker,
    ) -> Handled {
        match message {
            FromWorker::UnitStarted { unit } => self.unit_started(core, number, unit),
            FromWorker::Collected(collected) => self.collected(core, number, collected),
            FromWorker::CollectError(error) => {
                self.collect_error(core, Some(number), &error);
                Ok(())
            }
            FromWorker::CollectSkipped(skipped) => {
                self.collect_skipped(core, Some(number), &skipped);
                Ok(())
            }
            FromWorker::TestStarted(started) => self.test_started(core, number, started),
            FromWorker::TestFinished(finished) => self.test_finished(core, number, *finished),
            FromWorker::UnitFinished { unit } => self.unit_finished(core, number, unit),
            FromWorker::NeedNext { unit } => self.need_next(core, number, unit),
            FromWorker::TakenBack(taken) => self.taken_back(core, number, &taken),
            FromWorker::Stopping(stopping) => {
                let reason = format!(
                    "{} ended the run: {}",
                    self.suite.framework, stopping.reason
                );
                self.ended_early
                    .get_or_insert(NotRun::SuiteEnded { reason });
                self.is_stopped = true;
                core.ended_by = core.left_to_worker.take();
                let reason = stopping.reason;
                self.break_off(core, &reason);
                self.halt(core);
                Ok(())
            }
            FromWorker::Warning(warning) => {
                self.warning(core, *warning);
                Ok(())
            }
            FromWorker::Error(error) => {
                self.worker_error(core, &format!("worker {number}"), &error.text);
                Ok(())
            }
            FromWorker::Goodbye(goodbye) => {
                if let Some(worker) = self.workers.get_mut(&number) {
                    worker.goodbye = Some(goodbye);
                }
                Ok(())
            }
            other => Err(Misfit(format!("a worker does not say {}", kind_of(&other)))),
        }
    }

    /// The part that a worker is busy with, if it is one of this unit.
    pub(super) fn current(&self, number: u32, unit: u32) -> Result<TaskId, Misfit> {
        let task = self
            .workers
            .get(&number)
            .and_then(|worker| worker.queue.front().copied());
        task.filter(|task| {
            self.parts
                .get(task)
                .is_some_and(|part| part.unit == unit as usize)
        })
        .ok_or_else(|| {
            Misfit(format!(
                "a message about unit {unit}, which it was not to run"
            ))
        })
    }

    fn unit_started(&mut self, core: &mut Core<'_, '_, 'env>, number: u32, unit: u32) -> Handled {
        let task = self.current(number, unit)?;
        let mut began = core.now();
        let collect_by = Instant::now() + self.patience();
        if let Some(worker) = self.workers.get_mut(&number) {
            // This message may have been in the journal for milliseconds.
            began = worker.free_since.take().unwrap_or(began);
            worker.has_begun = true;
            worker.collect_by = Some(collect_by);
        }
        if let Some(part) = self.parts.get_mut(&task) {
            part.began = Some(began);
        }
        Ok(())
    }

    fn test_started(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        number: u32,
        started: TestStarted,
    ) -> Handled {
        let task = self.current(number, started.unit)?;
        let unit = &mut self.units[started.unit as usize];
        let Some(test) = unit.test_mut(started.test) else {
            return Err(Misfit(format!(
                "test {}, which the unit does not have",
                started.test
            )));
        };
        if test.state != TestState::Waiting(task) {
            return Err(Misfit(format!("test {}, which it was not to run", test.id)));
        }
        let worker = self.workers.get(&number);
        if worker.is_some_and(|worker| worker.running.is_some()) {
            return Err(Misfit("a test before the last one has ended".to_owned()));
        }
        test.state = TestState::Running(task);
        let attempt = test.attempts.len() as u32 + 1;
        let id = test.id.clone();
        let Some(worker) = self.workers.get_mut(&number) else {
            return Ok(());
        };
        worker.collect_by = None;
        worker.running = Some(RunningTest {
            unit: started.unit,
            test: started.test,
            since: Instant::now(),
            at: core.now(),
            pid: started.pid.and_then(sys::process),
        });
        if started.pid.is_some() {
            worker.mark_log(started.log);
        }
        let pid = worker
            .pid
            .map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
        core.tell(EventKind::AttemptStarted(AttemptStarted {
            suite: self.suite.name.clone(),
            test: self.test_name(&id),
            attempt,
            slot: number,
            pid,
        }));
        if self.is_halting {
            self.kill(number, KillCause::Stopped, core);
        }
        Ok(())
    }

    fn unit_finished(&mut self, core: &mut Core<'_, '_, 'env>, number: u32, unit: u32) -> Handled {
        let task = self.current(number, unit)?;
        let place = unit as usize;
        if let Some(worker) = self.workers.get_mut(&number) {
            if worker.running.is_some() {
                return Err(Misfit(
                    "the end of a unit in the midst of a test".to_owned(),
                ));
            }
            worker.queue.pop_front();
            worker.free_since = (!worker.queue.is_empty()).then(|| core.now());
            worker.has_begun = false;
            worker.collect_by = None;
            worker.gives_back = false;
        }
        if self.units[place].tests.is_none() {
            // The file's own error or skip is all there is to say of it.
            self.units[place].tests = Some(Vec::new());
            if self.units[place].reported.is_empty() {
                let text = "the worker ended the unit without collecting it";
                self.enter_unit(
                    core,
                    place,
                    crate::outcome::Outcome::Errored,
                    Some(text),
                    None,
                );
            }
        }
        let reason = core.stopping.clone().or_else(|| self.ended_early.clone());
        for index in self.units[place].waiting_for(task) {
            match &reason {
                Some(reason) => self.settle_test(core, place, index, None, Some(reason.clone())),
                None => self.enter_test_error(core, place, index, "the worker passed it over"),
            }
        }
        self.end_part(core, task);
        self.send_ahead(core, number);
        Ok(())
    }

    fn need_next(&mut self, core: &mut Core<'_, '_, 'env>, number: u32, unit: u32) -> Handled {
        let task = self.current(number, unit)?;
        let Some(worker) = self.workers.get_mut(&number) else {
            return Ok(());
        };
        if worker.queue.len() > 1 || worker.is_ending {
            return Ok(());
        }
        worker.wants_next = true;
        // The slot goes on to whatever is next; what is left here is to tear down.
        if let Some(part) = self.parts.get_mut(&task)
            && !part.released
        {
            part.released = true;
            core.scheduler.yield_slots(task);
        }
        Ok(())
    }

    fn taken_back(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        number: u32,
        taken: &TakenBack,
    ) -> Handled {
        if let Some(worker) = self.workers.get_mut(&number) {
            worker.gives_back = false;
        }
        let Some(tests) = taken.tests.as_ref().filter(|_| taken.ok) else {
            return Ok(());
        };
        // The unit may have ended by itself before it was told.
        let Ok(task) = self.current(number, taken.unit) else {
            return Err(Misfit(
                "tests given back of a unit that it does not run".to_owned(),
            ));
        };
        let place = taken.unit as usize;
        let waits = |index: &u32| {
            let state = self.units[place].test(*index).map(|test| test.state);
            state == Some(TestState::Waiting(task))
        };
        if !tests.iter().all(waits) {
            return Err(Misfit("tests given back that were not waiting".to_owned()));
        }
        if let Some(part) = self.parts.get_mut(&task)
            && let Some(own) = &mut part.tests
        {
            own.retain(|index| !tests.contains(index));
        }
        let expected = self.expected_of(place, tests);
        // What was held back together asks for the same.
        let first = tests
            .first()
            .and_then(|index| self.units[place].test(*index));
        let settings = first.map(|test| test.settings.clone()).unwrap_or_default();
        let constraints = core
            .constraints_of(&settings, self.constraints())
            .unwrap_or_else(|_| self.constraints());
        self.add_part(
            core,
            Part::of(place, tests.clone()),
            constraints,
            Some(expected),
        );
        Ok(())
    }

    fn warning(&self, core: &mut Core<'_, '_, 'env>, warning: WarningMessage) {
        core.tell(EventKind::TestWarning(TestWarning {
            suite: self.suite.name.clone(),
            test: warning.id,
            category: warning.category,
            message: warning.message,
            location: warning.file.map(|file| (file, warning.line)),
            text: warning.text,
        }));
    }

    pub(super) fn worker_error(&self, core: &mut Core<'_, '_, 'env>, who: &str, text: &str) {
        core.tell(EventKind::Warning(Warning {
            suite: Some(self.suite.name.clone()),
            message: format!("{who}: {text}"),
            fatal: false,
        }));
    }
}

fn kind_of(message: &FromWorker) -> &'static str {
    match message {
        FromWorker::Hello(_) => "`hello` twice",
        FromWorker::Discovered(_) => "`discovered`",
        FromWorker::Ready(_) => "`ready`",
        FromWorker::Forked(_) => "`forked`",
        FromWorker::ForkFailed { .. } => "`fork_failed`",
        FromWorker::Exited(_) => "`exited`",
        FromWorker::UnitStarted { .. } => "`unit_started`",
        FromWorker::Collected(_) => "`collected`",
        FromWorker::CollectError(_) => "`collect_error`",
        FromWorker::CollectSkipped(_) => "`collect_skipped`",
        FromWorker::TestStarted(_) => "`test_started`",
        FromWorker::TestFinished(_) => "`test_finished`",
        FromWorker::UnitFinished { .. } => "`unit_finished`",
        FromWorker::NeedNext { .. } => "`need_next`",
        FromWorker::TakenBack(_) => "`taken_back`",
        FromWorker::Stopping(_) => "`stopping`",
        FromWorker::Warning(_) => "`warning`",
        FromWorker::Error(_) => "`error`",
        FromWorker::Journal(_) => "`journal`, without one in its `hello`",
        FromWorker::Goodbye(_) => "`goodbye`",
    }
}
