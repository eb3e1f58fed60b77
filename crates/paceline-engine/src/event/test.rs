//! Events of tests, and what frameworks tell of them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::EventKind;
use super::attempt::AttemptResult;
use super::not_run::NotRun;
use crate::outcome::Outcome;

/// See [`EventKind::TestFinished`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TestFinished {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The test's id.
    pub test: Arc<str>,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it passed after a failed attempt.
    pub flaky: bool,
    /// Why it did not pass, in words.
    pub message: Option<String>,
    /// For a test that was not run: why.
    pub not_run: Option<NotRun>,
    /// All its attempts, in order; empty where it was never started.
    pub attempts: Vec<AttemptResult>,
    /// Its place in plan order within its suite: of its unit, and within that. Both 0 for a command.
    pub position: [u32; 2],
    /// What its framework tells of it; `None` for a command.
    pub details: Option<Box<TestDetails>>,
}

/// What a framework tells of a test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TestDetails {
    /// The id as the framework prints it.
    pub native_id: String,
    /// The unit that it belongs to: a file, as the framework names it.
    pub unit: Arc<str>,
    /// The file that it is in, relative to the suite's root.
    pub file: Option<String>,
    /// The line in that file, from 1.
    pub line: Option<u32>,
    /// The number of the worker that ran its last attempt.
    pub worker: Option<u32>,
    /// Seconds of set-up, call and tear-down of its last attempt.
    pub phases: Option<[f64; 3]>,
    /// Its markers, by name.
    pub markers: Vec<String>,
    /// The framework's own word for the outcome, where it has finer ones (`risky`, `incomplete`).
    pub native_outcome: Option<String>,
    /// How many assertions it made, where its framework counts them.
    pub assertions: Option<u64>,
    /// What did not simply pass, in the order in which it happened.
    pub problems: Vec<Problem>,
    /// What it printed and logged, as titles and texts.
    pub sections: Vec<(String, String)>,
    /// Properties that it has recorded, as names and values.
    pub properties: Vec<(String, String)>,
    /// Tests within it that did not simply pass, and those that passed, where they are told.
    pub subtests: Vec<Subtest>,
    /// How many tests within it passed without being listed.
    pub subtests_passed: u64,
    /// The framework's own command that runs it again.
    pub rerun: Option<String>,
}

/// Something about a test that did not simply pass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// `setup`, `call` or `teardown`.
    pub phase: String,
    /// The outcome of that phase, in the words of the worker protocol.
    pub outcome: String,
    /// What the framework calls its kind, such as the class of an exception.
    pub kind: Option<String>,
    /// The message in a line or a few.
    pub message: Option<String>,
    /// The reason of a skip or of an expected failure.
    pub reason: Option<String>,
    /// The full text, in the framework's own format.
    pub text: Option<String>,
    /// Where it happened: a file, and a line from 1 where it is known.
    pub location: Option<(String, Option<u32>)>,
}

/// A test within a test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Subtest {
    /// What tells it from the others.
    pub name: String,
    /// Its outcome, in the words of the worker protocol.
    pub outcome: String,
    /// Seconds.
    pub duration: f64,
    /// The message in a line or a few.
    pub message: Option<String>,
    /// The full text, in the framework's own format.
    pub text: Option<String>,
}

/// See [`EventKind::TestWarning`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TestWarning {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The native id of the test that it is about, where it is about one.
    pub test: Option<String>,
    /// Its category, such as `DeprecationWarning`.
    pub category: String,
    /// What it says.
    pub message: String,
    /// Where it arose: a file, and a line from 1 where it is known.
    pub location: Option<(String, Option<u32>)>,
    /// The full text, in the framework's own format.
    pub text: Option<String>,
}
