//! What runs, and how far a run has come: in suites where all are commands, else in tests.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::model::{Model, RunningTest, SuiteState};
use crate::naming;

/// A command, a test, or a framework that gets ready.
pub(super) struct Running<'a> {
    pub(super) suite: &'a SuiteState,
    /// The test, where the suite's framework runs one.
    pub(super) test: Option<&'a RunningTest>,
}

impl<'a> Running<'a> {
    pub(super) fn started_at(&self) -> Duration {
        let of_suite = self.suite.started_at.unwrap_or_default();
        self.test.map_or(of_suite, |test| test.started_at)
    }

    pub(super) fn name(&self) -> Cow<'a, str> {
        let Some(test) = self.test else {
            return Cow::Borrowed(&self.suite.info.name);
        };
        naming::running(&self.suite.info, &test.test)
    }
}

/// All that runs, the longest-running first.
pub(super) fn all(model: &Model) -> Vec<Running<'_>> {
    let suites = model
        .running
        .iter()
        .filter_map(|&place| model.suites.get(place));
    let mut all: Vec<Running<'_>> = suites
        .flat_map(|suite| {
            let itself = suite
                .running_tests
                .is_empty()
                .then_some(Running { suite, test: None });
            let tests = suite.running_tests.iter().map(move |test| Running {
                suite,
                test: Some(test),
            });
            itself.into_iter().chain(tests)
        })
        .collect();
    all.sort_by_key(Running::started_at);
    all
}

/// How far a run has come: `812/1284`, with `+` while there may be more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) finished: u64,
    pub(super) total: u64,
    more: bool,
}

impl Progress {
    pub(super) fn of(model: &Model) -> Self {
        if model.is_commands_only() {
            return Self {
                finished: model.suites_finished as u64,
                total: model.suites.len() as u64,
                more: false,
            };
        }
        Self {
            finished: model.counts.total,
            total: model.suites.iter().map(SuiteState::known_tests).sum(),
            more: model.suites.iter().any(SuiteState::may_have_more),
        }
    }

    /// Between 0 and 1.
    pub(super) fn fraction(self) -> f64 {
        if self.total == 0 {
            0.0
        } else {
            self.finished as f64 / self.total as f64
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.more { "+" } else { "" };
        write!(f, "{}/{}{more}", self.finished, self.total)
    }
}
