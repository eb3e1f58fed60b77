//! What the configuration says of single tests.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::select::matches;
use crate::test::Test;

/// What a test may do beside its body: its server starts, it connects, hooks run. paceline stops
/// what takes longer, and the tests' own timeouts come before that.
const BESIDE_BODY: Duration = Duration::from_secs(60);

/// What holds for the tests that a pattern fits.
#[derive(Clone, Debug)]
pub(super) struct Override {
    tests: String,
    says: Map<String, Value>,
}

impl Override {
    pub(super) fn read(value: &Value) -> Option<Self> {
        let mut says = value.as_object()?.clone();
        let tests = says.remove("tests")?.as_str()?.to_owned();
        // A process of its own is what a worker cannot give a test; a server of its own is what the
        // test itself can ask for.
        says.remove("isolation");
        Some(Self { tests, says })
    }
}

/// What paceline is told of a test: the last word on each field. Empty if there is nothing to say.
pub(super) fn settings<C>(test: &Test<C>, overrides: &[Override]) -> Map<String, Value> {
    let mut settings = Map::new();
    let fit = overrides
        .iter()
        .filter(|one| matches(&one.tests, test.name()));
    for (field, value) in fit.flat_map(|one| &one.says) {
        settings.insert(field.clone(), value.clone());
    }
    if let Some(timeout) = test.timeout {
        let patience = timeout.saturating_add(BESIDE_BODY);
        settings.insert("timeout".to_owned(), json!(patience.as_secs_f64()));
    }
    settings
}

/// Whether a test waits until it is asked for by its index.
pub(super) fn is_held_back(settings: &Map<String, Value>) -> bool {
    settings.get("serial").is_some_and(|serial| *serial == true)
        || settings.get("needs").is_some_and(|needs| !needs.is_null())
        || settings
            .get("weight")
            .and_then(Value::as_u64)
            .is_some_and(|weight| weight > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings_of(test: &Test<()>, overrides: &Value) -> Value {
        let overrides = overrides.as_array().into_iter().flatten();
        let overrides: Vec<_> = overrides.filter_map(Override::read).collect();
        Value::Object(settings(test, &overrides))
    }

    #[test]
    fn the_last_override_that_says_something_counts_and_the_test_itself_before_it() {
        let test = Test::<()>::new("accounts::open", |_| async { Ok(()) });
        let overrides = json!([
            {"tests": "*", "timeout": "5s", "needs": ["ports"]},
            {"tests": "accounts::*", "needs": {"postgres": 1}, "isolation": "test"},
            {"tests": "orders::*", "serial": true},
        ]);
        assert_eq!(
            settings_of(&test, &overrides),
            json!({"timeout": "5s", "needs": {"postgres": 1}})
        );
        let test = test.timeout(Duration::from_secs(2));
        assert_eq!(
            settings_of(&test, &overrides),
            json!({"timeout": 62.0, "needs": {"postgres": 1}})
        );
    }

    #[test]
    fn what_needs_more_than_a_worker_is_held_back() {
        let held = |value: Value| value.as_object().is_some_and(is_held_back);
        assert!(held(json!({"needs": ["a"]})));
        assert!(held(json!({"serial": true})));
        assert!(held(json!({"weight": 2})));
        assert!(!held(
            json!({"weight": 1, "serial": false, "retries": 2, "timeout": 1})
        ));
    }
}
