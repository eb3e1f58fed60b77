//! Sends quick units ahead, so that a worker need not wait for the engine after each of them.

use std::time::Duration;

use super::suite::FrameworkSuite;
use crate::run::Core;
use crate::schedule::TaskId;

/// A unit is quick if it is expected to take no longer. Others are handed out one at a time, to the
/// worker that is free first.
const QUICK: Duration = Duration::from_millis(5);
/// How much work a worker gets in advance: the engine hears of the end of a unit up to 4 ms later.
const AHEAD: Duration = Duration::from_millis(8);

impl<'env> FrameworkSuite<'env> {
    /// Tops up what a worker has to do, if it runs short and what comes next are quick units of this
    /// suite. Towards the end of a run less is sent, so that all workers end together.
    pub(super) fn send_ahead(&mut self, core: &mut Core<'_, '_, 'env>, number: u32) {
        // What follows a failure is not to run where the suite ends with it.
        let ends_at_failures = core.options.max_fail.is_some()
            || self.ready.as_ref().is_some_and(|ready| ready.maxfail > 0);
        if ends_at_failures || self.ended_early.is_some() || core.stopping.is_some() {
            return;
        }
        let Some(worker) = self
            .workers
            .get(&number)
            .filter(|worker| worker.is_usable())
        else {
            return;
        };
        let parts = worker.queue.iter().filter_map(|task| self.parts.get(task));
        // Nobody knows how long one without an expectation takes.
        let mut ahead: Duration = parts.map(|part| part.expected.unwrap_or(AHEAD)).sum();
        let Some(&(mut last)) = worker.queue.back() else {
            return;
        };
        if ahead > AHEAD / 2 {
            return;
        }
        let mut sent = worker.queue.len() - 1;
        while ahead < AHEAD {
            let most = core.scheduler.waiting() / (2 * core.options.jobs.max(1) as usize);
            if sent >= most {
                return;
            }
            let Some(next) = core.scheduler.follow(last, |task| self.is_quick(task)) else {
                return;
            };
            let part = self.parts.get(&next);
            ahead += part.and_then(|part| part.expected).unwrap_or(AHEAD);
            self.hand(core, number, next);
            last = next;
            sent += 1;
        }
    }

    fn is_quick(&self, task: TaskId) -> bool {
        self.parts.get(&task).is_some_and(|part| {
            let is_short = part.expected.is_some_and(|expected| expected <= QUICK);
            is_short && part.isolation.is_none() && !part.serial
        })
    }
}
