//! Writes the report.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use paceline_engine::event::{Event, EventKind, TestFinished};

use super::entries::{seconds, suite_report, test_report};
use super::format::{REPORT_SCHEMA_VERSION, Report, Status, SuiteReport, Summary, TestReport};
use crate::atomic;
use crate::model::{Keep, Model};
use crate::reporter::{ReportError, Reporter};

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
