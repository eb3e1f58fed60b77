//! The failures of a run in full: the end of their output, and how to run them again.

use std::fmt::Write as _;

use paceline_engine::event::{AttemptResult, TestFinished};

use super::style::{Role, Theme};
use super::{shell, test_failures, words};
use crate::human::{HumanBytes, HumanDuration};
use crate::model::{Model, SuiteState};
use crate::naming;
use crate::program::Program;
use crate::sanitize::{self, Styles};

/// The longest line of output that is shown.
const LINE: usize = 1000;

/// How failures are shown.
pub(super) struct Failures<'a> {
    pub(super) model: &'a Model,
    pub(super) theme: Theme,
    /// How many of the last lines of output.
    pub(super) lines: usize,
    /// The root as seen from the working directory.
    pub(super) root: &'a str,
    pub(super) program: &'a Program,
    /// Whether to say which worker ran a test; where results are in plan order, they are to be the
    /// same with any number of workers.
    pub(super) workers: bool,
    pub(super) folds: Folds<'a>,
}

/// How a CI system lets a part of its log be folded.
#[derive(Clone, Copy)]
pub(super) enum Folds<'a> {
    None,
    /// With what ends the part in which it takes no commands.
    GitHub {
        token: &'a str,
    },
    GitLab,
}

/// The tests that failed, in plan order.
pub(super) fn failed(model: &Model) -> impl Iterator<Item = (&SuiteState, &TestFinished)> {
    model.tests().filter(|(_, test)| test.outcome.is_failure())
}

impl Failures<'_> {
    /// The whole section; empty where nothing failed.
    pub(super) fn section(&self) -> String {
        let count = failed(self.model).count();
        if count == 0 {
            return String::new();
        }
        let mut text = format!("\n {} ({count})\n", self.theme.paint(Role::Bad, "FAILURES"));
        for (number, (suite, test)) in failed(self.model).enumerate() {
            text.push('\n');
            self.failure(&mut text, number + 1, suite, test);
        }
        text
    }

    fn failure(&self, text: &mut String, number: usize, suite: &SuiteState, test: &TestFinished) {
        let title = self.heading(number, suite, test, self.theme);
        let plain = || {
            let theme = Theme {
                color: false,
                ..self.theme
            };
            self.heading(number, suite, test, theme)
        };
        let id = format!("paceline_failure_{number}");
        let seconds = || self.seconds_since_1970();
        // Writing to a string does not fail.
        let _ = match self.folds {
            Folds::None => writeln!(text, " {title}"),
            Folds::GitHub { token } => {
                writeln!(text, "::group::{}\n::stop-commands::{token}", plain())
            }
            Folds::GitLab => {
                let at = seconds();
                writeln!(text, "\u{1b}[0Ksection_start:{at}:{id}\r\u{1b}[0K {title}")
            }
        };
        if suite.is_command() {
            if let Some(attempt) = test.attempts.last() {
                self.output(text, attempt);
            }
        } else {
            self.test_body(text, test);
        }
        if let Folds::GitHub { token } = self.folds {
            let _ = writeln!(text, "::{token}::");
        }
        if suite.is_command() {
            self.command_notes(text, suite, test);
        } else {
            self.test_notes(text, suite, test);
        }
        let _ = match self.folds {
            Folds::None => Ok(()),
            Folds::GitHub { .. } => writeln!(text, "::endgroup::"),
            Folds::GitLab => writeln!(text, "\u{1b}[0Ksection_end:{}:{id}\r\u{1b}[0K", seconds()),
        };
    }

    /// Where the output is and how to run the suite again.
    fn command_notes(&self, text: &mut String, suite: &SuiteState, test: &TestFinished) {
        if let Some(log) = suite
            .info
            .log
            .as_deref()
            .filter(|_| !test.attempts.is_empty() && !self.model.lacks_log(&suite.info.name))
        {
            // Writing to a string does not fail.
            let _ = writeln!(text, "    log     {}", shell::from_here(self.root, log));
        }
        let _ = writeln!(text, "    rerun   {}", self.program.rerun(suite, test));
        if !suite.info.command.is_empty() {
            let dir = shell::from_here(self.root, &suite.info.dir);
            let _ = writeln!(
                text,
                "    native  {}",
                shell::in_dir(&dir, &suite.info.command)
            );
        }
    }

    /// The end of what an attempt printed.
    pub(super) fn output(&self, text: &mut String, attempt: &AttemptResult) {
        let styles = if self.theme.color {
            Styles::Keep
        } else {
            Styles::Strip
        };
        let gutter = self.theme.paint(Role::Dim, self.theme.gutter().trim());
        let (lines, before) = last_lines(attempt, self.lines, styles);
        // Writing to a string does not fail.
        if before > 0 {
            let note = format!("{} {} before", self.theme.ellipsis(), HumanBytes(before));
            let _ = writeln!(text, "    {gutter} {}", self.theme.paint(Role::Dim, note));
        }
        for line in lines {
            let _ = writeln!(text, "    {gutter} {line}");
        }
        if attempt.output_bytes == 0 && attempt.exit.is_some() {
            let _ = writeln!(
                text,
                "    {gutter} {}",
                self.theme.paint(Role::Dim, "(no output)")
            );
        }
    }

    /// A failure in one line.
    fn heading(
        &self,
        number: usize,
        suite: &SuiteState,
        test: &TestFinished,
        theme: Theme,
    ) -> String {
        let (status, role) = words::test_status(suite, test);
        let name = name(self.root, suite, test);
        let name = theme.paint(Role::Strong, name);
        let mut text = format!("{number}) {name}  {}", theme.paint(role, status));
        // Writing to a string does not fail.
        // A test's message comes with its text.
        if let Some(message) = test.message.as_ref().filter(|_| suite.is_command()) {
            let _ = write!(text, "  {message}");
        }
        if let Some(attempt) = test.attempts.last() {
            let _ = write!(text, "  {}", HumanDuration(attempt.duration));
            if attempt.attempt > 1 {
                let attempts = suite.info.retries.saturating_add(1).max(attempt.attempt);
                let _ = write!(text, "  attempt {} of {attempts}", attempt.attempt);
            }
        }
        if suite.is_allowed(test.outcome) {
            text.push_str("  (allowed)");
        }
        text
    }

    /// The time of the failure's place in a foldable log, which GitLab wants to know.
    fn seconds_since_1970(&self) -> i64 {
        let started = self
            .model
            .run
            .as_ref()
            .map_or(0, |run| run.started.as_second());
        started + i64::try_from(self.model.at.as_secs()).unwrap_or(0)
    }
}

/// What people call a test: its suite's name for a command, else its id as seen from the working
/// directory.
pub(super) fn name(root: &str, suite: &SuiteState, test: &TestFinished) -> String {
    naming::from_here(root, suite, test)
}

/// The last lines of an attempt's output, and how many bytes it printed before them.
pub(crate) fn last_lines(
    attempt: &AttemptResult,
    count: usize,
    styles: Styles,
) -> (Vec<String>, u64) {
    let tail = attempt.tail.trim_ascii_end();
    let mut start = tail.len();
    let mut lines = 0;
    while lines < count && start > 0 {
        let newline = tail[..start - 1].iter().rposition(|&byte| byte == b'\n');
        start = newline.map_or(0, |newline| newline + 1);
        lines += 1;
    }
    let mut shown = sanitize::lines(&tail[start..], styles);
    for line in &mut shown {
        if line.len() > LINE {
            *line = line.chars().take(LINE).chain("...".chars()).collect();
        }
    }
    let cut = attempt
        .output_bytes
        .saturating_sub(attempt.tail.len() as u64);
    (shown, cut + start as u64)
}

/// The failures for a program that reads them: no decoration, one command.
pub(super) fn for_agent(model: &Model, lines: usize, root: &str, program: &Program) -> String {
    let mut text = String::new();
    for (suite, test) in failed(model) {
        if !suite.is_command() {
            text.push_str(&test_failures::for_agent(model, root, program, suite, test));
            continue;
        }
        let (status, _) = words::test_status(suite, test);
        let mut about: Vec<String> = test.message.iter().cloned().collect();
        if let Some(attempt) = test.attempts.last() {
            about.push(HumanDuration(attempt.duration).to_string());
            if attempt.attempt > 1 {
                about.push(format!("attempt {}", attempt.attempt));
            }
        }
        if suite.is_allowed(test.outcome) {
            about.push("allowed".to_owned());
        }
        // Writing to a string does not fail.
        let _ = writeln!(text, "{status} {} ({})", test.test, about.join(", "));
        if let Some(attempt) = test.attempts.last() {
            let (shown, before) = last_lines(attempt, lines, Styles::Strip);
            if before > 0 {
                let _ = writeln!(text, "... {} before", HumanBytes(before));
            }
            for line in shown {
                let _ = writeln!(text, "{line}");
            }
            if let Some(log) = &suite.info.log
                && !model.lacks_log(&suite.info.name)
            {
                let _ = writeln!(text, "log: {}", shell::from_here(root, log));
            }
        }
        let _ = writeln!(text, "rerun: {}", program.rerun(suite, test));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_events::passed;

    fn attempt(tail: &str, output_bytes: u64) -> AttemptResult {
        let mut attempt = passed(1, 0.0, 1.0);
        attempt.tail = tail.as_bytes().to_vec();
        attempt.output_bytes = output_bytes;
        attempt
    }

    fn last(tail: &str, output_bytes: u64, count: usize) -> (Vec<String>, u64) {
        last_lines(&attempt(tail, output_bytes), count, Styles::Strip)
    }

    #[test]
    fn the_last_lines_and_what_is_before_them() {
        assert_eq!(last("", 0, 10), (vec![], 0));
        assert_eq!(last("a\nb\nc\n\n", 7, 2), (vec!["b".into(), "c".into()], 2));
        assert_eq!(
            last("a\n\nb", 4, 3),
            (vec!["a".into(), String::new(), "b".into()], 0)
        );
        assert_eq!(last("b\nc\n", 1_000, 1), (vec!["c".into()], 998));
        assert_eq!(last("a\nb", 3, 0), (vec![], 3));
        assert_eq!(last("\n\n", 2, 5), (vec![], 0));
    }

    #[test]
    fn very_long_lines_are_cut() {
        let (lines, _) = last(&"x".repeat(5_000), 5_000, 10);
        assert_eq!(lines[0].len(), LINE + 3);
    }
}
