//! How a run ended.

use super::dispatcher::Dispatcher;
use crate::event::{EventKind, RunFinished};
use crate::ledger::total_usage;
use crate::sys::Signal;

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// What reporters were told last.
    pub finished: RunFinished,
    /// The signal that ended the run early.
    pub interrupted: Option<Signal>,
    /// Whether something that was asked for could not be done, such as writing a log.
    pub internal_error: bool,
    /// Whether a suite could not be started or collected and its failure is not allowed.
    pub broken: bool,
}

impl Dispatcher<'_, '_, '_> {
    pub(super) fn finish(mut self) -> RunResult {
        self.stop_last_strays();
        let counts = self.core.ledger.counts();
        let wall = self.core.now();
        let usage = total_usage(
            self.core
                .ledger
                .attempts()
                .map(|(_, attempt)| &attempt.usage),
        );
        let work = self.work_done();
        let limit = self.limit(&work);
        let efficiency = limit
            .as_ref()
            .map(|limit| limit.duration.as_secs_f64() / wall.as_secs_f64().max(1e-9))
            .map(|ratio| ratio.min(1.0));
        let finished = RunFinished {
            counts,
            suites: self.core.ledger.suites(),
            wall,
            sum_of_durations: work.iter().map(|work| work.duration).sum(),
            usage,
            limit,
            efficiency,
            interrupted: self.interrupted.map(|signal| signal.name().to_owned()),
        };
        self.core.tell(EventKind::RunFinished(finished.clone()));
        RunResult {
            finished,
            interrupted: self.interrupted,
            internal_error: self.internal_error,
            broken: self.core.broken,
        }
    }
}
