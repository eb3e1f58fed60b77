//! How tests begin and end.

use serde::Deserialize;
use serde_json::Value;

#[cfg(doc)]
use super::FromWorker;
use super::field::{Place, or_default};

/// See [`FromWorker::TestStarted`].
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct TestStarted {
    /// The unit's number.
    pub unit: u32,
    /// The test's index.
    pub test: u32,
    /// The process that runs it, where that is not the worker.
    pub pid: Option<i32>,
    /// How long the worker's log was before that process ran it, in bytes.
    pub log: Option<u64>,
}

/// How a test can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// It held.
    Passed,
    /// It did not.
    Failed,
    /// Its set-up or tear-down did not work.
    Errored,
    /// It was not to be run.
    Skipped,
    /// It failed, as expected.
    Xfailed,
    /// It passed against expectation.
    Xpassed,
    /// The process that isolated it died.
    Crashed,
}

/// See [`FromWorker::TestFinished`].
#[derive(Clone, Debug, Deserialize)]
pub struct TestFinished {
    /// The unit's number.
    pub unit: u32,
    /// The test's index.
    pub test: u32,
    /// How it ended.
    pub outcome: TestOutcome,
    /// Seconds of set-up, call and tear-down.
    #[serde(default, deserialize_with = "or_default")]
    pub durations: [f64; 3],
    /// What did not simply pass.
    #[serde(default, deserialize_with = "or_default")]
    pub problems: Vec<ProblemMessage>,
    /// Captured output.
    #[serde(default, deserialize_with = "or_default")]
    pub sections: Vec<(String, String)>,
    /// Recorded properties.
    #[serde(default, deserialize_with = "or_default")]
    pub user_properties: Vec<(String, Value)>,
    /// The reason of an expected failure.
    pub wasxfail: Option<String>,
    /// How many assertions the test made, where the framework counts them.
    pub assertions: Option<u64>,
    /// The framework's own word for the outcome, where it has finer ones.
    pub native: Option<String>,
    /// Tests within the test.
    #[serde(default, deserialize_with = "or_default")]
    pub subtests: Vec<SubtestMessage>,
    /// How many of those passed.
    #[serde(default, deserialize_with = "or_default")]
    pub subtests_passed: u64,
    /// With `crashed`: how the process ended.
    pub exit: Option<ExitMessage>,
}

/// Something that did not simply pass.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ProblemMessage {
    /// `setup`, `call` or `teardown`.
    #[serde(default, deserialize_with = "or_default")]
    pub phase: String,
    /// The outcome of that phase.
    #[serde(default, deserialize_with = "or_default")]
    pub outcome: String,
    /// The class of an exception, or what else the framework calls its kind.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// One or a few lines.
    pub message: Option<String>,
    /// As the framework prints it.
    pub text: Option<String>,
    /// Why it was skipped.
    pub reason: Option<String>,
    /// Where it happened.
    pub location: Option<Place>,
}

/// A test within a test.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SubtestMessage {
    /// What tells it from the others.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its outcome.
    #[serde(default, deserialize_with = "or_default")]
    pub outcome: String,
    /// Seconds.
    #[serde(default, deserialize_with = "or_default")]
    pub duration: f64,
    /// One or a few lines.
    pub message: Option<String>,
    /// As the framework prints it.
    pub text: Option<String>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct ExitMessage {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// See [`FromWorker::TakenBack`].
#[derive(Clone, Debug, Deserialize)]
pub struct TakenBack {
    /// The unit's number.
    pub unit: u32,
    /// Whether anything is given back.
    pub ok: bool,
    /// The tests of the running unit that will not run there.
    pub tests: Option<Vec<u32>>,
}
