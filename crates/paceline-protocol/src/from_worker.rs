//! Messages of hosts and workers.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use thiserror::Error;

/// A message from a host or worker to the engine.
#[derive(Clone, Debug)]
pub enum FromWorker {
    /// The first message.
    Hello(Box<Hello>),
    /// Host: units in plan order.
    Discovered(Discovered),
    /// Host: all units are told, and workers can be forked.
    Ready(Box<Ready>),
    /// Host: a worker has been forked.
    Forked(Forked),
    /// Host: a worker could not be forked.
    ForkFailed {
        /// Its number.
        worker: u32,
        /// Why.
        reason: String,
    },
    /// Host: a forked worker has ended.
    Exited(Exited),
    /// Worker: it begins with a unit.
    UnitStarted {
        /// The unit's number.
        unit: u32,
    },
    /// Worker: what a unit holds.
    Collected(Collected),
    /// A file could not be collected.
    CollectError(Box<CollectError>),
    /// A file says that it is to be skipped.
    CollectSkipped(CollectSkipped),
    /// A test begins.
    TestStarted(TestStarted),
    /// A test has ended.
    TestFinished(Box<TestFinished>),
    /// All that was asked of a unit is done.
    UnitFinished {
        /// The unit's number.
        unit: u32,
    },
    /// The last test of what was sent is about to be torn down.
    NeedNext {
        /// The unit's number.
        unit: u32,
    },
    /// Answers `take_back`.
    TakenBack(TakenBack),
    /// The whole run is to end.
    Stopping(Stopping),
    /// The framework warns of something.
    Warning(Box<WarningMessage>),
    /// Something went wrong beside the tests.
    Error(WorkerError),
    /// There is more in the process's journal.
    Journal(JournalGrown),
    /// The last message.
    Goodbye(Goodbye),
}

/// Why a line is no message.
#[derive(Debug, Error)]
pub enum InvalidMessage {
    /// No JSON object with a `kind`.
    #[error("a line that is no message: {0}")]
    NoMessage(serde_json::Error),
    /// A kind that this version does not know.
    #[error("a message of the unknown kind `{0}`")]
    UnknownKind(String),
    /// Fields are missing or of the wrong type.
    #[error("a malformed `{kind}` message: {source}")]
    Malformed {
        /// The message's kind.
        kind: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl FromWorker {
    /// Reads a message from a line.
    pub fn parse(line: &str) -> Result<Self, InvalidMessage> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(borrow)]
            kind: std::borrow::Cow<'a, str>,
        }
        #[derive(Deserialize)]
        struct UnitOnly {
            unit: u32,
        }
        #[derive(Deserialize)]
        struct ForkFailed {
            worker: u32,
            #[serde(default)]
            reason: String,
        }
        fn read<'a, T: Deserialize<'a>>(
            kind: &'static str,
            line: &'a str,
        ) -> Result<T, InvalidMessage> {
            serde_json::from_str(line).map_err(|source| InvalidMessage::Malformed { kind, source })
        }
        let Kind { kind } = serde_json::from_str(line).map_err(InvalidMessage::NoMessage)?;
        let unit = |kind| read(kind, line).map(|UnitOnly { unit }| unit);
        Ok(match kind.as_ref() {
            "hello" => Self::Hello(read("hello", line)?),
            "discovered" => Self::Discovered(read("discovered", line)?),
            "ready" => Self::Ready(read("ready", line)?),
            "forked" => Self::Forked(read("forked", line)?),
            "fork_failed" => {
                let ForkFailed { worker, reason } = read("fork_failed", line)?;
                Self::ForkFailed { worker, reason }
            }
            "exited" => Self::Exited(read("exited", line)?),
            "unit_started" => Self::UnitStarted {
                unit: unit("unit_started")?,
            },
            "collected" => Self::Collected(read("collected", line)?),
            "collect_error" => Self::CollectError(read("collect_error", line)?),
            "collect_skipped" => Self::CollectSkipped(read("collect_skipped", line)?),
            "test_started" => Self::TestStarted(read("test_started", line)?),
            "test_finished" => Self::TestFinished(read("test_finished", line)?),
            "unit_finished" => Self::UnitFinished {
                unit: unit("unit_finished")?,
            },
            "need_next" => Self::NeedNext {
                unit: unit("need_next")?,
            },
            "taken_back" => Self::TakenBack(read("taken_back", line)?),
            "stopping" => Self::Stopping(read("stopping", line)?),
            "warning" => Self::Warning(read("warning", line)?),
            "error" => Self::Error(read("error", line)?),
            "journal" => Self::Journal(read("journal", line)?),
            "goodbye" => Self::Goodbye(read("goodbye", line)?),
            other => return Err(InvalidMessage::UnknownKind(other.to_owned())),
        })
    }
}

/// A field that may be missing or `null`, both of which mean its default.
fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Boots once, lists units, may fork workers.
    Host,
    /// Runs units.
    Worker,
}

/// See [`FromWorker::Hello`].
#[derive(Clone, Debug, Deserialize)]
pub struct Hello {
    /// The version that the process speaks.
    pub protocol: u32,
    /// The secret that it was given.
    pub token: String,
    /// What it is.
    pub role: Role,
    /// A worker's number.
    pub worker: Option<u32>,
    /// Its process id.
    pub pid: i32,
    /// What it drives.
    #[serde(default)]
    pub framework: FrameworkVersion,
    /// What it is written in.
    #[serde(default)]
    pub language: LanguageVersion,
    /// How to get the stacks of its threads.
    pub stacks: Option<Stacks>,
    /// Where what the running test prints is kept.
    pub captured: Option<Captured>,
    /// The file to which it writes its messages from now on.
    pub journal: Option<String>,
}

/// See [`FromWorker::Journal`].
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct JournalGrown {
    /// Whether the process goes on in the next file.
    #[serde(default, deserialize_with = "or_default")]
    pub next: bool,
}

/// A framework and its version.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FrameworkVersion {
    /// `pytest`, …
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// `None` where it is missing.
    pub version: Option<String>,
}

/// A language and its version.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LanguageVersion {
    /// `python`, …
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its version.
    #[serde(default, deserialize_with = "or_default")]
    pub version: String,
}

/// How to get the stacks of a process.
#[derive(Clone, Debug, Deserialize)]
pub struct Stacks {
    /// The signal to send.
    pub signal: i32,
    /// The file that they are appended to.
    pub file: String,
}

/// Files with what the running test has printed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Captured {
    /// Its standard output.
    pub stdout: Option<String>,
    /// Its standard error.
    pub stderr: Option<String>,
}

/// See [`FromWorker::Discovered`].
#[derive(Clone, Debug, Deserialize)]
pub struct Discovered {
    /// Units that follow those told before.
    pub units: Vec<UnitDescription>,
    /// Whether these are the last.
    pub complete: bool,
}

/// A unit as its host describes it.
#[derive(Clone, Debug, Deserialize)]
pub struct UnitDescription {
    /// Its number, counted from 0 without gaps.
    pub unit: u32,
    /// Finds it again in another process or run.
    pub key: String,
    /// Its file.
    pub path: String,
}

/// See [`FromWorker::Ready`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Ready {
    /// Whether the host can fork workers.
    #[serde(default)]
    pub can_fork: bool,
    /// Why it cannot.
    pub why_not: Option<String>,
    /// `files` or `whole`.
    #[serde(default, deserialize_with = "or_default")]
    pub collect: String,
    /// Why `whole`.
    pub collect_because: Option<String>,
    /// The framework's root directory.
    pub rootdir: Option<String>,
    /// The number of failures that the framework is configured to stop after; 0 for none.
    #[serde(default, deserialize_with = "or_default")]
    pub maxfail: u32,
    /// Whether tests that run when that number is reached are terminated; else they end.
    #[serde(default, deserialize_with = "or_default")]
    pub halts: bool,
    /// Whether `run` is to name the tests that have ended their process.
    #[serde(default, deserialize_with = "or_default")]
    pub wants_crashed: bool,
    /// For the `welcome` of spawned workers.
    pub worker_input: Option<Value>,
    /// How spawned workers are started, if not as the host was.
    pub worker_launch: Option<WorkerLaunch>,
}

/// See [`Ready::worker_launch`].
#[derive(Clone, Debug, Deserialize)]
pub struct WorkerLaunch {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The directory to start it in; without it, the host's.
    pub dir: Option<String>,
    /// Environment variables to set on top of those that the host was started with.
    #[serde(default, deserialize_with = "or_default")]
    pub env: BTreeMap<String, String>,
}

/// See [`FromWorker::Forked`].
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Forked {
    /// The worker's number.
    pub worker: u32,
    /// Its process id.
    pub pid: i32,
}

/// See [`FromWorker::Exited`].
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Exited {
    /// The worker's number.
    pub worker: u32,
    /// Its process id.
    pub pid: i32,
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

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
    /// Slots it takes.
    pub weight: Option<u32>,
    /// How long it may take: seconds, or text as in the configuration.
    pub timeout: Option<Value>,
    /// How many more attempts a failure gets.
    pub retries: Option<u32>,
    /// `worker`, `file` or `test`.
    pub isolation: Option<String>,
}

/// A file, and a line from 1 where it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line.
    pub line: Option<u32>,
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

/// See [`FromWorker::TestStarted`].
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct TestStarted {
    /// The unit's number.
    pub unit: u32,
    /// The test's index.
    pub test: u32,
    /// The process that runs it, where that is not the worker.
    pub pid: Option<i32>,
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

/// How a process ended.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct ExitMessage {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
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

/// See [`FromWorker::Stopping`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Stopping {
    /// Why.
    #[serde(default, deserialize_with = "or_default")]
    pub reason: String,
}

/// See [`FromWorker::Warning`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WarningMessage {
    /// Its category.
    #[serde(default, deserialize_with = "or_default")]
    pub category: String,
    /// What it says.
    #[serde(default, deserialize_with = "or_default")]
    pub message: String,
    /// As the framework prints it.
    pub text: Option<String>,
    /// Where it arose.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The test or file it is about.
    pub id: Option<String>,
}

/// See [`FromWorker::Error`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WorkerError {
    /// Whether the process ends because of it.
    #[serde(default, deserialize_with = "or_default")]
    pub fatal: bool,
    /// What went wrong.
    #[serde(default, deserialize_with = "or_default")]
    pub text: String,
    /// The unit it is about.
    pub unit: Option<u32>,
    /// The framework's exit status, where it ended before anything ran.
    pub exit_status: Option<i32>,
}

/// See [`FromWorker::Goodbye`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Goodbye {
    /// The framework's exit status.
    #[serde(default, deserialize_with = "or_default")]
    pub exit_status: i32,
    /// Text for the end of the output.
    pub summary: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_needs_few_fields() {
        let line = r#"{"kind":"test_finished","unit":3,"test":1,"outcome":"passed","durations":[0.1,0.2,0.3]}"#;
        let Ok(FromWorker::TestFinished(test)) = FromWorker::parse(line) else {
            panic!("not a test_finished");
        };
        assert_eq!(
            (test.unit, test.test, test.outcome),
            (3, 1, TestOutcome::Passed)
        );
        assert!(
            test.durations
                .iter()
                .zip([0.1, 0.2, 0.3])
                .all(|(a, b)| (a - b).abs() < 1e-9)
        );
    }

    #[test]
    fn null_is_as_good_as_missing_and_unknown_fields_are_ignored() {
        let line = r#"{"kind":"collected","unit":0,"tests":null,"more":null,"digest":"x","count":2,"new":1}"#;
        assert!(matches!(
            FromWorker::parse(line),
            Ok(FromWorker::Collected(_))
        ));
    }

    #[test]
    fn what_is_no_message_is_refused_with_what_is_wrong() {
        let error = |line: &str| FromWorker::parse(line).unwrap_err().to_string();
        assert_eq!(
            error(r#"{"kind":"dance"}"#),
            "a message of the unknown kind `dance`"
        );
        assert!(
            error("[]").starts_with("a line that is no message"),
            "{}",
            error("[]")
        );
        let malformed = error(r#"{"kind":"test_started","unit":"x","test":0}"#);
        assert!(
            malformed.starts_with("a malformed `test_started` message"),
            "{malformed}"
        );
        let outcome = error(r#"{"kind":"test_finished","unit":0,"test":0,"outcome":"green"}"#);
        assert!(outcome.contains("green"), "{outcome}");
    }
}
