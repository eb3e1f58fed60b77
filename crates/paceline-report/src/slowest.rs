//! The slowest tests of a run, as far as people are told of them.

use std::cmp::Reverse;
use std::time::Duration;

use paceline_engine::event::{SuiteInfo, TestFinished};

use crate::naming::Name;

/// So many are remembered.
const KEPT: usize = 5;
/// What is faster is not called slow: such times differ from run to run for no reason.
const SLOW: Duration = Duration::from_millis(100);

/// Keeps the slowest of all tests that it is shown.
#[derive(Debug, Default)]
pub(crate) struct Slowest {
    /// The slowest first; of equally slow ones the first in plan order.
    tests: Vec<Slow>,
    /// How many it was shown that ran.
    ran: u64,
}

/// A slow test.
#[derive(Debug)]
pub(crate) struct Slow {
    /// Its suite's place.
    pub(crate) place: usize,
    position: [u32; 2],
    /// What people call it, as seen from the root.
    pub(crate) name: Name,
    pub(crate) duration: Duration,
}

impl Slow {
    fn key(&self) -> (Reverse<Duration>, usize, [u32; 2]) {
        (Reverse(self.duration), self.place, self.position)
    }
}

impl Slowest {
    pub(crate) fn add(&mut self, place: usize, info: &SuiteInfo, test: &TestFinished) {
        let Some(last) = test.attempts.last() else {
            return;
        };
        self.ran += 1;
        let too_fast = self.tests.len() == KEPT
            && self
                .tests
                .last()
                .is_some_and(|slow| slow.duration > last.duration);
        if last.duration < SLOW || too_fast {
            return;
        }
        self.tests.push(Slow {
            place,
            position: test.position,
            name: Name::of(info, test),
            duration: last.duration,
        });
        self.tests.sort_by_key(Slow::key);
        self.tests.truncate(KEPT);
    }

    /// The slowest first.
    pub(crate) fn tests(&self) -> &[Slow] {
        &self.tests
    }

    /// Of how many.
    pub(crate) fn ran(&self) -> u64 {
        self.ran
    }
}
