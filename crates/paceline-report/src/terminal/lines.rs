//! Lines about single suites: a result when one has ended, and on terminals without live region
//! signs of life.

use std::fmt::Write as _;
use std::time::Duration;

use paceline_engine::event::{NotRun, TestFinished};
use paceline_engine::outcome::Outcome;
use unicode_width::UnicodeWidthStr;

use super::running::{self, Progress};
use super::style::Theme;
use super::words;
use crate::human::{Clock, HumanDuration};
use crate::model::{Model, SuiteState};

/// How long nothing is said while suites run.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long a suite may hold back others without a word about it.
const HOLDING: Duration = Duration::from_secs(10);
/// How many others it may hold back without a word about it.
const HELD: usize = 20;

/// Whether a suite that has ended gets a line: those that were not run because the whole run
/// stopped do not, as they all say the same.
pub(crate) fn is_told(suite: &SuiteState) -> bool {
    let stopped = |test: &TestFinished| {
        matches!(
            test.not_run,
            Some(NotRun::MaxFail { .. } | NotRun::Interrupted { .. })
        )
    };
    suite.started_at.is_some() || !suite.tests.iter().any(stopped)
}

/// Whether a suite that has ended gets a line beside those of its units and tests: not where it
/// would repeat the last block, as the only suite.
pub(crate) fn needs_line(model: &Model, suite: &SuiteState) -> bool {
    let says_more = |test: &TestFinished| test.test == test.suite;
    let tells_itself = suite.counts.total > 0 && !suite.tests.iter().any(says_more);
    let is_only = model.suites.len() == 1 && !suite.is_command();
    is_told(suite) && !(is_only && tells_itself)
}

/// The line of a suite that has ended; `number` counts the lines.
pub(crate) fn result(model: &Model, place: usize, number: usize, theme: Theme) -> String {
    let Some(suite) = model.suites.get(place) else {
        return String::new();
    };
    let Some(finished) = suite.finished() else {
        return String::new();
    };
    let (status, role) = words::status(suite, finished.outcome);
    let duration = suite
        .started_at
        .map(|_| HumanDuration(finished.duration).to_string());
    let total = model.suites.len();
    let mut line = format!(
        "{:>9} [{:>7}] ({number:>width$}/{total}) {}",
        theme.paint(role, status),
        duration.unwrap_or_default(),
        suite.info.name,
        width = total.to_string().len(),
    );
    let details = details(suite, finished.outcome).join(", ");
    if !details.is_empty() {
        // Writing to a string does not fail.
        let _ = write!(line, "  {details}");
    }
    line.push('\n');
    line
}

fn details(suite: &SuiteState, outcome: Outcome) -> Vec<String> {
    let mut details = Vec::new();
    if let Some(finished) = suite
        .finished()
        .filter(|_| !suite.is_command() && suite.counts.total > 0)
    {
        details.push(words::number(finished.counts.total, "test", "tests"));
        if finished.counts.failures() > 0 {
            details.push(format!("{} failed", finished.counts.failures()));
        }
    } else if outcome != Outcome::Passed {
        details.extend(suite.tests.iter().find_map(|test| test.message.clone()));
    }
    if suite.is_allowed(outcome) {
        details.push("allowed".to_owned());
    }
    let leaked: usize = suite
        .tests
        .iter()
        .flat_map(|test| &test.attempts)
        .map(|attempt| attempt.leaked.len())
        .sum();
    if leaked > 0 {
        details.push(format!(
            "leaked {}",
            words::number(leaked as u64, "process", "processes")
        ));
    }
    details
}

/// The first line of a run.
pub(crate) fn header(model: &Model, theme: Theme) -> String {
    let Some(run) = &model.run else {
        return String::new();
    };
    let suites = words::number(model.suites.len() as u64, "suite", "suites");
    let jobs = words::number(run.jobs.into(), "job", "jobs");
    let name = theme.paint(
        super::style::Role::Strong,
        format!("paceline {}", run.version),
    );
    format!("{name}  {suites}, {jobs}, run {}\n", run.run)
}

/// What is said when nothing new starts any more.
pub(crate) fn stopping(model: &Model) -> Option<String> {
    let stopping = model.stopping.as_ref()?;
    let mut line = match &stopping.reason {
        NotRun::MaxFail { after } => {
            format!("stopping after {after} failed")
        }
        reason => reason.to_string(),
    };
    let what = if stopping.running_too {
        "stopping"
    } else {
        "waiting for"
    };
    if stopping.running > 0 {
        let running = if model.is_commands_only() {
            words::number(stopping.running.into(), "running suite", "running suites")
        } else {
            words::number(stopping.running.into(), "running test", "running tests")
        };
        // Writing to a string does not fail.
        let _ = write!(line, ": {what} {running}");
    }
    if stopping.queued > 0 {
        let joint = if stopping.running > 0 { "," } else { ":" };
        let _ = write!(line, "{joint} {} will not start", stopping.queued);
    }
    line.push('\n');
    Some(line)
}

/// Says from time to time that a run without live region is alive.
#[derive(Debug, Default)]
pub(crate) struct SignsOfLife {
    last: Duration,
    noted: Option<usize>,
}

impl SignsOfLife {
    /// What is to be said now, if anything.
    pub(crate) fn tick(&mut self, model: &Model, theme: Theme) -> Option<String> {
        if model.run.is_none() || model.finished.is_some() {
            return None;
        }
        if model.at < self.last + HEARTBEAT {
            return None;
        }
        self.last = model.at;
        Some(heartbeat(model, theme))
    }

    /// Whom the reader waits for, where results come in plan order; once for each suite.
    pub(crate) fn holding(&mut self, model: &Model) -> Option<String> {
        let head = model.suites_reported;
        let suite = model.suites.get(head)?;
        let elapsed = model.at.saturating_sub(suite.started_at?);
        let held = model.suites_finished.saturating_sub(head);
        let is_new = self.noted != Some(head);
        if suite.finished().is_some() || elapsed < HOLDING || held < HELD || !is_new {
            return None;
        }
        self.noted = Some(head);
        let elapsed = HumanDuration(elapsed);
        let name = &suite.info.name;
        Some(format!(
            "note: holding {held} finished suites for {name} ({elapsed})\n"
        ))
    }
}

fn heartbeat(model: &Model, theme: Theme) -> String {
    let mut line = format!(
        "{}  {}  {}",
        if theme.unicode { "····" } else { "...." },
        Clock(model.at),
        Progress::of(model),
    );
    if model.counts.failures() > 0 {
        // Writing to a string does not fail.
        let _ = write!(line, ", {} failed", model.counts.failures());
    }
    let all = running::all(model);
    let running = all.iter().take(3).map(|running| {
        let elapsed = model.at.saturating_sub(running.started_at());
        format!("{} {}", running.name(), HumanDuration(elapsed))
    });
    let running: Vec<String> = running.collect();
    if !running.is_empty() {
        let _ = write!(line, "; running: {}", running.join(", "));
        let more = all.len() - running.len();
        if more > 0 {
            let _ = write!(line, " and {more} more");
        }
    }
    line.push('\n');
    line
}

/// The width that names are padded to.
pub(crate) fn name_width(model: &Model, at_most: usize) -> usize {
    let widths = model.suites.iter().map(|suite| suite.info.name.width());
    widths.max().unwrap_or(0).min(at_most)
}
