//! What is told of a test that has run.

use serde_json::{Value, json};

use super::places::Places;
use crate::human::shortened;
use crate::report::{Outcome, Stage, TestReport};
use crate::run::Run;
use crate::server::Server;

/// More of a failure is of no use to anybody.
const MAX_TEXT: usize = 1024 * 1024;

/// The result of the test with this index in its unit. `printed` is what the process has printed.
pub(super) fn finished<S: Server>(
    run: &Run<S>,
    unit: &Value,
    index: usize,
    report: &TestReport,
    printed: String,
    places: &mut Places,
) -> Value {
    let mut message = json!({
        "kind": "test_finished",
        "unit": unit,
        "test": index,
        "durations": [0.0, report.duration.as_secs_f64(), 0.0],
    });
    let (outcome, problem) = match &report.outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Skipped(reason) => match run.servers.gone() {
            // A test whose server is not there has not been left out by anybody's wish.
            Some(gone) if gone == *reason => {
                let text = run.servers.why_aborted().unwrap_or(gone);
                let problem = json!({
                    "phase": "setup",
                    "outcome": "errored",
                    "message": reason,
                    "text": shortened(&text, MAX_TEXT),
                });
                ("errored", Some(problem))
            }
            _ => {
                let problem = json!({"phase": "setup", "outcome": "skipped", "reason": reason});
                ("skipped", Some(problem))
            }
        },
        Outcome::Failed(failure) | Outcome::TimedOut(failure) => {
            let (phase, outcome) = match failure.stage {
                Stage::Body => ("call", "failed"),
                Stage::AfterEach => ("teardown", "errored"),
                Stage::Server | Stage::Connect | Stage::BeforeEach => ("setup", "errored"),
            };
            let mut problem = json!({
                "phase": phase,
                "outcome": outcome,
                "message": shortened(&failure.message, 10_000),
                "text": shortened(&failure.to_string(), MAX_TEXT),
            });
            let location = failure.location.as_deref();
            if let Some(location) = location.and_then(|location| places.location(location)) {
                problem["location"] = location;
            }
            (outcome, Some(problem))
        }
    };
    message["outcome"] = json!(outcome);
    if let Outcome::TimedOut(_) = report.outcome {
        message["native"] = json!("timed out");
    }
    if let Some(problem) = problem {
        message["problems"] = json!([problem]);
    }
    let mut sections = Vec::new();
    if !report.notes.is_empty() {
        sections.push(("Notes", report.notes.join("\n")));
    }
    if !printed.trim().is_empty() {
        sections.push(("Output", printed));
    }
    if !sections.is_empty() {
        message["sections"] = json!(sections);
    }
    message
}
