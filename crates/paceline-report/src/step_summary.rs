//! The job summary of GitHub Actions: Markdown that is appended to the file which
//! `GITHUB_STEP_SUMMARY` names.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use paceline_engine::event::{Event, TestFinished};
use paceline_engine::outcome::Outcome;

use crate::environment::Environment;
use crate::human::HumanDuration;
use crate::model::{Keep, Model, SuiteState};
use crate::naming;
use crate::program::Program;
use crate::reporter::{Destination, ReportError, Reporter};
use crate::sanitize::{self, Styles};
use crate::terminal::{counts_in_words, last_lines, test_status, verdict};

/// GitHub refuses a summary of more than 1024 kB; several steps can share it.
const SIZE: usize = 900_000;
/// The last lines of each failure.
const LINES: usize = 40;
/// A table of more rows than this lists only what did not pass.
const ROWS: usize = 200;

/// Writes the summary when the run has ended.
pub struct StepSummary {
    path: PathBuf,
    program: Program,
    model: Model,
}

impl StepSummary {
    /// Appends to this file.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            program: Program::default(),
            model: Model::new(Keep::Notable),
        }
    }

    /// With commands that begin like this.
    #[must_use]
    pub fn with_program(mut self, program: Program) -> Self {
        self.program = program;
        self
    }

    /// Appends to the file that GitHub Actions names; `None` where it names none.
    pub fn from_environment(environment: &Environment) -> Option<Self> {
        environment
            .get("GITHUB_STEP_SUMMARY")
            .map(|path| Self::new(Path::new(path)))
    }
}

impl Reporter for StepSummary {
    fn event(&mut self, event: &Event) -> Result<(), ReportError> {
        self.model.event(event);
        Ok(())
    }

    fn tick(&mut self, at: Duration) -> Result<(), ReportError> {
        self.model.tick(at);
        Ok(())
    }

    fn other_failed(&mut self, error: &ReportError, requested: bool) {
        self.model.report_failed |= requested && !error.is_closed_pipe();
    }

    fn finish(&mut self) -> Result<(), ReportError> {
        self.model.settle();
        if self.model.run.is_none() {
            return Ok(());
        }
        let text = markdown(&self.model, &self.program);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|source| ReportError::new(Destination::File(self.path.clone()), source))
    }
}

fn markdown(model: &Model, program: &Program) -> String {
    let (verdict, _) = verdict(model);
    let finished = model.finished.as_ref();
    let counts = finished.map_or(model.counts, |finished| finished.counts);
    let wall = HumanDuration(finished.map_or(model.at, |finished| finished.wall));
    let mut text = format!(
        "### paceline: {verdict}, {} ({wall})\n\n",
        counts_in_words(&counts)
    );
    table(model, &mut text);
    let mut left_out = 0;
    for (suite, test) in model.tests().filter(|(_, test)| test.outcome.is_failure()) {
        let mut part = String::new();
        let (status, _) = test_status(suite, test);
        let message = test.message.as_deref().unwrap_or_default();
        let message = message.lines().next().unwrap_or_default();
        let name = naming::test(&suite.info, test);
        // Writing to a string does not fail.
        let _ = write!(
            part,
            "\n<details><summary>{} {}: {}</summary>\n\n",
            html(&status),
            html(&name),
            html(message),
        );
        let lines = failure_lines(test);
        if !lines.is_empty() {
            let fence = fence(&lines);
            let _ = writeln!(part, "{fence}text\n{lines}\n{fence}\n");
        }
        let command = program.rerun(suite, test);
        let fence = fence(&command);
        let _ = writeln!(part, "{fence}sh\n{command}\n{fence}\n\n</details>");
        if text.len() + part.len() > SIZE {
            left_out += 1;
        } else {
            text.push_str(&part);
        }
    }
    if left_out > 0 {
        let _ = writeln!(text, "\n{left_out} more failures: see the log.");
    }
    text
}

/// The end of what the framework says of a failure, or of the output.
fn failure_lines(test: &TestFinished) -> String {
    let problems = test.details.iter().flat_map(|details| &details.problems);
    let failures = problems.filter(|problem| naming::fails(&problem.outcome));
    let texts: Vec<&str> = failures
        .filter_map(|problem| problem.text.as_deref())
        .collect();
    if !texts.is_empty() {
        let lines = sanitize::lines(texts.join("\n").as_bytes(), Styles::Strip);
        return lines[lines.len().saturating_sub(LINES)..].join("\n");
    }
    match test.attempts.last() {
        Some(last) => last_lines(last, LINES, Styles::Strip).0.join("\n"),
        None => String::new(),
    }
}

fn table(model: &Model, text: &mut String) {
    if !model.is_commands_only() {
        return tests_table(model, text);
    }
    let all = model.suites.len() <= ROWS;
    let is_news = |suite: &&SuiteState| {
        all || suite
            .finished()
            .is_none_or(|finished| finished.outcome != Outcome::Passed)
    };
    text.push_str("| suite | outcome | time |\n|---|---|--:|\n");
    for suite in model.suites.iter().filter(is_news) {
        let (outcome, time) = match suite.finished() {
            None => ("not finished".to_owned(), String::new()),
            Some(finished) => {
                let mut outcome = finished.outcome.to_string();
                if finished.counts.flaky > 0 {
                    outcome.push_str(", flaky");
                }
                if suite.is_allowed(finished.outcome) {
                    outcome.push_str(", allowed");
                }
                let time = suite
                    .started_at
                    .map(|_| HumanDuration(finished.duration).to_string());
                (outcome, time.unwrap_or_default())
            }
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {outcome} | {time} |",
            markdown_text(&suite.info.name)
        );
        if text.len() > SIZE / 2 {
            text.push_str("| and more | | |\n");
            break;
        }
    }
}

/// The table where suites have many tests.
fn tests_table(model: &Model, text: &mut String) {
    text.push_str("| suite | passed | failed | flaky | skipped | not run | time |\n");
    text.push_str("|---|--:|--:|--:|--:|--:|--:|\n");
    for suite in &model.suites {
        let counts = &suite.counts;
        let time = suite.finished().filter(|_| suite.started_at.is_some());
        let time = time.map(|finished| HumanDuration(finished.duration).to_string());
        // Expected failures and unexpected passes leave the run green.
        let passed = counts.passed + counts.xfailed + counts.xpassed;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {passed} | {} | {} | {} | {} | {} |",
            markdown_text(&suite.info.name),
            counts.failures(),
            counts.flaky,
            counts.skipped,
            counts.not_run,
            time.unwrap_or_default(),
        );
        if text.len() > SIZE / 2 {
            text.push_str("| and more | | | | | | |\n");
            break;
        }
    }
}

/// Text that HTML takes as text.
fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace(['\n', '\r'], " ")
}

/// Text that Markdown takes as text.
fn markdown_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in html(text).chars() {
        if "|*_`[]\\~".contains(char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

/// A fence that the text does not contain.
fn fence(text: &str) -> String {
    let mut longest = 2;
    let mut run = 0;
    for char in text.chars() {
        run = if char == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat(longest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_events::{Script, eventful, suite};

    fn summary(events: &[Event]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("summary.md");
        std::fs::write(&path, "what another step wrote\n").unwrap();
        let mut summary = StepSummary::new(&path);
        for event in events {
            summary.event(event).unwrap();
        }
        summary.finish().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        text.strip_prefix("what another step wrote\n")
            .unwrap()
            .to_owned()
    }

    #[test]
    fn a_table_and_the_failures() {
        insta::assert_snapshot!(summary(&eventful()), @"
        ### paceline: FAILED, 2 passed (1 flaky), 2 failed, 1 errored, 1 timed out, 1 crashed, 2 not run; 1 failure is allowed (7.60s)

        | suite | outcome | time |
        |---|---|--:|
        | unit | passed, flaky | 2.60s |
        | lint | failed, allowed | 0.41s |
        | integration | failed | 3.79s |
        | deploy | not run |  |
        | smoke | not run |  |
        | hang | timed out | 5.00s |
        | segv | crashed | 0.10s |
        | missing | errored | 0.00s |
        | quick | passed | 0.05s |

        <details><summary>FAIL lint: exit code 1</summary>

        ```text
        E501 line too long
        ```

        ```sh
        paceline run lint
        ```

        </details>

        <details><summary>FAIL integration: exit code 1</summary>

        ```text
        --- FAIL: TestPut (0.10s)
            put_test.go:12: got 1, want 2
        FAIL
        ```

        ```sh
        paceline run integration
        ```

        </details>

        <details><summary>TIMEOUT hang: timed out after 5s</summary>

        ```sh
        paceline run hang
        ```

        </details>

        <details><summary>SIGSEGV segv: signal 11 (SIGSEGV)</summary>

        ```sh
        paceline run segv
        ```

        </details>

        <details><summary>ERROR missing: cannot start gmake: no such file or directory</summary>

        ```sh
        paceline run missing
        ```

        </details>
        ");
    }

    #[test]
    fn tests_of_frameworks_are_counted_by_suite() {
        let text = summary(&crate::test_framework::eventful_suite());
        let (head, rest) = text.split_once("<details>").unwrap();
        insta::assert_snapshot!(head, @"
        ### paceline: FAILED, 4 passed (1 flaky), 2 failed, 2 errored, 1 timed out, 1 crashed, 2 skipped, 1 xfailed, 1 xpassed (8.26s)

        | suite | passed | failed | flaky | skipped | not run | time |
        |---|--:|--:|--:|--:|--:|--:|
        | api | 6 | 6 | 1 | 2 | 0 | 8.26s |
        ");
        let refund = rest
            .split("<details>")
            .find(|part| part.contains("test_refund"))
            .unwrap();
        insta::assert_snapshot!(refund, @"
        <summary>FAIL tests/test_orders.py::test_refund: assert 10 == 11</summary>

        ```text
            def test_refund():
        >       assert total() == 11
        E       assert 10 == 11
        E        +  where 10 = total()

        tests/test_orders.py:12: AssertionError
        E   OSError: disk full
        ```

        ```sh
        paceline run tests/test_orders.py::test_refund
        ```

        </details>
        ");
    }

    #[test]
    fn output_cannot_leave_its_fence() {
        let mut script = Script::new(1, vec![suite("a|b")]);
        script
            .start("a|b")
            .fail("a|b", "```\n</details>\n````\n")
            .finish();
        let text = summary(&script.events);
        assert!(
            text.contains("\n`````text\n```\n</details>\n````\n`````\n"),
            "{text}"
        );
        assert!(text.contains("| a\\|b | failed | 0.00s |"), "{text}");
    }

    #[test]
    fn it_stays_below_what_github_takes() {
        let names: Vec<String> = (0..300).map(|i| format!("s{i}")).collect();
        let mut script = Script::new(1, names.iter().map(|name| suite(name)).collect());
        for name in &names {
            script.start(name).fail(name, &"x".repeat(16_000));
        }
        let text = summary(&script.finish().events);
        assert!(text.len() < 1_000_000, "{}", text.len());
        assert!(text.contains("| s299 | failed |"));
    }

    #[test]
    fn the_variable_names_the_file() {
        let environment = [("GITHUB_STEP_SUMMARY", "/tmp/x.md")].into_iter().collect();
        assert_eq!(
            StepSummary::from_environment(&environment).unwrap().path,
            Path::new("/tmp/x.md")
        );
        assert!(StepSummary::from_environment(&Environment::default()).is_none());
    }
}
