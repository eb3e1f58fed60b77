//! What is said at the end of tests that frameworks ran: why tests were skipped, what frameworks
//! have warned of, and which tests took longest.

use std::fmt::Write as _;

use paceline_engine::outcome::Outcome;

use super::style::Role;
use super::summary::Summary;
use super::{shell, units};
use crate::human::HumanDuration;
use crate::naming;
use crate::sanitize::{self, Styles};

/// So many warnings are listed.
const WARNINGS: usize = 20;

impl Summary<'_> {
    /// Why tests were skipped, the same reasons together.
    pub(super) fn skipped(&self) -> String {
        let mut reasons: Vec<(String, usize)> = Vec::new();
        let mut total = 0;
        let skipped = self
            .model
            .tests()
            .filter(|(suite, test)| !suite.is_command() && test.outcome == Outcome::Skipped);
        for (suite, test) in skipped {
            total += 1;
            let mut problems = test.details.iter().flat_map(|details| &details.problems);
            let at = problems.find_map(|problem| problem.location.as_ref());
            let root = self.model.run.as_ref().map_or("", |run| &run.root);
            let at = at.map(|(file, line)| {
                let file = naming::source(root, &suite.info, file);
                let at = naming::place(&(shell::from_here(self.root, &file), *line));
                format!("{at}: ")
            });
            let reason =
                units::skip_reason(test).unwrap_or_else(|| "no reason is known".to_owned());
            let reason = format!("{}{reason}", at.unwrap_or_default());
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, count)) => *count += 1,
                None => reasons.push((reason, 1)),
            }
        }
        if total == 0 {
            return String::new();
        }
        let mut text = self.heading(Role::Dim, "SKIPPED", total);
        for (reason, count) in reasons {
            // Writing to a string does not fail.
            let _ = writeln!(text, "    {:>5}  {reason}", format!("[{count}]"));
        }
        text
    }

    /// What frameworks have warned of.
    pub(super) fn test_warnings(&self) -> String {
        let warnings = &self.model.test_warnings;
        let total: usize = warnings.iter().map(|(_, count)| count).sum();
        if total == 0 {
            return String::new();
        }
        let mut text = self.heading(Role::Note, "WARNINGS", total);
        let root = self.model.run.as_ref().map_or("", |run| &run.root);
        for (warning, count) in warnings.iter().take(WARNINGS) {
            let suite = self.model.place(&warning.suite);
            let suite = suite.and_then(|place| self.model.suites.get(place));
            let at = warning
                .location
                .as_ref()
                .zip(suite)
                .map(|((file, line), suite)| {
                    let file = naming::source(root, &suite.info, file);
                    let at = naming::place(&(shell::from_here(self.root, &file), *line));
                    format!("{at}: ")
                });
            let at = at.unwrap_or_default();
            let mut lines = sanitize::lines(warning.message.as_bytes(), Styles::Strip).into_iter();
            let first = lines.next().unwrap_or_default();
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "    {:>5}  {at}{}: {first}",
                format!("[{count}]"),
                warning.category
            );
            for line in lines {
                let _ = writeln!(text, "           {line}");
            }
        }
        let more = warnings.iter().count().saturating_sub(WARNINGS);
        if more > 0 {
            let _ = writeln!(text, "           and {more} more");
        }
        text
    }

    /// What frameworks want to be said at the end, such as a report of coverage.
    pub(super) fn of_frameworks(&self) -> String {
        let styles = if self.theme.color {
            Styles::Keep
        } else {
            Styles::Strip
        };
        let mut text = String::new();
        for (place, summary) in &self.model.summaries {
            let lines = sanitize::lines(summary.trim_end().as_bytes(), styles);
            let name = self.model.suites.get(*place).map(|suite| &suite.info.name);
            if let Some(name) = name.filter(|_| !lines.is_empty()) {
                let title = self.theme.paint(Role::Strong, "SUMMARY");
                // Writing to a string does not fail.
                let _ = writeln!(text, "\n {title} ({name})");
            }
            for line in lines {
                let _ = writeln!(text, "{}", format!("    {line}").trim_end());
            }
        }
        text
    }

    /// The tests that took longest.
    pub(super) fn slowest_tests(&self) -> String {
        let slowest = &self.model.slowest;
        let tests = slowest.tests();
        // A list of the slowest says nothing where it would be a list of nearly all.
        if tests.is_empty() || slowest.ran() < 2 * tests.len() as u64 {
            return String::new();
        }
        let title = format!("{} of {}", tests.len(), slowest.ran());
        let mut text = self.heading(Role::Strong, "SLOWEST", title);
        for slow in tests {
            let name = slow.name.seen_from(self.root);
            // Writing to a string does not fail.
            let _ = writeln!(text, "    {:>7}  {name}", HumanDuration(slow.duration));
        }
        text
    }
}
