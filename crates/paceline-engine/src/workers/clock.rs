//! Timeouts, and how a worker is made to end.

use std::time::{Duration, Instant};

use super::host::HostState;
use super::suite::FrameworkSuite;
use super::worker::{Kill, KillCause, Origin};
use crate::attempt::Stop;
use crate::duration::Human;
use crate::run::Core;
use crate::sys;

/// How long a worker has to write the stacks of its threads.
const STACKS_PATIENCE: Duration = Duration::from_millis(300);
/// How long the end of a process and the end of its connection may lie apart.
pub(super) const END_PATIENCE: Duration = Duration::from_millis(500);

impl<'env> FrameworkSuite<'env> {
    /// When [`Self::tick`] has something to do next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let workers = self.workers.values().flat_map(|worker| {
            let kill = match &worker.kill {
                None if self.framework.interactive || worker.closed.is_some() => None,
                None => worker
                    .running
                    .map(|running| running.since + self.timeout_of(running.unit, running.test)),
                Some((_, Kill::Stacks { until } | Kill::Terminated { until })) => Some(*until),
                Some((_, Kill::Killed)) => None,
            };
            let end = worker.ended().map(|since| since + END_PATIENCE);
            let connect = worker.link.is_none().then_some(worker.connect_by);
            let rest = [worker.collect_by, worker.end_by]
                .into_iter()
                .flatten()
                .min();
            let rest = rest.filter(|_| worker.kill.is_none() && !self.framework.interactive);
            [kill, end, connect, rest]
        });
        workers.flatten().chain(self.host.deadline).min()
    }

    /// Does what it is time for.
    pub(crate) fn tick(&mut self, core: &mut Core<'_, '_, 'env>) {
        let now = Instant::now();
        if self.host.deadline.is_some_and(|deadline| now >= deadline) {
            self.host.deadline = None;
            if let Some(result) = self.host.ended.take() {
                self.host_is_gone(core, result);
                return;
            }
            let what = match self.host.state {
                HostState::Booting => "its host was not ready in time",
                _ => "its host did not end in time",
            };
            self.host.errors.push(what.to_owned());
            if let Some(handle) = &self.host.handle {
                handle.stop(Stop::Gently);
            }
        }
        for number in self.workers.keys().copied().collect::<Vec<_>>() {
            self.tick_worker(core, number, now);
        }
    }

    fn tick_worker(&mut self, core: &mut Core<'_, '_, 'env>, number: u32, now: Instant) {
        let Some(worker) = self.workers.get(&number) else {
            return;
        };
        let ended = worker.ended();
        if ended.is_some_and(|since| now >= since + END_PATIENCE) {
            self.worker_is_gone(core, number);
            return;
        }
        if worker.link.is_none() && now >= worker.connect_by {
            let text = format!("worker {number} did not connect in time");
            self.fail(core, &text, None);
            self.worker_is_gone(core, number);
            return;
        }
        match &worker.kill {
            // Whoever is at the terminal may take all the time of the world.
            None if self.framework.interactive => {}
            None if worker.closed.is_some() => {
                if worker.end_by.is_some_and(|by| now >= by) {
                    let what = "it has closed its connection and goes on".to_owned();
                    self.kill(number, KillCause::Misbehaved(what), core);
                }
            }
            None => {
                if let Some(running) = worker.running {
                    let timeout = self.timeout_of(running.unit, running.test);
                    if now >= running.since + timeout {
                        self.kill(number, KillCause::Timeout(timeout), core);
                    }
                } else if worker.collect_by.is_some_and(|by| now >= by) {
                    self.kill(number, KillCause::Timeout(self.patience()), core);
                } else if worker.end_by.is_some_and(|by| now >= by) {
                    let patience = Human(self.patience());
                    let text = format!("it did not end within {patience} and is ended");
                    self.worker_error(core, &format!("worker {number}"), &text);
                    self.kill(number, KillCause::Stopped, core);
                }
            }
            Some((_, Kill::Stacks { until })) if now >= *until => {
                self.terminate(number, core.options.kill_grace);
            }
            Some((_, Kill::Terminated { until })) if now >= *until => self.kill_at_once(number),
            Some(_) => {}
        }
    }

    /// How long a test may take.
    fn timeout_of(&self, unit: u32, test: u32) -> Duration {
        let test = self.units[unit as usize].test(test);
        let own = test.and_then(|test| test.timeout);
        own.unwrap_or(self.suite.timeout)
    }

    /// Makes a worker end: a hanging one is asked for its stacks first.
    pub(super) fn kill(&mut self, number: u32, cause: KillCause, core: &Core<'_, '_, 'env>) {
        let Some(worker) = self.workers.get_mut(&number) else {
            return;
        };
        if worker.kill.is_some() {
            return;
        }
        let asks = matches!(cause, KillCause::Timeout(_));
        let target = worker
            .running
            .and_then(|running| running.pid)
            .or(worker.pid);
        if let (true, Some(stacks), Some(pid)) = (asks, &worker.stacks, target) {
            let length = std::fs::metadata(&stacks.file).map_or(0, |meta| meta.len());
            worker.stacks_from = length;
            sys::send(pid, stacks.signal);
            let until = Instant::now() + STACKS_PATIENCE;
            worker.kill = Some((cause, Kill::Stacks { until }));
            return;
        }
        let until = Instant::now() + core.options.kill_grace;
        worker.kill = Some((cause, Kill::Terminated { until }));
        self.terminate(number, core.options.kill_grace);
    }

    fn terminate(&mut self, number: u32, grace: Duration) {
        let Some(worker) = self.workers.get_mut(&number) else {
            return;
        };
        if let Some((_, kill)) = &mut worker.kill {
            let until = Instant::now() + grace;
            *kill = Kill::Terminated { until };
        }
        self.stop_process(number, Stop::Gently);
    }

    /// `KILL`, for a worker and everything below it.
    pub(super) fn kill_at_once(&mut self, number: u32) {
        let Some(worker) = self.workers.get_mut(&number) else {
            return;
        };
        Self::mark_killed(worker);
        self.stop_process(number, Stop::AtOnce);
    }

    /// Ends a worker's process by the handle that there is of it, else by its number.
    fn stop_process(&self, number: u32, how: Stop) {
        let Some(worker) = self.workers.get(&number) else {
            return;
        };
        let handle = match worker.origin {
            Origin::Host => &self.host.handle,
            Origin::Forked | Origin::Spawned => &worker.handle,
        };
        match (handle, worker.pid) {
            (Some(handle), _) => handle.stop(how),
            (None, Some(pid)) if worker.exited.is_none() => match how {
                Stop::Gently => sys::terminate(pid),
                Stop::AtOnce => sys::kill_session(pid),
            },
            _ => {}
        }
    }
}
