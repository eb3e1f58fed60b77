//! From what is known of suites, attempts and tests to what a report says of them.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use paceline_engine::event::{AttemptResult, TestFinished};
use paceline_engine::outcome::{Exit, Outcome};

use super::format::{AttemptReport, Status, SuiteReport, TestAttempt, TestReport};
use crate::model::{Phase, SuiteState};
use crate::naming;

pub(super) fn test_report(test: &TestFinished) -> TestReport {
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

pub(super) fn suite_report(
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
pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e6
}

fn seconds_since_1970(run_started: Timestamp, at: Duration) -> f64 {
    let micros = run_started.as_microsecond() + i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
    micros as f64 / 1e6
}
