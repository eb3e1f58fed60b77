//! What units hold.

use serde::Deserialize;
use serde_json::Value;

#[cfg(doc)]
use super::FromWorker;
use super::field::{Place, or_default};

/// See [`FromWorker::Collected`].
#[derive(Clone, Debug, Deserialize)]
pub struct Collected {
    /// The unit's number.
    pub unit: u32,
    /// The index of the first of `tests`.
    #[serde(default, deserialize_with = "or_default")]
    pub first: u32,
    /// Descriptions; `None` where the engine knows them.
    pub tests: Option<Vec<TestDescription>>,
    /// Whether more messages about this unit follow.
    #[serde(default, deserialize_with = "or_default")]
    pub more: bool,
    /// Equal for equal tests in equal order.
    #[serde(default, deserialize_with = "or_default")]
    pub digest: String,
    /// How many tests there are.
    #[serde(default, deserialize_with = "or_default")]
    pub count: u32,
    /// How many the framework has left out.
    #[serde(default, deserialize_with = "or_default")]
    pub deselected: u64,
}

/// A test as its worker describes it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TestDescription {
    /// Exactly as the framework prints it.
    pub id: String,
    /// Where it is defined, if not in the unit's file.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// Tests of one key run in one worker, in order.
    pub group: Option<Binding>,
    /// Names of its markers.
    #[serde(default, deserialize_with = "or_default")]
    pub markers: Vec<String>,
    /// What its own marker says.
    pub paceline: Option<Settings>,
}

/// The key of tests that have to stay together.
pub type Binding = String;

/// How a test says that it wants to be scheduled.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Settings {
    /// Resources, as in the configuration: a list of names, or amounts by name.
    pub needs: Option<Value>,
    /// Names that need no declaration: tests with one in common do not run at the same time.
    #[serde(default, deserialize_with = "or_default")]
    pub conflicts: Vec<String>,
    /// Whether nothing runs beside it.
    #[serde(default, deserialize_with = "or_default")]
    pub serial: bool,
    /// Whether it runs when all tests of the suite that are not late have run.
    #[serde(default, deserialize_with = "or_default")]
    pub late: bool,
    /// Slots it takes.
    pub weight: Option<u32>,
    /// How long it may take: seconds, or text as in the configuration.
    pub timeout: Option<Value>,
    /// How many more attempts a failure gets.
    pub retries: Option<u32>,
    /// `worker`, `file` or `test`.
    pub isolation: Option<String>,
}

/// See [`FromWorker::CollectError`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CollectError {
    /// The unit's number; `None` for what is no unit.
    pub unit: Option<u32>,
    /// As the framework names it.
    pub id: Option<String>,
    /// As the framework prints it.
    pub text: Option<String>,
    /// One or a few lines.
    pub message: Option<String>,
    /// Where it happened.
    pub location: Option<Place>,
    /// Captured output.
    #[serde(default, deserialize_with = "or_default")]
    pub sections: Vec<(String, String)>,
}

/// See [`FromWorker::CollectSkipped`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CollectSkipped {
    /// The unit's number; `None` for what is no unit.
    pub unit: Option<u32>,
    /// As the framework names it.
    pub id: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where it says so.
    pub location: Option<Place>,
}
