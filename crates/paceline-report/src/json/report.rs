//! `test-report.json`: the whole run in one JSON object, kept up to date while the run goes on.
//!
//! The keys `timestamp`, `duration`, `suites` (with `name` to `log_file`) and `summary` are those of
//! an established format and keep its meaning; everything else is an addition to it.
//! `docs/report-schema.md` explains the format.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use paceline_engine::event::{
    AttemptResult, Event, EventKind, LeakedProcess, NotRun, TestFinished, Warning,
};
use paceline_engine::limit::Limit;
use paceline_engine::outcome::{Counts, Exit, Outcome};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::model::{Keep, Model, Phase, SuiteState};
use crate::naming;
use crate::reporter::{ReportError, Reporter};

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

/// When a report is written first, in a run that takes longer.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// How long a report is left alone after it was written.
const SHORTEST_WAIT: Duration = Duration::from_secs(2);

/// Writes the report: soon after the run has started, then at most every two seconds, and at the end. Each time
/// the whole file is replaced at once, so that what is there is always valid.
pub struct JsonReport {
    path: PathBuf,
    model: Model,
    /// By suite the tests of frameworks, with their places.
    tests: Vec<Vec<([u32; 2], Arc<TestReport>)>>,
    sum_of_durations: Duration,
    written_at: Option<Duration>,
    wait: Duration,
    changed: bool,
    told: bool,
}

impl JsonReport {
    /// Writes to this file; directories above it are made.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            model: Model::new(Keep::Commands),
            tests: Vec::new(),
            sum_of_durations: Duration::ZERO,
            written_at: None,
            wait: SHORTEST_WAIT,
            changed: false,
            told: false,
        }
    }

    /// The report as it stands; `None` before the run has started.
    pub fn report(&self) -> Option<Report> {
        let model = &self.model;
        let run = model.run.as_ref()?;
        let finished = model.finished.as_ref();
        let suites = model.suites.iter().enumerate();
        let suites: Vec<SuiteReport> = suites
            .map(|(place, suite)| {
                let mut tests = self.tests.get(place).cloned().unwrap_or_default();
                tests.sort_by_key(|(position, _)| *position);
                let tests = tests.into_iter().map(|(_, test)| test).collect();
                suite_report(suite, tests, run.started)
            })
            .collect();
        let with = |status| suites.iter().filter(|suite| suite.status == status).count() as u64;
        let summary = Summary {
            total: suites.len() as u64,
            passed: with(Status::Passed),
            failed: with(Status::Failed),
            skipped: with(Status::Skipped),
        };
        Some(Report {
            schema_version: REPORT_SCHEMA_VERSION,
            complete: finished.is_some(),
            timestamp: run.started,
            duration: seconds(finished.map_or(model.at, |finished| finished.wall)),
            run_id: run.run.clone(),
            paceline_version: run.version.clone(),
            root: run.root.clone(),
            jobs: run.jobs,
            suites,
            summary,
            counts: finished.map_or(model.counts, |finished| finished.counts),
            sum_of_durations: seconds(
                finished.map_or(self.sum_of_durations, |finished| finished.sum_of_durations),
            ),
            limit: finished.and_then(|finished| finished.limit.clone()),
            efficiency: finished.and_then(|finished| finished.efficiency),
            interrupted: finished.and_then(|finished| finished.interrupted.clone()),
            warnings: model.warnings.clone(),
        })
    }

    /// Keeps what the report says of a test that a framework has run.
    fn test(&mut self, test: &TestFinished) {
        let Some(place) = self.model.place(&test.suite) else {
            return;
        };
        if self.model.suites[place].is_command() {
            return;
        }
        // The last attempt has no event of its own.
        let last = test.attempts.last().map(|last| last.duration);
        self.sum_of_durations += last.unwrap_or_default();
        if let Some(tests) = self.tests.get_mut(place) {
            tests.push((test.position, Arc::new(test_report(test))));
        }
    }

    fn write(&mut self) -> Result<(), ReportError> {
        let Some(report) = self.report() else {
            return Ok(());
        };
        let to = || crate::Destination::File(self.path.clone());
        let mut text = serde_json::to_vec_pretty(&report)
            .map_err(|error| ReportError::new(to(), error.into()))?;
        text.push(b'\n');
        self.written_at = Some(self.model.at);
        self.changed = false;
        // A large report is written less often, so that it stays cheap: 1 MB a second.
        self.wait = SHORTEST_WAIT.max(Duration::from_micros(text.len() as u64));
        atomic::write(&self.path, &text)
    }

    /// Writes while the run goes on. The first failure is told; the end tries again in any case.
    fn write_if_due(&mut self) -> Result<(), ReportError> {
        // Not at the very start: the first suites need the machine more.
        let due = self.written_at.map_or(FIRST_WAIT, |at| at + self.wait);
        let due = self.model.at >= due;
        if !(due && self.changed) || self.told {
            return Ok(());
        }
        self.write().inspect_err(|_| self.told = true)
    }
}

impl Reporter for JsonReport {
    fn event(&mut self, event: &Event) -> Result<(), ReportError> {
        self.model.event(event);
        match &event.kind {
            EventKind::RunStarted(_) => {
                self.tests.resize_with(self.model.suites.len(), Vec::new);
            }
            EventKind::AttemptFinished(finished) => {
                self.sum_of_durations += finished.result.duration;
            }
            EventKind::TestFinished(test) => self.test(test),
            _ => {}
        }
        self.changed |= !matches!(event.kind, EventKind::Output(_));
        self.write_if_due()
    }

    fn tick(&mut self, at: Duration) -> Result<(), ReportError> {
        self.model.tick(at);
        self.write_if_due()
    }

    fn finish(&mut self) -> Result<(), ReportError> {
        match self.write() {
            Err(_) if self.told => Ok(()),
            result => result,
        }
    }
}

fn test_report(test: &TestFinished) -> TestReport {
    let details = test.details.as_deref().cloned().unwrap_or_default();
    let attempt = |attempt: &AttemptResult| TestAttempt {
        attempt: attempt.attempt,
        outcome: attempt.outcome,
        message: attempt.message.clone(),
        duration: seconds(attempt.duration),
    };
    let attempts = test.attempts.iter().filter(|_| test.attempts.len() > 1);
    TestReport {
        id: test.test.clone(),
        native_id: naming::native_id(test).to_owned(),
        outcome: test.outcome,
        flaky: test.flaky,
        duration: test
            .attempts
            .last()
            .map_or(0.0, |last| seconds(last.duration)),
        phases: details.phases,
        file: details.file,
        line: details.line,
        message: test.message.clone(),
        worker: details.worker,
        attempts: attempts.map(attempt).collect(),
        native_outcome: details.native_outcome,
        assertions: details.assertions,
        markers: details.markers,
        properties: details.properties,
    }
}

/// In words why a suite did not pass whose tests a framework runs.
fn failures_in_words(suite: &SuiteState) -> Option<String> {
    let counts = suite.finished()?.counts;
    let failed = Outcome::ALL
        .into_iter()
        .filter(|outcome| outcome.is_failure() && counts.of(*outcome) > 0);
    let failed: Vec<String> = failed
        .map(|outcome| format!("{} {outcome}", counts.of(outcome)))
        .collect();
    let what = if counts.total == 1 { "test" } else { "tests" };
    (!failed.is_empty()).then(|| format!("{} of {} {what}", failed.join(", "), counts.total))
}

fn suite_report(
    suite: &SuiteState,
    tests: Vec<Arc<TestReport>>,
    run_started: Timestamp,
) -> SuiteReport {
    let info = &suite.info;
    let finished = suite.finished();
    let outcome = finished.map(|finished| finished.outcome);
    let usage = finished.map(|finished| finished.usage).unwrap_or_default();
    let start_time = suite
        .started_at
        .map(|at| seconds_since_1970(run_started, at));
    let duration = finished.map(|finished| seconds(finished.duration));
    let attempts = suite.tests.iter().flat_map(|test| &test.attempts);
    let is_command = suite.is_command();
    let notable = suite
        .tests
        .iter()
        .find(|test| Some(test.outcome) == outcome);
    SuiteReport {
        name: info.name.clone(),
        description: info.description.clone(),
        category: info.category.clone(),
        status: status(&suite.phase),
        start_time,
        end_time: start_time
            .zip(duration)
            .map(|(start, duration)| start + duration),
        duration: start_time.and(duration),
        return_code: attempts
            .clone()
            .last()
            .filter(|_| is_command)
            .and_then(return_code),
        error_message: if is_command || tests.is_empty() {
            notable.and_then(|test| test.message.clone())
        } else {
            failures_in_words(suite)
        },
        log_file: suite.started_at.and_then(|_| info.log.clone()),
        outcome,
        flaky: suite.tests.iter().any(|test| test.flaky),
        allowed: outcome.is_some_and(|outcome| suite.is_allowed(outcome)),
        not_run: notable.and_then(|test| test.not_run.clone()),
        counts: finished.map(|finished| finished.counts).unwrap_or_default(),
        attempts: attempts
            .clone()
            .filter(|_| is_command)
            .map(|attempt| attempt_report(attempt, run_started))
            .collect(),
        tests,
        cpu_user_seconds: seconds(usage.user),
        cpu_system_seconds: seconds(usage.system),
        peak_memory_bytes: usage.peak_memory,
        leaked: attempts
            .flat_map(|attempt| attempt.leaked.clone())
            .collect(),
        framework: info.framework.clone(),
        command: info.command.clone(),
        dir: info.dir.clone(),
        depends_on: info.depends_on.clone(),
        group: info.group.clone(),
        needs: info.needs.clone(),
        slot: suite.slot,
        pulled_in_by: info.pulled_in_by.clone(),
    }
}

fn attempt_report(attempt: &AttemptResult, run_started: Timestamp) -> AttemptReport {
    AttemptReport {
        attempt: attempt.attempt,
        outcome: attempt.outcome,
        exit: attempt.exit,
        message: attempt.message.clone(),
        start_time: seconds_since_1970(run_started, attempt.started_at),
        duration: seconds(attempt.duration),
        cpu_user_seconds: seconds(attempt.usage.user),
        cpu_system_seconds: seconds(attempt.usage.system),
        peak_memory_bytes: attempt.usage.peak_memory,
        output_bytes: attempt.output_bytes,
    }
}

fn status(phase: &Phase) -> Status {
    let outcome = match phase {
        Phase::Waiting => return Status::Pending,
        Phase::Running { .. } => return Status::Running,
        Phase::Finished(finished) => finished.outcome,
    };
    match outcome {
        Outcome::Passed | Outcome::Xfailed | Outcome::Xpassed => Status::Passed,
        Outcome::Skipped | Outcome::NotRun => Status::Skipped,
        Outcome::Failed | Outcome::Errored | Outcome::TimedOut | Outcome::Crashed => Status::Failed,
    }
}

fn return_code(attempt: &AttemptResult) -> Option<i32> {
    if attempt.outcome == Outcome::TimedOut {
        return Some(-1);
    }
    Some(match attempt.exit? {
        Exit::Code(code) => code,
        Exit::Signal(signal) => -signal,
    })
}

/// Whole microseconds, so that no digits are printed that were not measured.
fn seconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e6
}

fn seconds_since_1970(run_started: Timestamp, at: Duration) -> f64 {
    let micros = run_started.as_microsecond() + i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests;
