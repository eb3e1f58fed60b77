//! A failure of a test that a framework ran: the framework's own text, what was captured, and the
//! commands that run it again.

use std::fmt::Write as _;

use paceline_engine::event::TestFinished;

use super::failures::{Failures, name};
use super::style::Role;
use super::{shell, units, words};
use crate::human::HumanDuration;
use crate::model::{Model, SuiteState};
use crate::naming;
use crate::program::Program;
use crate::sanitize::{self, Styles};

/// So many of the last lines of a captured stream are shown.
const CAPTURED: usize = 500;
/// So many lines of a message are shown to a program.
const AGENT: usize = 10;

impl Failures<'_> {
    /// What the framework says of a failure.
    pub(super) fn test_body(&self, text: &mut String, test: &TestFinished) {
        let mut lines = Vec::new();
        let details = test.details.as_deref();
        for subtest in details.iter().flat_map(|details| &details.subtests) {
            if naming::fails(&subtest.outcome) {
                lines.push(self.title(&format!("subtest {}", subtest.name)));
                let text = subtest.text.as_ref().or(subtest.message.as_ref());
                lines.extend(self.lines_of(text.map_or("", |text| text)));
            }
        }
        let is_failure = |outcome: &str| naming::fails(outcome);
        let problems = details.iter().flat_map(|details| &details.problems);
        for problem in problems.filter(|problem| is_failure(&problem.outcome)) {
            if matches!(problem.phase.as_str(), "setup" | "teardown") {
                lines.push(self.title(&problem.phase));
            }
            let text = problem.text.as_ref().or(problem.message.as_ref());
            lines.extend(self.lines_of(text.map_or("", |text| text)));
        }
        if lines.is_empty() {
            lines.extend(self.lines_of(test.message.as_deref().unwrap_or_default()));
        }
        for (title, captured) in details.iter().flat_map(|details| &details.sections) {
            lines.push(self.title(title));
            let all = self.lines_of(captured);
            let before = all.len().saturating_sub(CAPTURED);
            if before > 0 {
                let note = format!("{} {before} lines before", self.theme.ellipsis());
                lines.push(self.theme.paint(Role::Dim, note).to_string());
            }
            lines.extend(all.into_iter().skip(before));
        }
        let gutter = self
            .theme
            .paint(Role::Dim, self.theme.gutter().trim())
            .to_string();
        for line in lines {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}", format!("    {gutter} {line}").trim_end());
        }
        // What a process printed before it died is not captured by anything.
        if let Some(last) = test.attempts.last().filter(|last| !last.tail.is_empty()) {
            self.output(text, last);
        }
    }

    /// Where it failed and how to run it again.
    pub(super) fn test_notes(&self, text: &mut String, suite: &SuiteState, test: &TestFinished) {
        // Writing to a string does not fail.
        if let Some(at) = units::location(self.model, self.root, suite, test) {
            let _ = writeln!(text, "    at      {at}");
        }
        let details = test.details.as_deref();
        let worker = details.and_then(|details| details.worker);
        if let Some(worker) = worker.filter(|_| self.workers) {
            let _ = writeln!(text, "    worker  {worker}");
        }
        let _ = writeln!(text, "    rerun   {}", self.program.rerun(suite, test));
        if let Some(rerun) = details.and_then(|details| details.rerun.as_ref()) {
            let dir = shell::from_here(self.root, &suite.info.dir);
            let _ = writeln!(text, "    native  {}", shell::in_dir(&dir, rerun));
        }
    }

    fn title(&self, title: &str) -> String {
        let title = sanitize::line(title.as_bytes(), Styles::Strip);
        let title = format!("{:-^72}", format!(" {title} "));
        self.theme.paint(Role::Dim, title).to_string()
    }

    fn lines_of(&self, text: &str) -> Vec<String> {
        let styles = if self.theme.color {
            Styles::Keep
        } else {
            Styles::Strip
        };
        sanitize::lines(text.trim_end().as_bytes(), styles)
    }
}

/// A failure for a program that reads it: where, why, and one command.
pub(super) fn for_agent(
    model: &Model,
    root: &str,
    program: &Program,
    suite: &SuiteState,
    test: &TestFinished,
) -> String {
    let (status, _) = words::test_status(suite, test);
    let name = name(root, suite, test);
    let mut about: Vec<String> = units::location(model, root, suite, test)
        .into_iter()
        .collect();
    if let Some(last) = test.attempts.last() {
        about.push(HumanDuration(last.duration).to_string());
    }
    if suite.is_allowed(test.outcome) {
        about.push("allowed".to_owned());
    }
    let mut text = format!("{status} {name} ({})\n", about.join(", "));
    let mut lines = Vec::new();
    let details = test.details.as_deref();
    for subtest in details.iter().flat_map(|details| &details.subtests) {
        if naming::fails(&subtest.outcome) {
            let message = subtest.message.as_deref().unwrap_or_default();
            lines.push(format!("subtest {}: {message}", subtest.name));
        }
    }
    lines.extend(test.message.clone());
    let problems = details.iter().flat_map(|details| &details.problems);
    let teardown =
        problems.filter(|problem| problem.phase == "teardown" && test.message != problem.message);
    lines.extend(
        teardown.filter_map(|problem| Some(format!("teardown: {}", problem.message.as_ref()?))),
    );
    let lines = sanitize::lines(lines.join("\n").as_bytes(), Styles::Strip);
    for line in lines.iter().take(AGENT) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{line}");
    }
    if lines.len() > AGENT {
        let _ = writeln!(text, "... {} more lines", lines.len() - AGENT);
    }
    let _ = writeln!(text, "rerun: {}", program.rerun(suite, test));
    text
}
