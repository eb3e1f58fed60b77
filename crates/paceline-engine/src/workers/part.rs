//! What a worker is handed at a time: a unit, or some tests of one.

use std::time::Duration;

/// A task of the scheduler that is a piece of a suite.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) unit: usize,
    /// Indexes of tests; `None` for a unit that has not been collected.
    pub(super) tests: Option<Vec<u32>>,
    /// How long it is expected to take, where anything is known.
    pub(super) expected: Option<Duration>,
    pub(super) isolation: Option<String>,
    /// Whether nothing runs beside it.
    pub(super) serial: bool,
    /// The worker that has it.
    pub(super) worker: Option<u32>,
    /// When that worker began with it, counted from the start of the run.
    pub(super) began: Option<Duration>,
    /// Whether its slots have been given on already, while its last test is torn down.
    pub(super) released: bool,
}

impl Part {
    pub(super) fn whole(unit: usize) -> Self {
        Self {
            unit,
            tests: None,
            expected: None,
            isolation: None,
            serial: false,
            worker: None,
            began: None,
            released: false,
        }
    }

    pub(super) fn of(unit: usize, tests: Vec<u32>) -> Self {
        Self {
            tests: Some(tests),
            ..Self::whole(unit)
        }
    }
}
