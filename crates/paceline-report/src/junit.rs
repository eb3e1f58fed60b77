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
mod tests {
    use std::collections::BTreeMap;

    use quick_xml::Reader;

    use super::*;
    use crate::test_events::{Script, crashed, errored, eventful, suite, timed_out};

    fn junit(events: &[Event]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out/junit.xml");
        let mut report = JunitReport::new(&path, Some("ci-1".to_owned()));
        for event in events {
            report.event(event).unwrap();
        }
        report.finish().unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    /// An element with everything in it.
    #[derive(Debug, Default)]
    struct Element {
        name: String,
        attributes: BTreeMap<String, String>,
        children: Vec<Element>,
        text: String,
    }

    fn parse(document: &str) -> Element {
        let mut reader = Reader::from_str(document);
        let mut open = vec![Element::default()];
        let element = |start: &BytesStart<'_>| Element {
            name: start.name().as_ref().to_owned(),
            attributes: start
                .attributes()
                .map(|attribute| {
                    let attribute = attribute.unwrap();
                    let name = attribute.key.as_ref().to_owned();
                    let value = attribute.value.into_owned();
                    (
                        name,
                        quick_xml::escape::unescape(&value).unwrap().into_owned(),
                    )
                })
                .collect(),
            ..Element::default()
        };
        loop {
            match reader.read_event().unwrap() {
                Xml::Start(start) => open.push(element(&start)),
                Xml::Empty(start) => open.last_mut().unwrap().children.push(element(&start)),
                Xml::End(_) => {
                    let done = open.pop().unwrap();
                    open.last_mut().unwrap().children.push(done);
                }
                Xml::Text(text) => {
                    open.last_mut().unwrap().text.push_str(&text);
                }
                Xml::GeneralRef(reference) => {
                    let name: &str = &reference;
                    let text = quick_xml::escape::unescape(&format!("&{name};"))
                        .unwrap()
                        .into_owned();
                    open.last_mut().unwrap().text.push_str(&text);
                }
                Xml::Eof => break,
                _ => {}
            }
        }
        open.pop().unwrap().children.pop().unwrap()
    }

    impl Element {
        fn attribute(&self, name: &str) -> &str {
            self.attributes.get(name).map_or("", String::as_str)
        }

        fn number(&self, name: &str) -> usize {
            self.attribute(name).parse().unwrap()
        }

        fn count(&self, name: &str) -> usize {
            usize::from(self.name == name)
                + self
                    .children
                    .iter()
                    .map(|child| child.count(name))
                    .sum::<usize>()
        }

        fn all<'a>(&'a self, name: &str, found: &mut Vec<&'a Element>) {
            if self.name == name {
                found.push(self);
            }
            for child in &self.children {
                child.all(name, found);
            }
        }
    }

    /// What Jenkins' schema says: for each element its attributes, of these the required ones, and
    /// its children.
    fn assert_schema(element: &Element) {
        const RERUN: (&[&str], &[&str], &[&str]) = (
            &["message", "type"],
            &["type"],
            &["stackTrace", "system-out", "system-err"],
        );
        let (attributes, required, children): (&[&str], &[&str], &[&str]) =
            match element.name.as_str() {
                "testsuites" => (
                    &["name", "time", "tests", "failures", "errors"],
                    &[],
                    &["testsuite"],
                ),
                "testsuite" => (
                    &[
                        "name",
                        "tests",
                        "failures",
                        "errors",
                        "group",
                        "time",
                        "skipped",
                        "timestamp",
                        "hostname",
                        "id",
                        "package",
                        "file",
                        "log",
                        "url",
                        "version",
                    ],
                    &["name", "tests", "failures", "errors"],
                    &[
                        "testsuite",
                        "properties",
                        "testcase",
                        "system-out",
                        "system-err",
                    ],
                ),
                "properties" => (&[], &[], &["property"]),
                "property" => (&["name", "value"], &["name", "value"], &[]),
                "testcase" => (
                    &["name", "time", "classname", "group"],
                    &["name", "classname"],
                    &[
                        "skipped",
                        "error",
                        "failure",
                        "rerunFailure",
                        "rerunError",
                        "flakyFailure",
                        "flakyError",
                        "system-out",
                        "system-err",
                    ],
                ),
                "failure" | "error" | "skipped" => (&["type", "message"], &[], &[]),
                "rerunFailure" | "rerunError" | "flakyFailure" | "flakyError" => RERUN,
                "stackTrace" | "system-out" | "system-err" => (&[], &[], &[]),
                other => panic!("no element of the schema: {other}"),
            };
        for name in element.attributes.keys() {
            assert!(
                attributes.contains(&name.as_str()),
                "{}@{name}",
                element.name
            );
        }
        for name in required {
            assert!(
                element.attributes.contains_key(*name),
                "{}@{name} is missing",
                element.name
            );
        }
        if let Some(time) = element.attributes.get("time") {
            let (whole, decimals) = time.split_once('.').unwrap();
            assert!(
                whole.parse::<u64>().is_ok() && decimals.len() == 3,
                "{time}"
            );
        }
        for child in &element.children {
            assert!(
                children.contains(&child.name.as_str()),
                "{} in {}",
                child.name,
                element.name
            );
            assert_schema(child);
        }
        if element.name == "testsuite" || element.name == "testsuites" {
            assert_eq!(element.number("tests"), element.count("testcase"));
            assert_eq!(element.number("failures"), element.count("failure"));
            assert_eq!(element.number("errors"), element.count("error"));
        }
        if element.name == "testsuite" {
            assert_eq!(element.number("skipped"), element.count("skipped"));
        }
    }

    fn assert_valid(document: &str) -> Element {
        let root = parse(document);
        assert_eq!(root.name, "testsuites");
        assert_schema(&root);
        let mut cases = Vec::new();
        root.all("testcase", &mut cases);
        let names: HashSet<(&str, &str)> = cases
            .iter()
            .map(|case| (case.attribute("classname"), case.attribute("name")))
            .collect();
        assert_eq!(names.len(), cases.len(), "names are unique");
        root
    }

    #[test]
    fn a_run_with_everything() {
        let document = junit(&eventful());
        assert_valid(&document);
        insta::assert_snapshot!(document, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="paceline" time="7.600" tests="9" failures="2" errors="3">
          <testsuite name="unit" tests="1" failures="0" errors="0" skipped="0" time="2.600" timestamp="2026-11-20T15:00:00Z" hostname="ci-1" id="0" package="command" log=".paceline/logs/unit.log">
            <properties>
              <property name="paceline.run_id" value="01K3F9"/>
              <property name="paceline.command" value="make unit"/>
              <property name="paceline.dir" value="."/>
            </properties>
            <testcase name="unit" classname="command.unit" time="1.400">
              <flakyFailure type="failed" message="exit code 1">
                <stackTrace>connection refused
        </stackTrace>
              </flakyFailure>
            </testcase>
          </testsuite>
          <testsuite name="lint" tests="1" failures="1" errors="0" skipped="0" time="0.410" timestamp="2026-11-20T15:00:00Z" hostname="ci-1" id="1" package="command" log=".paceline/logs/lint.log">
            <properties>
              <property name="paceline.run_id" value="01K3F9"/>
              <property name="paceline.command" value="make lint"/>
              <property name="paceline.dir" value="."/>
              <property name="paceline.allow_failure" value="true"/>
            </properties>
            <testcase name="lint" classname="command.lint" time="0.410">
              <failure type="failed" message="exit code 1">exit code 1
        E501 line too long
        </failure>
            </testcase>
          </testsuite>
          <testsuite name="integration" tests="1" failures="1" errors="0" skipped="0" time="3.790" timestamp="2026-11-20T15:00:00Z" hostname="ci-1" id="2" package="command" log=".paceline/logs/integration.log">
            <properties>
              <property name="paceline.run_id" value="01K3F9"/>
              <property name="paceline.command" value="go test ./..."/>
              <property name="paceline.dir" value="services/go proxy"/>
              <property name="paceline.category" value="integration"/>
            </properties>
            <testcase name="integration" classname="command.integration" time="2.200">
              <failure type="failed" message="exit code 1">exit code 1
        first try
        </failure>
              <rerunFailure type="failed" message="exit code 1">
                <stackTrace>--- FAIL: TestPut (0.10s)
            put_test.go:12: got 1, want 2
        FAIL
        </stackTrace>
              </rerunFailure>
            </testcase>
          </testsuite>
          <testsuite name="deploy" tests="1" failures="0" errors="0" skipped="1" time="0.000" timestamp="2026-11-20T15:00:00Z" hostname="ci-1" id="3" package="command" log=".paceline/logs/deploy.log">
            <properties>
              <property name="paceline.run_id" value="01K3F9"/>
              <property name="paceline.command" value="make deploy"/>
              <property name="paceline.dir" value="."/>
            </properties>
            <testcase name="deploy" classname="command.deploy" time="0.000">
              <skipped message="needs integration, which failed"/>
            </testcase>
          </testsuite>
          <testsuite name="smoke" tests="1" failures="0" errors="0" skipped="1" time="0.000" timestamp="2026-11-20T15:00:00Z" hostname="ci-1" id="4" package="command" log=".paceline/logs/smoke.log">
            <properties>
              <property name="paceline.run_id" value="01K3F9"/>
              <property name="paceline.command" value="make smoke"/>
              <property name="paceline.dir" value="."/>
            </properties>
            <testcase name="smoke" classname="command.smoke" time="0.000">
              <skipped message="needs deploy, which needs integration, which failed"/>
            </testcase>
          </testsuite>
          <testsuite name="hang" tests="1" failures="0" errors="1" skipped="0" time="5.000" timestamp="2026-11-20T15:00:02Z" hostname="ci-1" id="5" package="command" log=".paceline/logs/hang.log">
            <properties>
              <property name="paceline.run_id" value="01K3F9"/>
              <property name="paceline.command" value="make hang"/>
              <property name="paceline.dir" value="."/>
            </properties>
            <testcase name="hang" classname="command.hang" time="5.000">
              <error type="timed out" message="timed out after 5s">timed out after 5s
        </error>
            </testcase>
          </testsuite>
          <testsuite name="segv" tests="1" failures="0" errors="1" skipped="0" time="0.100" timestamp="2026-11-20T15:00:04Z" hostname="ci-1" id="6" package="command" log=".paceline/logs/segv.log">
            <properties>
              <property name="paceline.run_id" value="01K3F9"/>
              <property name="paceline.command" value="make segv"/>
              <property name="paceline.dir" value="."/>
            </properties>
            <testcase name="segv" classname="command.segv" time="0.100">
              <error type="crashed" message="signal 11 (SIGSEGV)">signal 11 (SIGSEGV)
        </error>
            </testcase>
          </testsuite>
          <testsuite name="missing" tests="1" failures="0" errors="1" skipped="0" time="0.000" timestamp="2026-11-20T15:00:04Z" hostname="ci-1" id="7" package="command" log=".paceline/logs/missing.log">
            <properties>
              <property name="paceline.run_id" value="01K3F9"/>
              <property name="paceline.command" value="make missing"/>
              <property name="paceline.dir" value="."/>
            </properties>
            <testcase name="missing" classname="command.missing" time="0.000">
              <error type="errored" message="cannot start gmake: no such file or directory">cannot start gmake: no such file or directory
        </error>
            </testcase>
          </testsuite>
          <testsuite name="quick" tests="1" failures="0" errors="0" skipped="0" time="0.050" timestamp="2026-11-20T15:00:04Z" hostname="ci-1" id="8" package="command" log=".paceline/logs/quick.log">
            <properties>
              <property name="paceline.run_id" value="01K3F9"/>
              <property name="paceline.command" value="make quick"/>
              <property name="paceline.dir" value="."/>
            </properties>
            <testcase name="quick" classname="command.quick" time="0.050">
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn a_run_that_broke_off_at_any_point_makes_a_valid_document() {
        let events = eventful();
        for end in 1..=events.len() {
            let root = assert_valid(&junit(&events[..end]));
            assert_eq!(root.count("testsuite"), 9);
            assert_eq!(root.count("testcase"), 9);
        }
    }

    #[test]
    fn what_never_passed_has_its_first_attempt_and_reruns_of_their_own_kinds() {
        let mut retried = suite("a");
        retried.retries = 3;
        let mut script = Script::new(1, vec![retried]);
        script
            .start("a")
            .fail_and_retry("a", "one\n")
            .fail_and_retry("a", "two\n");
        script
            .fail_and_retry("a", "three\n")
            .end("a", timed_out)
            .finish();
        let root = assert_valid(&junit(&script.events));
        let mut cases = Vec::new();
        root.all("testcase", &mut cases);
        let kinds: Vec<&str> = cases[0]
            .children
            .iter()
            .map(|child| child.name.as_str())
            .collect();
        assert_eq!(
            kinds,
            ["failure", "rerunFailure", "rerunFailure", "rerunError"]
        );
        assert_eq!(cases[0].children[0].text, "exit code 1\none\n");
        assert_eq!(
            cases[0].children[3].attribute("message"),
            "timed out after 5s"
        );
    }

    #[test]
    fn crashes_and_what_cannot_start_are_errors() {
        let mut script = Script::new(1, vec![suite("a"), suite("b")]);
        script
            .start("a")
            .end("a", crashed)
            .start("b")
            .end("b", errored)
            .finish();
        let root = assert_valid(&junit(&script.events));
        assert_eq!((root.number("failures"), root.number("errors")), (0, 2));
    }

    #[test]
    fn text_is_stripped_of_what_xml_cannot_have_and_escaped() {
        let mut script = Script::new(1, vec![suite("a<b>\"&'")]);
        script
            .start("a<b>\"&'")
            .fail(
                "a<b>\"&'",
                "\u{1b}[31m<&>\u{1b}[0m\0\u{c}\u{ffff}]]>\u{fffd}\n",
            )
            .finish();
        let document = junit(&script.events);
        let root = assert_valid(&document);
        let mut failures = Vec::new();
        root.all("failure", &mut failures);
        assert_eq!(failures[0].text, "exit code 1\n<&>]]>\u{fffd}\n");
        assert_eq!(root.children[0].attribute("name"), "a<b>\"&'");
        assert!(!document.contains("]]>"), "{document}");
    }

    #[test]
    fn names_that_occur_twice_are_told_apart() {
        let mut script = Script::new(1, vec![suite("a")]);
        script.start("a").pass("a").finish();
        let mut events = script.events.clone();
        let test = events.iter().position(|event| {
            matches!(
                event.kind,
                paceline_engine::event::EventKind::TestFinished(_)
            )
        });
        let again = events[test.unwrap()].clone();
        events.insert(test.unwrap(), again);
        let root = assert_valid(&junit(&events));
        let mut cases = Vec::new();
        root.all("testcase", &mut cases);
        assert_eq!(cases[1].attribute("name"), "a (2)");
    }
}
