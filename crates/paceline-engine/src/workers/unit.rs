//! Units of a suite and their tests, as far as they are known.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use paceline_protocol::{Settings, TestDescription};
use serde_json::Value;

use crate::duration;
use crate::event::AttemptResult;
use crate::schedule::TaskId;

/// Longer timeouts are cut, so that no deadline overflows.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A unit.
pub(super) struct Unit {
    pub(super) key: String,
    /// What people call it.
    pub(super) path: Arc<str>,
    /// Its tests; `None` until a worker has collected it.
    pub(super) tests: Option<Vec<Test>>,
    pub(super) digest: Option<String>,
    /// Descriptions that have come in pieces so far.
    pub(super) pieces: Vec<TestDescription>,
    /// Parts that have not ended.
    pub(super) open_parts: u32,
    /// How long a worker took to collect it.
    pub(super) collect_time: Duration,
    /// Workers that have died while they collected it.
    pub(super) deaths: u32,
    /// The ids under which skips and errors of the unit itself have been entered: each worker that
    /// collects it tells them.
    pub(super) reported: BTreeSet<String>,
    pub(super) closed: bool,
}

/// A test.
pub(super) struct Test {
    pub(super) id: Arc<str>,
    pub(super) description: TestDescription,
    pub(super) settings: Settings,
    /// How long an attempt may take, where the test says so itself.
    pub(super) timeout: Option<Duration>,
    pub(super) state: TestState,
    /// Attempts that have ended.
    pub(super) attempts: Vec<AttemptResult>,
}

/// Where a test is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TestState {
    /// It is for this part to run it.
    Waiting(TaskId),
    /// It runs.
    Running(TaskId),
    /// It has its outcome.
    Done,
}

impl Unit {
    pub(super) fn new(key: String, path: &str) -> Self {
        Self {
            key,
            path: path.into(),
            tests: None,
            digest: None,
            pieces: Vec::new(),
            open_parts: 0,
            collect_time: Duration::ZERO,
            deaths: 0,
            reported: BTreeSet::new(),
            closed: false,
        }
    }

    pub(super) fn tests(&self) -> &[Test] {
        self.tests.as_deref().unwrap_or_default()
    }

    pub(super) fn test(&self, index: u32) -> Option<&Test> {
        self.tests().get(index as usize)
    }

    pub(super) fn test_mut(&mut self, index: u32) -> Option<&mut Test> {
        self.tests.as_mut()?.get_mut(index as usize)
    }

    /// The indexes of the tests that a part has still to start.
    pub(super) fn waiting_for(&self, part: TaskId) -> Vec<u32> {
        let is_waiting = |test: &Test| test.state == TestState::Waiting(part);
        let places = (0..).zip(self.tests());
        places
            .filter(|(_, test)| is_waiting(test))
            .map(|(index, _)| index)
            .collect()
    }

    /// Whether all its tests are done and nothing more can come.
    pub(super) fn is_complete(&self) -> bool {
        self.open_parts == 0
            && self
                .tests()
                .iter()
                .all(|test| test.state == TestState::Done)
    }
}

impl Test {
    pub(super) fn new(description: TestDescription, part: TaskId) -> Self {
        Self {
            id: description.id.as_str().into(),
            settings: description.paceline.clone().unwrap_or_default(),
            timeout: None,
            description,
            state: TestState::Waiting(part),
            attempts: Vec::new(),
        }
    }

    /// Reads the timeout that it asks for.
    ///
    /// # Errors
    /// If that cannot be understood: what is wrong with it.
    pub(super) fn settle_timeout(&mut self) -> Result<(), String> {
        let seconds = |value: f64| Duration::try_from_secs_f64(value).ok();
        let told = match &self.settings.timeout {
            None | Some(Value::Null) => return Ok(()),
            Some(told) => told,
        };
        let timeout = match told {
            Value::Number(number) => number.as_f64().and_then(seconds),
            Value::String(text) => duration::parse(text),
            _ => None,
        };
        match timeout {
            Some(timeout) if !timeout.is_zero() => {
                self.timeout = Some(timeout.min(LONGEST_TIMEOUT));
                Ok(())
            }
            _ => Err(format!(
                "{}: its timeout {told} is no duration: write it like \"90s\" or \"1m30s\", or as seconds",
                self.id
            )),
        }
    }

    /// Whether it may only run when it is asked for by its index: its constraints have to be taken
    /// first, or others come before it.
    pub(super) fn is_held_back(&self) -> bool {
        self.settings.serial
            || self.settings.late
            || self.settings.needs.is_some()
            || !self.settings.conflicts.is_empty()
            || self.settings.weight.is_some_and(|weight| weight > 1)
            || self.settings.isolation.is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn test(settings: &Value) -> Test {
        let description = json!({ "id": "test_a.py::test_x", "paceline": settings });
        Test::new(serde_json::from_value(description).unwrap(), TaskId(7))
    }

    fn timeout(value: &Value) -> Result<Option<Duration>, String> {
        let mut test = test(&json!({ "timeout": value }));
        test.settle_timeout().map(|()| test.timeout)
    }

    #[test]
    fn a_timeout_is_seconds_or_a_text() {
        assert_eq!(timeout(&json!(null)), Ok(None));
        assert_eq!(timeout(&json!(1.5)), Ok(Some(Duration::from_millis(1500))));
        assert_eq!(timeout(&json!("1m30s")), Ok(Some(Duration::from_secs(90))));
        assert_eq!(timeout(&json!("9999999d")), Ok(Some(LONGEST_TIMEOUT)));
        for wrong in [
            json!("soon"),
            json!(0),
            json!(-1),
            json!(1e300),
            json!([]),
            json!(""),
        ] {
            let mistake = timeout(&wrong).unwrap_err();
            assert!(
                mistake.starts_with("test_a.py::test_x: its timeout "),
                "{mistake}"
            );
            assert!(mistake.contains(&wrong.to_string()), "{mistake}");
        }
    }

    #[test]
    fn what_asks_for_more_than_a_slot_is_held_back() {
        assert!(!test(&json!({ "timeout": 1, "retries": 2, "weight": 1 })).is_held_back());
        for asks in [
            json!({ "serial": true }),
            json!({ "late": true }),
            json!({ "needs": ["db"] }),
            json!({ "weight": 2 }),
            json!({ "isolation": "worker" }),
        ] {
            assert!(test(&asks).is_held_back(), "{asks}");
        }
    }

    #[test]
    fn a_unit_is_complete_when_its_tests_are_done_and_no_part_is_open() {
        let mut unit = Unit::new("a".to_owned(), "a");
        unit.tests = Some(vec![test(&json!({})), test(&json!({})), test(&json!({}))]);
        unit.open_parts = 1;
        unit.test_mut(1).unwrap().state = TestState::Running(TaskId(7));
        assert_eq!(unit.waiting_for(TaskId(7)), [0, 2]);
        assert_eq!(unit.waiting_for(TaskId(8)), [] as [u32; 0]);
        for index in 0..3 {
            unit.test_mut(index).unwrap().state = TestState::Done;
        }
        assert!(!unit.is_complete());
        unit.open_parts = 0;
        assert!(unit.is_complete());
        assert!(unit.test(3).is_none());
    }
}
