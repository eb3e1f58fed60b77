//! The work that was measured, and the limit that it sets.

use std::collections::BTreeMap;
use std::time::Duration;

use super::dispatcher::Dispatcher;
use crate::limit::{self, Limit, MeasuredWork};
use crate::plan::{Constraints, SuiteId};

impl Dispatcher<'_, '_, '_> {
    /// The work that was measured. Each attempt of a command counts by itself: those of a suite come
    /// one after another, but not in one piece. Of a part of a framework suite, which could have
    /// been split further, the longest test counts as one piece and the rest as another.
    pub(super) fn work_done(&self) -> Vec<MeasuredWork> {
        let plan = self.core.plan;
        let mut work: Vec<MeasuredWork> = Vec::new();
        let mut last_of: BTreeMap<SuiteId, Vec<usize>> = BTreeMap::new();
        let mut attempts: BTreeMap<SuiteId, Vec<Duration>> = BTreeMap::new();
        for (id, attempt) in self.core.ledger.attempts() {
            attempts.entry(id).or_default().push(attempt.duration);
        }
        for id in plan.ids() {
            let suite = plan.suite(id);
            // Dependencies come first in plan order.
            let before = suite
                .depends_on
                .iter()
                .filter_map(|d| last_of.get(d))
                .flatten();
            let mut after: Vec<usize> = before.copied().collect();
            let piece = |after: &[usize], duration| MeasuredWork {
                name: suite.name.clone(),
                constraints: suite.constraints.clone(),
                after: after.to_vec(),
                duration,
            };
            if let Some((boot, parts)) = self.core.measured.suites.get(&id) {
                work.push(piece(&after, *boot));
                let boot = [work.len() - 1];
                let mut ends = Vec::new();
                for (took, longest) in parts {
                    for duration in [*longest, took.saturating_sub(*longest)] {
                        let constraints = Constraints::default();
                        ends.push(work.len());
                        work.push(MeasuredWork {
                            constraints,
                            ..piece(&boot, duration)
                        });
                    }
                }
                last_of.insert(id, ends);
                continue;
            }
            for duration in attempts.remove(&id).unwrap_or_default() {
                work.push(piece(&after, duration));
                after = vec![work.len() - 1];
                last_of.insert(id, after.clone());
            }
        }
        work
    }

    /// The lower bound for what was measured.
    pub(super) fn limit(&self, work: &[MeasuredWork]) -> Option<Limit> {
        limit::lower_bound(self.core.options.jobs, &self.core.plan.resources, work)
    }
}
