//! JUnit XML, valid against the schema of Jenkins' JUnit plugin, and with what GitLab, Buildkite and
//! others need.
//!
//! A suite is a `testsuite` and a test a `testcase`; a command is a test with its suite's name.
//! `classname` is `FRAMEWORK.SUITE`, so that `(classname, name)` is unique in the document and
//! viewers group by framework, then suite. Failed assertions and commands are `failure`; what timed
//! out, crashed or could not be run is `error`; what was not run is `skipped`, with the reason.
//! Retries are told as Surefire does: a test that passed in the end has a `flakyFailure` or
//! `flakyError` for each failed attempt and counts as passed; one that never passed has the first
//! attempt as its `failure` or `error`, and a `rerunFailure` or `rerunError` for each later one.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use paceline_engine::event::{AttemptResult, Event, RunStarted, TestFinished};
use paceline_engine::outcome::Outcome;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event as Xml};

use crate::atomic;
use crate::model::{Keep, Model, SuiteState};
use crate::reporter::{Destination, ReportError, Reporter};
use crate::sanitize;

/// Writes the report when the run has ended.
pub struct JunitReport {
    path: PathBuf,
    hostname: Option<String>,
    model: Model,
}

impl JunitReport {
    /// Writes to this file; directories above it are made. `hostname` is what the report says of
    /// the machine.
    pub fn new(path: &Path, hostname: Option<String>) -> Self {
        Self {
            path: path.to_owned(),
            hostname,
            model: Model::new(Keep::All),
        }
    }
}

impl Reporter for JunitReport {
    fn event(&mut self, event: &Event) -> Result<(), ReportError> {
        self.model.event(event);
        Ok(())
    }

    fn tick(&mut self, at: Duration) -> Result<(), ReportError> {
        self.model.tick(at);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ReportError> {
        let Some(run) = &self.model.run else {
            return Ok(());
        };
        let document = Document {
            model: &self.model,
            run,
            hostname: self.hostname.as_deref(),
            xml: Writer::new_with_indent(Vec::new(), b' ', 2),
            names: HashSet::new(),
        };
        let text = document
            .write()
            .map_err(|error| ReportError::new(Destination::File(self.path.clone()), error))?;
        atomic::write(&self.path, &text)
    }
}

struct Document<'a> {
    model: &'a Model,
    run: &'a RunStarted,
    hostname: Option<&'a str>,
    xml: Writer<Vec<u8>>,
    /// Pairs of class name and name that are taken.
    names: HashSet<(String, String)>,
}

/// What `testsuite` and `testsuites` count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Totals {
    fn of(suite: &SuiteState) -> Self {
        let mut totals = Self {
            tests: suite.tests.len(),
            ..Self::default()
        };
        for test in &suite.tests {
            match Verdict::of(test) {
                Verdict::Passed => {}
                Verdict::Failure => totals.failures += 1,
                Verdict::Error => totals.errors += 1,
                Verdict::Skipped => totals.skipped += 1,
            }
        }
        if suite.tests.is_empty() && suite.finished().is_none() {
            // The run broke off: the suite has a test that says so.
            totals.tests = 1;
            totals.skipped = 1;
        }
        totals
    }
}

/// What JUnit knows of a test's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failure,
    Error,
    Skipped,
}

impl Verdict {
    fn of(test: &TestFinished) -> Self {
        // A test that never passed is told by its first attempt; the kind of its element is too.
        match test.attempts.first().filter(|_| test.outcome.is_failure()) {
            Some(first) if first.outcome.is_failure() => Self::of_outcome(first.outcome),
            _ => Self::of_outcome(test.outcome),
        }
    }

    fn of_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed | Outcome::Xpassed => Self::Passed,
            Outcome::Failed => Self::Failure,
            Outcome::Errored | Outcome::TimedOut | Outcome::Crashed => Self::Error,
            Outcome::Skipped | Outcome::Xfailed | Outcome::NotRun => Self::Skipped,
        }
    }
}

impl Document<'_> {
    fn write(mut self) -> io::Result<Vec<u8>> {
        self.xml
            .write_event(Xml::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let model = self.model;
        let mut all = Totals::default();
        for totals in model.suites.iter().map(Totals::of) {
            all.tests += totals.tests;
            all.failures += totals.failures;
            all.errors += totals.errors;
        }
        let wall = model
            .finished
            .as_ref()
            .map_or(model.at, |finished| finished.wall);
        let mut start = BytesStart::new("testsuites");
        attribute(&mut start, "name", "paceline");
        attribute(&mut start, "time", &seconds(wall));
        attribute(&mut start, "tests", &all.tests.to_string());
        attribute(&mut start, "failures", &all.failures.to_string());
        attribute(&mut start, "errors", &all.errors.to_string());
        self.xml.write_event(Xml::Start(start))?;
        for (id, suite) in model.suites.iter().enumerate() {
            self.suite(id, suite)?;
        }
        self.xml
            .write_event(Xml::End(BytesEnd::new("testsuites")))?;
        let mut text = self.xml.into_inner();
        text.push(b'\n');
        Ok(text)
    }

    fn suite(&mut self, id: usize, suite: &SuiteState) -> io::Result<()> {
        let totals = Totals::of(suite);
        let duration = suite
            .finished()
            .map(|finished| finished.duration)
            .unwrap_or_default();
        let started = suite.started_at.unwrap_or_default();
        let mut start = BytesStart::new("testsuite");
        attribute(&mut start, "name", &suite.info.name);
        attribute(&mut start, "tests", &totals.tests.to_string());
        attribute(&mut start, "failures", &totals.failures.to_string());
        attribute(&mut start, "errors", &totals.errors.to_string());
        attribute(&mut start, "skipped", &totals.skipped.to_string());
        attribute(&mut start, "time", &seconds(duration));
        // Whole seconds, as readers differ in what they take beyond them.
        let timestamp = self.run.started + started;
        attribute(
            &mut start,
            "timestamp",
            &timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        );
        if let Some(hostname) = self.hostname {
            attribute(&mut start, "hostname", hostname);
        }
        attribute(&mut start, "id", &id.to_string());
        attribute(&mut start, "package", &suite.info.framework);
        if let Some(log) = &suite.info.log {
            attribute(&mut start, "log", log);
        }
        self.xml.write_event(Xml::Start(start))?;
        self.properties(suite)?;
        for test in &suite.tests {
            self.test(suite, test)?;
        }
        if suite.tests.is_empty() && suite.finished().is_none() {
            let time = Duration::ZERO;
            let class = class_name(suite);
            self.test_start(&class, &suite.info.name, time)?;
            self.skipped("the run ended before this did")?;
            self.xml.write_event(Xml::End(BytesEnd::new("testcase")))?;
        }
        self.xml.write_event(Xml::End(BytesEnd::new("testsuite")))
    }

    fn properties(&mut self, suite: &SuiteState) -> io::Result<()> {
        let mut properties = vec![
            ("paceline.run_id", self.run.run.as_str()),
            ("paceline.command", &suite.info.command),
            ("paceline.dir", &suite.info.dir),
        ];
        if let Some(category) = &suite.info.category {
            properties.push(("paceline.category", category));
        }
        if suite.info.allow_failure {
            properties.push(("paceline.allow_failure", "true"));
        }
        self.xml
            .write_event(Xml::Start(BytesStart::new("properties")))?;
        for (name, value) in properties {
            let mut property = BytesStart::new("property");
            attribute(&mut property, "name", name);
            attribute(&mut property, "value", value);
            self.xml.write_event(Xml::Empty(property))?;
        }
        self.xml.write_event(Xml::End(BytesEnd::new("properties")))
    }

    fn test(&mut self, suite: &SuiteState, test: &TestFinished) -> io::Result<()> {
        let class = class_name(suite);
        let prefix = format!("{}::", suite.info.name);
        let name = test.test.strip_prefix(&prefix).unwrap_or(&test.test);
        let name = self.unique(&class, name);
        let last = test.attempts.last();
        let time = last.map(|last| last.duration).unwrap_or_default();
        if test.attempts.is_empty() && Verdict::of(test) == Verdict::Passed {
            return self.test_empty(&class, &name, time);
        }
        self.test_start(&class, &name, time)?;
        let message = test.message.as_deref().unwrap_or_default();
        match (Verdict::of(test), test.attempts.split_first()) {
            (Verdict::Passed, _) => {
                for attempt in test
                    .attempts
                    .iter()
                    .filter(|attempt| attempt.outcome.is_failure())
                {
                    self.rerun("flaky", attempt)?;
                }
            }
            (Verdict::Skipped, _) => self.skipped(message)?,
            (verdict, Some((first, later))) => {
                let own = first.message.as_deref().unwrap_or(message);
                self.failure(verdict, first.outcome, own, &first.tail)?;
                for attempt in later {
                    self.rerun("rerun", attempt)?;
                }
            }
            (verdict, None) => self.failure(verdict, test.outcome, message, &[])?,
        }
        self.xml.write_event(Xml::End(BytesEnd::new("testcase")))
    }

    /// The name, or one like it that is not yet taken: readers drop a second one.
    fn unique(&mut self, class: &str, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut number = 1;
        while !self.names.insert((class.to_owned(), unique.clone())) {
            number += 1;
            unique = format!("{name} ({number})");
        }
        unique
    }

    fn test_case<'x>(class: &str, name: &str, time: Duration) -> BytesStart<'x> {
        let mut start = BytesStart::new("testcase");
        attribute(&mut start, "name", name);
        attribute(&mut start, "classname", class);
        attribute(&mut start, "time", &seconds(time));
        start
    }

    fn test_start(&mut self, class: &str, name: &str, time: Duration) -> io::Result<()> {
        self.xml
            .write_event(Xml::Start(Self::test_case(class, name, time)))
    }

    fn test_empty(&mut self, class: &str, name: &str, time: Duration) -> io::Result<()> {
        self.xml
            .write_event(Xml::Empty(Self::test_case(class, name, time)))
    }

    fn skipped(&mut self, message: &str) -> io::Result<()> {
        let mut skipped = BytesStart::new("skipped");
        attribute(&mut skipped, "message", message);
        self.xml.write_event(Xml::Empty(skipped))
    }

    fn failure(
        &mut self,
        verdict: Verdict,
        outcome: Outcome,
        message: &str,
        tail: &[u8],
    ) -> io::Result<()> {
        let element = if verdict == Verdict::Failure {
            "failure"
        } else {
            "error"
        };
        // The message is also the first line of the text, as GitLab shows nothing else.
        let text = [message.as_bytes(), b"\n", tail].concat();
        self.text_element(problem(element, outcome, message), &text)
    }

    /// `rerunFailure`, `flakyError` and the like.
    fn rerun(&mut self, kind: &str, attempt: &AttemptResult) -> io::Result<()> {
        let what = match Verdict::of_outcome(attempt.outcome) {
            Verdict::Failure => "Failure",
            _ => "Error",
        };
        let element = format!("{kind}{what}");
        let message = attempt.message.as_deref().unwrap_or_default();
        let start = problem(&element, attempt.outcome, message);
        self.xml.write_event(Xml::Start(start))?;
        self.text_element(BytesStart::new("stackTrace"), &attempt.tail)?;
        self.xml.write_event(Xml::End(BytesEnd::new(element)))
    }

    fn text_element(&mut self, start: BytesStart<'_>, text: &[u8]) -> io::Result<()> {
        let text = xml_text(&sanitize::plain(text));
        if text.is_empty() {
            return self.xml.write_event(Xml::Empty(start));
        }
        let end = start.to_end().into_owned();
        self.xml.write_event(Xml::Start(start))?;
        self.xml.write_event(Xml::Text(BytesText::new(&text)))?;
        self.xml.write_event(Xml::End(end))
    }
}

fn problem<'x>(element: &str, outcome: Outcome, message: &str) -> BytesStart<'x> {
    let mut start = BytesStart::new(element.to_owned());
    attribute(&mut start, "type", outcome.as_str());
    attribute(&mut start, "message", message);
    start
}

fn class_name(suite: &SuiteState) -> String {
    format!("{}.{}", suite.info.framework, suite.info.name)
}

fn attribute(start: &mut BytesStart<'_>, name: &str, value: &str) {
    let value = xml_text(value);
    start.push_attribute((name, value.as_str()));
}

/// Text without the characters that XML 1.0 cannot have, not even escaped.
fn xml_text(text: &str) -> String {
    let is_legal = |char: &char| matches!(char, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(is_legal).collect()
}

/// Seconds with three decimals, which every reader takes.
fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

#[cfg(test)]
mod tests;
