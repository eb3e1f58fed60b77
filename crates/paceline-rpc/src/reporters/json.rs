//! For programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::event::{Event, Reporter};
use crate::report::{Outcome, RunReport, TestReport};

/// The events of the Rust test harness, as its `--format json` has them.
#[derive(Debug)]
pub struct LibtestJson<W>(W);

impl<W: Write> LibtestJson<W> {
    /// Writes here.
    pub fn new(write: W) -> Self {
        Self(write)
    }

    fn line(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.0, "{value}")?;
        self.0.flush()
    }
}

impl<W: Write + Send> Reporter for LibtestJson<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let value = match event {
            Event::RunStarted { tests, .. } => {
                json!({"type": "suite", "event": "started", "test_count": tests})
            }
            Event::TestStarted { name } => {
                json!({"type": "test", "event": "started", "name": name})
            }
            Event::TestFinished(test) => finished(test),
            Event::RunFinished(run) => json!({
                "type": "suite",
                "event": if run.is_success() { "ok" } else { "failed" },
                "passed": run.passed,
                "failed": run.failed,
                "ignored": run.skipped,
                "measured": 0,
                "filtered_out": run.filtered,
                "exec_time": run.duration.as_secs_f64(),
            }),
        };
        self.line(&value)
    }
}

fn finished(test: &TestReport) -> Value {
    let mut value = json!({"type": "test", "name": test.name});
    let event = match &test.outcome {
        Outcome::Passed => "ok",
        Outcome::Failed(_) | Outcome::TimedOut(_) => "failed",
        Outcome::Skipped(reason) => {
            value["message"] = json!(reason);
            "ignored"
        }
    };
    value["event"] = json!(event);
    if let Some(failure) = test.outcome.failure() {
        value["stdout"] = json!(described(test, failure));
        if matches!(test.outcome, Outcome::TimedOut(_)) {
            value["reason"] = json!("time limit exceeded");
        }
    }
    if !matches!(test.outcome, Outcome::Skipped(_)) {
        value["exec_time"] = json!(test.duration.as_secs_f64());
    }
    value
}

/// A failure with the notes of its test.
pub(super) fn described(test: &TestReport, failure: &crate::report::FailureReport) -> String {
    let mut text = failure.to_string();
    for note in &test.notes {
        text.push_str("\nnote: ");
        text.push_str(note);
        text.push('\n');
    }
    text
}

/// One JSON document at the end of the run, with every test in the order of registration.
#[derive(Debug)]
pub struct JsonReport<W>(W);

impl<W: Write> JsonReport<W> {
    /// Writes here.
    pub fn new(write: W) -> Self {
        Self(write)
    }
}

impl<W: Write + Send> Reporter for JsonReport<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let Event::RunFinished(run) = event else {
            return Ok(());
        };
        serde_json::to_writer_pretty(&mut self.0, &document(run))?;
        writeln!(self.0)?;
        self.0.flush()
    }
}

fn document(run: &RunReport) -> Value {
    let tests: Vec<_> = run.tests.iter().map(entry).collect();
    json!({
        "version": 1,
        "success": run.is_success(),
        "summary": {
            "total": run.tests.len(),
            "passed": run.passed,
            "failed": run.failed,
            "skipped": run.skipped,
            "filtered": run.filtered,
        },
        "duration_seconds": run.duration.as_secs_f64(),
        "aborted": run.aborted,
        "after_all_failed": run.after_all_failed,
        "interrupted": run.interrupted,
        "warnings": run.warnings,
        "tests": tests,
    })
}

fn entry(test: &TestReport) -> Value {
    let (outcome, reason) = match &test.outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Failed(_) => ("failed", None),
        Outcome::TimedOut(_) => ("timed-out", None),
        Outcome::Skipped(reason) => ("skipped", Some(reason)),
    };
    let failure = test.outcome.failure().map(|failure| {
        let frames: Vec<_> = failure
            .connection
            .frames
            .iter()
            .map(ToString::to_string)
            .collect();
        json!({
            "stage": failure.stage.as_str(),
            "kind": failure.kind.as_str(),
            "message": failure.message,
            "location": failure.location,
            "expected": failure.sides.as_ref().map(|sides| &sides.0),
            "got": failure.sides.as_ref().map(|sides| &sides.1),
            "frames": frames,
            "closed": failure.connection.closed,
            "server_exit": failure.server_exit.as_ref().map(ToString::to_string),
            "server_output": failure.server_output,
        })
    });
    json!({
        "name": test.name,
        "tags": test.tags,
        "outcome": outcome,
        "reason": reason,
        "duration_seconds": test.duration.as_secs_f64(),
        "worker": test.worker,
        "notes": test.notes,
        "failure": failure,
    })
}
