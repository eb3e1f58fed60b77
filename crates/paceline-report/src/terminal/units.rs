//! Lines about units and tests of suites that frameworks run.

use std::collections::HashMap;
use std::fmt::Write as _;

use paceline_engine::event::{NotRun, TestFinished, UnitReported};
use paceline_engine::outcome::{Counts, Outcome};
use unicode_width::UnicodeWidthStr;

use super::columns::{cut_middle, pad};
use super::style::Theme;
use super::{shell, words};
use crate::human::HumanDuration;
use crate::model::{Model, SuiteState};
use crate::naming;
use crate::sanitize::{self, Styles};

/// The width that paths are padded to at first, and the widest of which anything is shown.
const PATH_WIDTH: (usize, usize) = (40, 72);
/// So much of a path is shown in any case.
const SHORTEST_PATH: usize = 20;
/// The columns of a unit's line beside those of its path and framework, with a short note at its
/// end.
const OTHER_COLUMNS: usize = 40;
/// The longest message that is shown in a line.
const MESSAGE: usize = 200;

/// A line and the place of its test.
type HeldLine = ([u32; 2], String);

/// Makes lines of units and tests, and holds those of tests back until their unit's turn has come.
pub(super) struct Units {
    theme: Theme,
    /// The root as seen from the working directory.
    root: String,
    /// The columns that lines have to fit into, where there is such a limit.
    columns: Option<usize>,
    /// The width of the widest path so far.
    path_width: usize,
    /// By the places of suite and unit: the lines of tests, with the tests' places.
    held: HashMap<(usize, u32), Vec<HeldLine>>,
}

impl Units {
    pub(super) fn new(theme: Theme, root: &str, columns: Option<usize>) -> Self {
        Self {
            theme,
            root: root.to_owned(),
            columns,
            path_width: 0,
            held: HashMap::new(),
        }
    }

    /// Holds the line of a test back until its unit is reported.
    pub(super) fn hold(&mut self, model: &Model, place: usize, test: &TestFinished) {
        let Some(line) = self.test(model, place, test, false) else {
            return;
        };
        let held = self.held.entry((place, test.position[0]));
        held.or_default().push((test.position, line));
    }

    /// The lines of the tests of the unit that was reported last, in plan order.
    pub(super) fn release(&mut self, model: &Model, place: usize) -> Option<String> {
        let unit = model.suites.get(place)?.reported_unit?;
        let mut lines = self.held.remove(&(place, unit))?;
        lines.sort_by_key(|(position, _)| *position);
        Some(lines.into_iter().map(|(_, line)| line).collect())
    }

    /// The line of a test that has ended, with why if it did not pass; `None` where it says nothing,
    /// as the whole run stopped.
    pub(super) fn test(
        &self,
        model: &Model,
        place: usize,
        test: &TestFinished,
        with_worker: bool,
    ) -> Option<String> {
        let suite = model.suites.get(place)?;
        if was_stopped(test) {
            return None;
        }
        let (status, role) = words::test_status(suite, test);
        let duration = test
            .attempts
            .last()
            .map(|last| HumanDuration(last.duration).to_string());
        let mut line = format!(
            "{:>9} [{:>7}] ",
            self.theme.paint(role, status),
            duration.unwrap_or_default()
        );
        let worker = test.details.as_ref().and_then(|details| details.worker);
        if let Some(worker) = worker.filter(|_| with_worker) {
            // Writing to a string does not fail.
            let _ = write!(line, "w{worker} ");
        }
        line.push_str(&naming::from_here(&self.root, suite, test));
        if let Some(word) = words::native(test) {
            // Writing to a string does not fail.
            let _ = write!(line, "  ({word})");
        }
        if test.outcome.is_failure() {
            let (message, at) = (message(test), self.location(model, suite, test));
            let why = match (message, at) {
                (Some(message), Some(at)) => format!("{message}  {at}"),
                (message, at) => message.or(at).unwrap_or_default(),
            };
            let _ = write!(line, "\n{:20}{why}", "");
        } else if test.outcome != Outcome::Passed
            && let Some(reason) = reason(test)
        {
            let _ = write!(line, "  {reason}");
        }
        line.push('\n');
        Some(line)
    }

    /// The line of a unit, and its failures below it; `None` where there is nothing to tell.
    pub(super) fn unit(
        &mut self,
        model: &Model,
        place: usize,
        reported: &UnitReported,
    ) -> Option<String> {
        let suite = model.suites.get(place)?;
        let counts = &reported.counts;
        let tests: Vec<&TestFinished> = {
            let is_of_unit = |test: &&TestFinished| suite.reported_unit == Some(test.position[0]);
            let mut tests: Vec<_> = suite.tests.iter().filter(is_of_unit).collect();
            tests.sort_by_key(|test| test.position);
            tests
        };
        let all_stopped =
            tests.len() as u64 == counts.total && tests.iter().all(|test| was_stopped(test));
        if counts.total == 0 || all_stopped {
            return None;
        }
        let (status, role) = words::unit_status(suite, counts);
        let path = naming::in_suite(&suite.info, &reported.unit);
        let mut path = shell::from_here(&self.root, &path);
        if let Some(part) = &reported.part {
            // As it can be given to `paceline run`, where it is short enough.
            path.push_str("::");
            path.push_str(&sanitize::line(part.as_bytes(), Styles::Strip));
        }
        let frameworks = model.suites.iter().filter(|suite| !suite.is_command());
        let framework_width = frameworks.map(|suite| suite.info.framework.len()).max();
        let framework_width = framework_width.unwrap_or(0);
        let widest = self.columns.map_or(PATH_WIDTH.1, |columns| {
            let others = OTHER_COLUMNS + framework_width;
            columns
                .saturating_sub(others)
                .clamp(SHORTEST_PATH, PATH_WIDTH.1)
        });
        let path = cut_middle(&path, widest, self.theme.ellipsis());
        let narrowest = self.path_width.max(PATH_WIDTH.0.min(widest));
        self.path_width = narrowest.max(path.width());
        let mut text = format!(
            "{:<5}  {:<framework_width$}  {}  {:>4} {:<5}  {:>6}",
            self.theme.paint(role, status),
            suite.info.framework,
            pad(&path, self.path_width),
            counts.total,
            if counts.total == 1 { "test" } else { "tests" },
            HumanDuration(reported.duration),
        );
        let others = others(counts);
        if !others.is_empty() {
            // Writing to a string does not fail.
            let _ = write!(text, "   {others}");
        }
        text.push('\n');
        for test in tests {
            if test.outcome.is_failure() || test.flaky {
                self.below_unit(&mut text, model, suite, test);
            }
        }
        Some(text)
    }

    fn below_unit(
        &self,
        text: &mut String,
        model: &Model,
        suite: &SuiteState,
        test: &TestFinished,
    ) {
        let (status, role) = words::test_status(suite, test);
        let name = naming::within_unit(test);
        // Writing to a string does not fail.
        let _ = write!(text, "       {} {name}", self.theme.paint(role, status));
        if let Some(word) = words::native(test) {
            let _ = write!(text, " ({word})");
        }
        if let Some(last) = test.attempts.last() {
            let _ = write!(text, "  {}", HumanDuration(last.duration));
        }
        if test.outcome.is_failure() {
            if let Some(at) = self.location(model, suite, test) {
                let _ = write!(text, "  {at}");
            }
            if let Some(message) = message(test) {
                let _ = write!(text, "\n            {message}");
            }
        }
        text.push('\n');
    }

    fn location(&self, model: &Model, suite: &SuiteState, test: &TestFinished) -> Option<String> {
        location(model, &self.root, suite, test)
    }
}

/// Where a test failed, else where it is defined, as seen from the working directory.
pub(super) fn location(
    model: &Model,
    root: &str,
    suite: &SuiteState,
    test: &TestFinished,
) -> Option<String> {
    let run = model.run.as_ref()?;
    let (file, line) = naming::location(&run.root, &suite.info, test)?;
    Some(naming::place(&(shell::from_here(root, &file), line)))
}

/// Whether a test was not run because the whole run stopped: they all say the same.
fn was_stopped(test: &TestFinished) -> bool {
    matches!(
        test.not_run,
        Some(NotRun::MaxFail { .. } | NotRun::Interrupted { .. })
    )
}

/// What a unit has beside what simply passed: `1 failed, 2 skipped`.
fn others(counts: &Counts) -> String {
    let outcomes = Outcome::ALL
        .into_iter()
        .filter(|outcome| *outcome != Outcome::Passed);
    let mut others: Vec<String> = outcomes
        .filter(|outcome| counts.of(*outcome) > 0)
        .map(|outcome| format!("{} {outcome}", counts.of(outcome)))
        .collect();
    if counts.flaky > 0 {
        others.push(format!("{} flaky", counts.flaky));
    }
    others.join(", ")
}

/// The first line of why a test did not pass.
fn message(test: &TestFinished) -> Option<String> {
    one_line(test.message.as_deref()?)
}

/// Why a test was skipped, with its framework's own word for that.
pub(super) fn skip_reason(test: &TestFinished) -> Option<String> {
    match (words::native(test), reason(test)) {
        (Some(word), Some(reason)) => Some(format!("{word}: {reason}")),
        (word, reason) => reason.or_else(|| word.map(str::to_owned)),
    }
}

/// Why a test was skipped or expected to fail, in a line.
pub(super) fn reason(test: &TestFinished) -> Option<String> {
    let problems = test.details.iter().flat_map(|details| &details.problems);
    let mut reasons = problems.filter_map(|problem| problem.reason.as_deref());
    let reason = reasons.next().or(test.message.as_deref())?;
    one_line(reason.strip_prefix("reason: ").unwrap_or(reason))
}

fn one_line(text: &str) -> Option<String> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let line = sanitize::line(first.as_bytes(), Styles::Strip);
    if line.chars().count() <= MESSAGE {
        return Some(line);
    }
    Some(line.chars().take(MESSAGE).chain("...".chars()).collect())
}
