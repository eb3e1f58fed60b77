//! What can stand in a report. The doc comments here are those of its schema.

use std::sync::Arc;

use jiff::Timestamp;
use paceline_engine::event::{LeakedProcess, NotRun, Warning};
use paceline_engine::limit::Limit;
use paceline_engine::outcome::{Counts, Exit, Outcome};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

/// The version of the report format. It grows when a key changes its meaning or goes away; new
/// keys do not change it.
pub const REPORT_SCHEMA_VERSION: u32 = 1;

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// [`REPORT_SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Whether the run has ended; a report with `false` was left by a run that still goes on or
    /// that was killed.
    pub complete: bool,
    /// When the run started, RFC 3339 in UTC.
    #[schemars(with = "String")]
    pub timestamp: Timestamp,
    /// Seconds of wall-clock time, so far where the run goes on.
    pub duration: f64,
    /// Names the run and its record under `.paceline/runs/`.
    pub run_id: String,
    /// The version of paceline.
    pub paceline_version: String,
    /// The directory of the configuration.
    pub root: String,
    /// Slots shared by all suites.
    pub jobs: u32,
    /// The suites of the plan, in plan order.
    pub suites: Vec<SuiteReport>,
    /// Suites by status.
    pub summary: Summary,
    /// Tests by outcome, so far where the run goes on. A command counts as one test.
    pub counts: Counts,
    /// The sum of all attempts' durations in seconds: an upper estimate of a sequential run, as
    /// durations grow beside others.
    pub sum_of_durations: f64,
    /// The proven lower bound for the measured work; null where nothing ran or the run goes on.
    pub limit: Option<Limit>,
    /// The limit divided by the wall-clock time, between 0 and 1.
    pub efficiency: Option<f64>,
    /// The name of the signal that ended the run early.
    pub interrupted: Option<String>,
    /// What went wrong beside the tests.
    pub warnings: Vec<Warning>,
}

/// A suite.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SuiteReport {
    /// Unique in the run.
    pub name: Arc<str>,
    /// A line for people.
    pub description: Option<String>,
    /// What `--categories` selects by.
    pub category: Option<String>,
    /// How it stands, in few words; `outcome` has more.
    pub status: Status,
    /// When its first attempt started, in seconds since 1970 (UTC).
    pub start_time: Option<f64>,
    /// When its last attempt ended, in seconds since 1970 (UTC).
    pub end_time: Option<f64>,
    /// Seconds from the start of its first attempt to the end of its last.
    pub duration: Option<f64>,
    /// The exit code of its last attempt; -N where signal N ended it, -1 where it timed out.
    pub return_code: Option<i32>,
    /// Why it did not pass, in words.
    pub error_message: Option<String>,
    /// Its log, relative to the root where it is below it; null where it was never started.
    pub log_file: Option<String>,
    /// How it ended; null until then.
    pub outcome: Option<Outcome>,
    /// Whether it passed after a failed attempt.
    pub flaky: bool,
    /// Whether it failed and leaves the run green.
    pub allowed: bool,
    /// Why it was not run.
    pub not_run: Option<NotRun>,
    /// Its tests by outcome.
    pub counts: Counts,
    /// Its attempts, where it is a command.
    pub attempts: Vec<AttemptReport>,
    /// Its tests in plan order, where a framework runs them.
    pub tests: Vec<Arc<TestReport>>,
    /// CPU seconds in user mode, of all attempts.
    pub cpu_user_seconds: f64,
    /// CPU seconds in the kernel, of all attempts.
    pub cpu_system_seconds: f64,
    /// Peak resident memory of its largest process, in bytes.
    pub peak_memory_bytes: u64,
    /// Processes that it left running; paceline stopped them.
    pub leaked: Vec<LeakedProcess>,
    /// `command`, or the framework that runs its tests.
    pub framework: String,
    /// The command as a user would type it.
    pub command: String,
    /// Where it runs, relative to the root.
    pub dir: String,
    /// Names of the suites that must pass before.
    pub depends_on: Vec<Arc<str>>,
    /// The group in which one suite runs at a time.
    pub group: Option<Arc<str>>,
    /// What it needs: `postgres`, `ports = 2`.
    pub needs: Vec<String>,
    /// The slot of its last attempt, from 0.
    pub slot: Option<u32>,
    /// The suite that pulled it in by depending on it, where it was not selected itself.
    pub pulled_in_by: Option<Arc<str>>,
}

/// One execution of a suite's command.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttemptReport {
    /// Counted from 1.
    pub attempt: u32,
    /// The attempt's own outcome.
    pub outcome: Outcome,
    /// How its process ended; null where it never started.
    pub exit: Option<Exit>,
    /// Why it did not pass, in words.
    pub message: Option<String>,
    /// When it started, in seconds since 1970 (UTC).
    pub start_time: f64,
    /// Seconds it took.
    pub duration: f64,
    /// CPU seconds in user mode.
    pub cpu_user_seconds: f64,
    /// CPU seconds in the kernel.
    pub cpu_system_seconds: f64,
    /// Peak resident memory of its largest process, in bytes.
    pub peak_memory_bytes: u64,
    /// Bytes it printed.
    pub output_bytes: u64,
}

/// A test that a framework runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TestReport {
    /// Unique in the run, unless the framework has an id twice: `SUITE::NATIVE-ID`.
    pub id: Arc<str>,
    /// The id as the framework prints it.
    pub native_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it passed after a failed attempt.
    pub flaky: bool,
    /// Seconds that its last attempt took.
    pub duration: f64,
    /// Seconds of set-up, call and tear-down of its last attempt.
    pub phases: Option<[f64; 3]>,
    /// The file that it is in, relative to the suite's root.
    pub file: Option<String>,
    /// The line in that file, from 1.
    pub line: Option<u32>,
    /// Why it did not pass, in words.
    pub message: Option<String>,
    /// The number of the worker that ran its last attempt.
    pub worker: Option<u32>,
    /// Its attempts, where there was more than one.
    pub attempts: Vec<TestAttempt>,
    /// The framework's own word for the outcome, where it has finer ones (`risky`, `incomplete`).
    pub native_outcome: Option<String>,
    /// How many assertions it made, where its framework counts them.
    pub assertions: Option<u64>,
    /// Its markers, by name.
    pub markers: Vec<String>,
    /// Properties that it has recorded, as names and values.
    pub properties: Vec<(String, String)>,
}

/// One execution of a test.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TestAttempt {
    /// Counted from 1.
    pub attempt: u32,
    /// The attempt's own outcome.
    pub outcome: Outcome,
    /// Why it did not pass, in words.
    pub message: Option<String>,
    /// Seconds it took.
    pub duration: f64,
}

/// How a suite stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It has not started.
    Pending,
    /// It runs.
    Running,
    /// It passed; also expected failures and unexpected passes.
    Passed,
    /// It failed, could not be run, timed out or crashed.
    Failed,
    /// It was skipped, or not run.
    Skipped,
}

/// Suites by status. At the end of a run `passed + failed + skipped` is `total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// All suites of the plan.
    pub total: u64,
    /// Suites that passed.
    pub passed: u64,
    /// Suites that failed in any way, allowed failures among them.
    pub failed: u64,
    /// Suites that were skipped or not run.
    pub skipped: u64,
}

/// The JSON Schema of a report.
pub fn json_schema() -> Schema {
    let mut schema = schemars::schema_for!(Report);
    schema.insert("title".to_owned(), "The report of a paceline run".into());
    schema
}
