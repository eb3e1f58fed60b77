//! What is said at the end: flaky tests, what was not run and why, what was left running, the
//! slowest suites, and the last block.

use std::fmt::Write as _;

use paceline_engine::event::{NotRun, TestFinished};
use paceline_engine::outcome::Outcome;

use super::columns::{pad, widest};
use super::style::{Role, Theme};
use super::{failures, shell, words};
use crate::human::HumanDuration;
use crate::model::{Model, SuiteState};
use crate::program::Program;

/// So many suites with the same reason are listed one by one.
const LISTED: usize = 3;
/// So many names are listed for a reason that many share.
const NAMES: usize = 8;
/// The widest name that others are padded to.
const NAME_WIDTH: usize = 72;
/// So many suites can be named in a command to copy.
const COMMAND: usize = 10;

/// What is sped up less than this is not said to be.
const SPEED_UP: f64 = 1.05;
/// The longest list of tests in a command to copy, in characters.
const COMMAND_LENGTH: usize = 200;

/// What the summary is made from.
pub(super) struct Summary<'a> {
    pub(super) model: &'a Model,
    pub(super) theme: Theme,
    pub(super) width: usize,
    pub(super) root: &'a str,
    pub(super) program: &'a Program,
    pub(super) log_dir: Option<&'a str>,
    pub(super) reports: &'a [&'a str],
    /// Whether to say more.
    pub(super) verbose: bool,
}

impl Summary<'_> {
    /// The sections between the failures and the last block.
    pub(super) fn sections(&self) -> String {
        let skipped = if self.verbose {
            self.skipped()
        } else {
            String::new()
        };
        let slowest = if self.model.is_commands_only() {
            self.slowest()
        } else {
            self.slowest_tests()
        };
        [
            self.flaky(),
            skipped,
            self.not_run(),
            self.leaked(),
            self.test_warnings(),
            self.of_frameworks(),
            slowest,
        ]
        .concat()
    }

    pub(super) fn heading(&self, role: Role, title: &str, count: impl std::fmt::Display) -> String {
        format!("\n {} ({count})\n", self.theme.paint(role, title))
    }

    fn flaky(&self) -> String {
        let flaky = self.model.tests().filter(|(_, test)| test.flaky);
        let flaky: Vec<_> = flaky
            .map(|(suite, test)| (failures::name(self.root, suite, test), test))
            .collect();
        if flaky.is_empty() {
            return String::new();
        }
        let mut text = self.heading(Role::Note, "FLAKY", flaky.len());
        let width = widest(flaky.iter().map(|(name, _)| name.as_str()), NAME_WIDTH);
        for (name, test) in flaky {
            // Writing to a string does not fail.
            let _ = writeln!(text, "    {}  {}", pad(&name, width), history(test));
        }
        text
    }

    fn not_run(&self) -> String {
        let reasons = reasons(self.model, self.root);
        let count: usize = reasons.iter().map(|reason| reason.tests.len()).sum();
        if count == 0 {
            return String::new();
        }
        let mut text = self.heading(Role::Note, "NOT RUN", count);
        for reason in &reasons {
            let tests = &reason.tests;
            if tests.len() <= LISTED {
                let width = widest(tests.iter().map(|(name, _)| name.as_str()), NAME_WIDTH);
                for (name, why) in tests {
                    // Writing to a string does not fail.
                    let _ = writeln!(text, "    {}  {why}", pad(name, width));
                }
                continue;
            }
            let names = tests.iter().take(NAMES).map(|(name, _)| name.as_str());
            let names: Vec<&str> = names.collect();
            let more = tests.len() - names.len();
            let _ = write!(
                text,
                "    {} {}: {}",
                tests.len(),
                reason.shared,
                names.join(", ")
            );
            if more > 0 {
                let _ = write!(text, " and {more} more");
            }
            text.push('\n');
        }
        text
    }

    fn leaked(&self) -> String {
        let leaked: Vec<_> = self
            .model
            .tests()
            .flat_map(|(_, test)| test.attempts.iter().map(move |attempt| (test, attempt)))
            .flat_map(|(test, attempt)| attempt.leaked.iter().map(move |leaked| (test, leaked)))
            .collect();
        if leaked.is_empty() {
            return String::new();
        }
        let mut text = self.heading(Role::Note, "LEFT RUNNING, STOPPED", leaked.len());
        let width = widest(leaked.iter().map(|(test, _)| &*test.test), NAME_WIDTH);
        for (test, process) in leaked {
            // Writing to a string does not fail.
            let _ = writeln!(text, "    {}  {process}", pad(&test.test, width));
        }
        text
    }

    fn slowest(&self) -> String {
        let mut ran: Vec<(&SuiteState, std::time::Duration)> = self
            .model
            .suites
            .iter()
            .filter(|suite| suite.started_at.is_some())
            .filter_map(|suite| Some((suite, suite.finished()?.duration)))
            .collect();
        // A list of the slowest says nothing where it would be a list of nearly all.
        let count = if ran.len() < 20 { 3 } else { 5 };
        if ran.len() < 2 * count {
            return String::new();
        }
        ran.sort_by_key(|(_, duration)| std::cmp::Reverse(*duration));
        let title = format!("{count} of {}", ran.len());
        let mut text = self.heading(Role::Strong, "SLOWEST", title);
        for (suite, duration) in ran.into_iter().take(count) {
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "    {:>7}  {}",
                HumanDuration(duration),
                suite.info.name
            );
            if let Some(expected) = suite.info.expected {
                let _ = write!(text, "  expected {}", HumanDuration(expected));
            }
            text.push('\n');
        }
        text
    }

    /// The last block.
    pub(super) fn last_block(&self) -> String {
        let Some((finished, run)) = self.model.finished.as_ref().zip(self.model.run.as_ref())
        else {
            return String::new();
        };
        let theme = self.theme;
        let mut text = theme.rule(self.width.min(72));
        text.push('\n');
        let (verdict, role) = verdict(self.model);
        // Writing to a string does not fail.
        let _ = writeln!(text, " {:<8} {}", theme.paint(role, verdict), self.counts());
        if let Some(also) = self.also() {
            let _ = writeln!(text, " {:<8} {also}", "also");
        }
        if !self.model.is_commands_only() && self.model.suites.len() > 1 {
            let suites = &finished.suites;
            let _ = writeln!(
                text,
                " suites   {}: {}",
                suites.total,
                words::counts(suites)
            );
        }
        let mut line = |label: &str, value: &str| {
            let _ = writeln!(text, " {label:<8} {value}");
        };
        let wall = HumanDuration(finished.wall);
        let sum = HumanDuration(finished.sum_of_durations);
        let speed_up = finished.sum_of_durations.as_secs_f64() / finished.wall.as_secs_f64();
        let has_many = self.model.suites.len() > 1 || !self.model.is_commands_only();
        if has_many && speed_up.is_finite() {
            let mut value = format!("{wall} wall, {sum} sum of durations");
            // Less would read as if something were wrong; it is one thing after the other.
            if speed_up >= SPEED_UP {
                let _ = write!(value, ", speed-up {speed_up:.1}x against that sum");
            }
            line("time", &value);
        } else {
            line("time", &format!("{wall} wall"));
        }
        if let Some(limit) = &finished.limit {
            let duration = HumanDuration(limit.duration);
            let mut value = format!(
                "{duration} ({})",
                words::limit_term(&limit.due_to, run.jobs)
            );
            if let Some(efficiency) = finished.efficiency {
                let _ = write!(value, ", efficiency {:.0} %", (efficiency * 100.0).floor());
            }
            line("limit", &value);
        }
        if let Some(log_dir) = self.log_dir() {
            line("logs", &shell::from_here(self.root, log_dir));
        }
        if !self.reports.is_empty() {
            let reports: Vec<String> = self
                .reports
                .iter()
                .map(|report| shell::from_here(self.root, report))
                .collect();
            line("reports", &reports.join("  "));
        }
        for (label, command) in ["next", ""].iter().zip(self.next()) {
            line(label, &command);
        }
        text
    }

    /// The directory of the logs, unless none of what ran has one.
    fn log_dir(&self) -> Option<&str> {
        let mut ran = self.model.suites.iter();
        let has_log = |suite: &SuiteState| {
            suite.started_at.is_some() && !self.model.lacks_log(&suite.info.name)
        };
        let some = !self.model.has_errors() || ran.any(has_log);
        self.log_dir.filter(|_| some)
    }

    /// What frameworks count besides: `2 incomplete, 1 risky; 310 assertions`.
    fn also(&self) -> Option<String> {
        let words = self.model.native_outcomes.iter();
        let words: Vec<String> = words
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        let assertions = self.model.assertions;
        let assertions = assertions.map(|count| words::number(count, "assertion", "assertions"));
        let parts = [(!words.is_empty()).then(|| words.join(", ")), assertions];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn counts(&self) -> String {
        let counts = self
            .model
            .finished
            .as_ref()
            .map_or(self.model.counts, |run| run.counts);
        let total = if self.model.is_commands_only() {
            words::number(counts.total, "suite", "suites")
        } else {
            words::number(counts.total, "test", "tests")
        };
        format!("{total}: {}", words::counts(&counts))
    }

    /// Commands that a user is likely to want now.
    fn next(&self) -> Vec<String> {
        let is_commands_only = self.model.is_commands_only();
        let mut failed: Vec<String> = failures::failed(self.model)
            .filter(|(suite, test)| !suite.is_allowed(test.outcome))
            .map(|(suite, test)| self.program.name(suite, test))
            .collect();
        failed.dedup();
        let mut stopped: Vec<String> = self
            .model
            .tests()
            .filter(|(_, test)| {
                let depends = matches!(&test.not_run, Some(NotRun::Dependency { .. }));
                test.outcome == Outcome::NotRun && !depends
            })
            .map(|(suite, test)| self.program.name(suite, test))
            .collect();
        stopped.dedup();
        let command = |names: &[String], what: &str| {
            let length: usize = names.iter().map(|name| name.len() + 1).sum();
            if !is_commands_only && length > COMMAND_LENGTH {
                return None;
            }
            (1..=COMMAND).contains(&names.len()).then(|| {
                let command = self.program.run(names);
                format!("{command}   ({} {what})", names.len())
            })
        };
        command(&failed, "failed")
            .into_iter()
            .chain(command(&stopped, "not run"))
            .collect()
    }

    /// The whole summary for a program that reads it: what was not run, and one line.
    pub(super) fn for_agent(&self) -> String {
        let mut text = String::new();
        for reason in reasons(self.model, self.root) {
            let names: Vec<&str> = reason
                .tests
                .iter()
                .take(NAMES)
                .map(|(name, _)| name.as_str())
                .collect();
            let more = reason.tests.len() - names.len();
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let why = match reason.tests.as_slice() {
                [(_, why)] => why,
                _ => &reason.shared,
            };
            // Writing to a string does not fail.
            let _ = writeln!(text, "NOT RUN {}{more}: {why}", names.join(", "));
        }
        for (suite, test) in self.model.tests().filter(|(_, test)| test.flaky) {
            let name = failures::name(self.root, suite, test);
            let _ = writeln!(text, "FLAKY {name}: {}", history(test));
        }
        let wall = self
            .model
            .finished
            .as_ref()
            .map_or(self.model.at, |run| run.wall);
        let _ = write!(text, "{}; {}", self.counts(), HumanDuration(wall));
        if self.model.has_errors() {
            text.push_str("; with errors");
        }
        if let Some(log_dir) = self.log_dir() {
            let _ = write!(text, "; logs {}", shell::from_here(self.root, log_dir));
        }
        text.push('\n');
        text
    }
}

/// The word for a run; with what the exit code says of more than its tests.
pub(crate) fn verdict(model: &Model) -> (&'static str, Role) {
    let finished = model.finished.as_ref();
    let counts = finished.map_or(model.counts, |finished| finished.counts);
    if finished.is_none_or(|finished| finished.interrupted.is_some()) {
        return ("INTERRUPTED", Role::Note);
    }
    match (counts.blocking_failures() > 0, model.has_errors()) {
        (true, true) => ("FAILED, with errors", Role::Bad),
        (true, false) => ("FAILED", Role::Bad),
        (false, true) => ("PASSED, with errors", Role::Bad),
        (false, false) => ("PASSED", Role::Good),
    }
}

/// `failed attempt 1 (exit code 1), passed attempt 2`.
fn history(test: &TestFinished) -> String {
    let attempts = test.attempts.iter().map(|attempt| {
        let message = attempt
            .message
            .as_ref()
            .filter(|_| attempt.outcome != Outcome::Passed);
        let why = message
            .map(|message| format!(" ({message})"))
            .unwrap_or_default();
        format!("{} attempt {}{why}", attempt.outcome, attempt.attempt)
    });
    attempts.collect::<Vec<_>>().join(", ")
}

/// Tests that were not run for what is in the end one reason.
struct Reason {
    /// As the end of `14 …`.
    shared: String,
    /// Each with its own words.
    tests: Vec<(String, String)>,
}

fn reasons(model: &Model, root: &str) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    for (suite, test) in model
        .tests()
        .filter(|(_, test)| test.outcome == Outcome::NotRun)
    {
        let why = match (&test.not_run, &test.message) {
            (Some(reason), _) => reason.to_string(),
            (None, message) => message
                .clone()
                .unwrap_or_else(|| "no reason is known".to_owned()),
        };
        let shared = match &test.not_run {
            Some(NotRun::Dependency { chain }) => match chain.last() {
                Some(last) => {
                    let chain = vec![last.clone()];
                    format!("in the end {}", NotRun::Dependency { chain })
                }
                None => why.clone(),
            },
            _ => why.clone(),
        };
        let name = failures::name(root, suite, test);
        match reasons.iter_mut().find(|reason| reason.shared == shared) {
            Some(reason) => reason.tests.push((name, why)),
            None => reasons.push(Reason {
                shared,
                tests: vec![(name, why)],
            }),
        }
    }
    for reason in &mut reasons {
        // `14 need build`, but `14: the run stopped`.
        reason.shared = match reason.shared.strip_prefix("in the end needs ") {
            Some(rest) => format!("need {rest}"),
            None => format!("because {}", reason.shared),
        };
    }
    reasons
}
