//! What happens in a run, as the reporters see it. Nothing else reaches them.
//!
//! Events come in the order in which things happened. `docs/events.md` documents their NDJSON form,
//! which is what serde makes of [`Event`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limit::Limit;
use crate::outcome::{Counts, Exit, Outcome};

/// The version of the event format. It grows when a field changes its meaning or goes away; new
/// fields and kinds do not change it.
pub const EVENT_FORMAT_VERSION: u32 = 1;

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// [`EVENT_FORMAT_VERSION`].
    pub v: u32,
    /// Counts the events of a run from 0.
    pub seq: u64,
    /// Seconds since the run started.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub at: Duration,
    /// What it was.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EventKind {
    /// The first event of a run.
    RunStarted(RunStarted),
    /// The first attempt of a suite is about to start.
    SuiteStarted(SuiteStarted),
    /// An attempt has started.
    AttemptStarted(AttemptStarted),
    /// An attempt has printed something. Sent only where a reporter asked for output.
    Output(Output),
    /// An attempt has ended.
    AttemptFinished(AttemptFinished),
    /// A unit of a suite has been collected: what it holds is known.
    UnitCollected(UnitCollected),
    /// A test has its outcome; after its last attempt.
    TestFinished(TestFinished),
    /// A unit's turn has come: all its tests, and all units before it in plan order, have ended.
    UnitReported(UnitReported),
    /// A framework has warned of something.
    TestWarning(TestWarning),
    /// Something that a reader of the results should know of a suite.
    SuiteNote(SuiteNote),
    /// All tests of a suite have their outcomes.
    SuiteFinished(SuiteFinished),
    /// A finished suite's turn has come: all suites before it in plan order have been reported.
    SuiteReported(SuiteReported),
    /// From here on nothing new starts.
    Stopping(Stopping),
    /// Something went wrong beside the tests.
    Warning(Warning),
    /// The last event of a run.
    RunFinished(RunFinished),
}

/// See [`EventKind::RunStarted`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunStarted {
    /// Names the run and its record under `.paceline/runs/`.
    pub run: String,
    /// The version of paceline.
    pub version: String,
    /// When the run started.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// The directory of the configuration.
    pub root: String,
    /// Slots shared by all suites.
    pub jobs: u32,
    /// All suites of the plan, in plan order.
    pub suites: Vec<SuiteInfo>,
}

/// What is known of a suite before it runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SuiteInfo {
    /// Unique in the run.
    pub name: Arc<str>,
    /// `command`, or the framework that runs its tests.
    pub framework: String,
    /// A line for people.
    pub description: Option<String>,
    /// What `--categories` selects by.
    pub category: Option<String>,
    /// The command as a user would type it.
    pub command: String,
    /// Where it runs, relative to the root; `.` for the root itself.
    pub dir: String,
    /// Names of the suites that must pass before.
    pub depends_on: Vec<Arc<str>>,
    /// The group in which one suite runs at a time.
    pub group: Option<Arc<str>>,
    /// What it needs, as in the configuration: `postgres`, `ports = 2`, `postgres = shared`.
    pub needs: Vec<String>,
    /// Slots it takes.
    pub weight: u32,
    /// Whether nothing runs beside it.
    pub serial: bool,
    /// Whether its failure leaves the run green.
    pub allow_failure: bool,
    /// How many more attempts a failure gets.
    pub retries: u32,
    /// Seconds an attempt may take.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub timeout: Duration,
    /// The suite that pulled it in by depending on it, where it was not selected itself.
    pub pulled_in_by: Option<Arc<str>>,
    /// Seconds it is expected to take, from history.
    #[serde(with = "optional_seconds")]
    #[schemars(with = "Option<f64>")]
    pub expected: Option<Duration>,
    /// Its log, relative to the root where it is below it.
    pub log: Option<String>,
}

/// See [`EventKind::SuiteStarted`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SuiteStarted {
    /// The suite's name.
    pub suite: Arc<str>,
}

/// See [`EventKind::AttemptStarted`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttemptStarted {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The test's id: `SUITE::NATIVE-ID`, or the suite's name for a command.
    pub test: Arc<str>,
    /// Counted from 1.
    pub attempt: u32,
    /// The smallest free slot number when it started, from 0.
    pub slot: u32,
    /// The process, where it could be started.
    pub pid: Option<u32>,
}

/// See [`EventKind::Output`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The attempt that printed it, from 1.
    pub attempt: u32,
    /// What was printed: whole lines, but for the last piece of an attempt and for lines longer
    /// than 64 KiB, which come in pieces. Bytes that are not UTF-8 are replaced by U+FFFD here; the
    /// log has them as they were.
    #[serde(with = "lossy_text")]
    #[schemars(with = "String")]
    pub text: Vec<u8>,
}

/// See [`EventKind::AttemptFinished`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttemptFinished {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The test's id.
    pub test: Arc<str>,
    /// How it went.
    #[serde(flatten)]
    pub result: AttemptResult,
    /// Whether another attempt follows.
    pub retrying: bool,
}

/// How one attempt went.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttemptResult {
    /// Counted from 1.
    pub attempt: u32,
    /// The attempt's own outcome.
    pub outcome: Outcome,
    /// How its process ended; `None` where it never started.
    pub exit: Option<Exit>,
    /// Why, in words, unless it passed: `exit code 3`, `timed out after 5s`, `stopped by Ctrl-C`.
    pub message: Option<String>,
    /// Seconds from the start of the run to its start.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub started_at: Duration,
    /// Seconds it took.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub duration: Duration,
    /// What it used.
    pub usage: Usage,
    /// Bytes it printed.
    pub output_bytes: u64,
    /// The end of its output, at most 16 KiB, unless it passed.
    #[serde(with = "lossy_text")]
    #[schemars(with = "String")]
    pub tail: Vec<u8>,
    /// Processes that it left running; paceline stopped them.
    pub leaked: Vec<LeakedProcess>,
}

/// Resources that a process and the descendants it waited for have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// CPU seconds in user mode.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub user: Duration,
    /// CPU seconds in the kernel.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub system: Duration,
    /// Peak resident memory of the largest process, in bytes.
    pub peak_memory: u64,
}

impl Usage {
    /// User and system time together.
    pub fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

/// A process that outlived its suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeakedProcess {
    /// Its id.
    pub pid: u32,
    /// Its command line, shortened, or its name where the command line cannot be read.
    pub command: String,
}

impl fmt::Display for LeakedProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.command, self.pid)
    }
}

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

/// See [`EventKind::UnitCollected`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UnitCollected {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The unit, as the framework names it.
    pub unit: Arc<str>,
    /// How many tests it holds.
    pub tests: u64,
    /// How many more there are that the selection leaves out.
    pub deselected: u64,
    /// How many units of the suite have not been collected yet, where that is known.
    pub uncollected: Option<u64>,
}

/// See [`EventKind::UnitReported`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UnitReported {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The unit, as the framework names it.
    pub unit: Arc<str>,
    /// What tells it from others of its name, where there are any: several classes in one file.
    pub part: Option<Arc<str>>,
    /// Its tests by outcome.
    pub counts: Counts,
    /// Seconds: its tests' durations, added up.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub duration: Duration,
}

/// See [`EventKind::SuiteNote`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SuiteNote {
    /// The suite's name.
    pub suite: Arc<str>,
    /// What it is about.
    pub about: NoteKind,
    /// What there is to know.
    pub text: String,
}

/// What a [`SuiteNote`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// How the suite is run, where that is not the usual way.
    Mode,
    /// Text that the framework's plugins want at the end of the output, such as a coverage report.
    Summary,
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

/// Why a test was not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "because", rename_all = "kebab-case")]
pub enum NotRun {
    /// What it depends on did not pass.
    Dependency {
        /// From its own dependency down to the suite that did not pass by itself.
        chain: Vec<FailedDependency>,
    },
    /// As many tests had failed as the run allows.
    MaxFail {
        /// The failure that reached the limit.
        after: Arc<str>,
    },
    /// Its suite ended early.
    SuiteEnded {
        /// Why.
        reason: String,
    },
    /// The run was interrupted.
    Interrupted {
        /// The signal's name.
        signal: String,
    },
}

/// A link in the chain of reasons of a test that was not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedDependency {
    /// The suite's name.
    pub suite: Arc<str>,
    /// How it ended.
    pub outcome: Outcome,
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dependency { chain } => {
                for (i, link) in chain.iter().enumerate() {
                    let joint = if i == 0 { "needs " } else { ", which needs " };
                    write!(f, "{joint}{}", link.suite)?;
                }
                match chain.last() {
                    Some(last) => write!(f, ", which {}", Was(last.outcome)),
                    None => f.write_str("a dependency did not pass"),
                }
            }
            Self::MaxFail { after } => write!(f, "the run stopped after {after} failed"),
            Self::SuiteEnded { reason } => f.write_str(reason),
            Self::Interrupted { signal } => write!(f, "interrupted by {signal}"),
        }
    }
}

/// An outcome as the end of a sentence: `failed`, `was skipped`.
struct Was(Outcome);

impl fmt::Display for Was {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Outcome::Skipped | Outcome::NotRun => write!(f, "was {}", self.0),
            outcome => write!(f, "{outcome}"),
        }
    }
}

/// See [`EventKind::SuiteFinished`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SuiteFinished {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The worst outcome of its tests.
    pub outcome: Outcome,
    /// Its tests by outcome.
    pub counts: Counts,
    /// Seconds from the start of its first attempt to the end of its last.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub duration: Duration,
    /// What all its attempts used together; the peak is the largest.
    pub usage: Usage,
}

/// See [`EventKind::SuiteReported`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SuiteReported {
    /// The suite's name.
    pub suite: Arc<str>,
}

/// See [`EventKind::Stopping`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Stopping {
    /// Why.
    pub reason: NotRun,
    /// Whether what runs is being stopped too.
    pub running_too: bool,
    /// How many attempts are running.
    pub running: u32,
    /// How many tests will not be started.
    pub queued: u64,
}

/// See [`EventKind::Warning`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// The suite it is about, where it is about one.
    pub suite: Option<Arc<str>>,
    /// What went wrong, and where.
    pub message: String,
    /// Whether something that was asked for could not be done, so that the run ends with exit code 3.
    pub fatal: bool,
}

/// See [`EventKind::RunFinished`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunFinished {
    /// All tests by outcome.
    pub counts: Counts,
    /// Suites by outcome.
    pub suites: Counts,
    /// Seconds of wall-clock time.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub wall: Duration,
    /// The sum of all attempts' durations in seconds: an upper estimate of a sequential run, as
    /// durations grow beside others.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub sum_of_durations: Duration,
    /// What all attempts used together.
    pub usage: Usage,
    /// The proven lower bound for the measured work; `None` where nothing ran.
    pub limit: Option<Limit>,
    /// The limit divided by the wall-clock time, between 0 and 1.
    pub efficiency: Option<f64>,
    /// The name of the signal that ended the run early.
    pub interrupted: Option<String>,
}

/// Durations as seconds with microseconds.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(super::rounded_seconds(*value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(from)?;
        Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
    }
}

mod optional_seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(super::rounded_seconds).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        Option::<f64>::deserialize(from)?
            .map(|seconds| Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom))
            .transpose()
    }
}

fn rounded_seconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e6
}

/// Bytes as text, with U+FFFD for what is not UTF-8.
mod lossy_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&String::from_utf8_lossy(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(from).map(String::into_bytes)
    }
}
