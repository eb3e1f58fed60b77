//! JUnit XML, valid against the schema of Jenkins' JUnit plugin, and with what GitLab, Buildkite and
//! others need. Beyond that schema a `testcase` may have the attributes `class`, `file`, `line` and
//! `assertions`, as PHPUnit writes them, and `status`, the framework's own word for the outcome.
//!
//! A suite is a `testsuite` and a test a `testcase`. Failed assertions and commands are `failure`;
//! what timed out, crashed or could not be run is `error`; what was not run is `skipped`, with the
//! reason.
//!
//! A command is a test with its suite's name, in the class `FRAMEWORK.SUITE`. The tests of a
//! framework are told as its own JUnit XML tells them (see `pytest`), after the suite's name where
//! there are several such suites. `(classname, name)` is unique in the document.
//!
//! Retries are told as Surefire does: a test that passed in the end has a `flakyFailure` or
//! `flakyError` for each failed attempt and counts as passed; one that never passed has a `failure`
//! or `error`, and a `rerunFailure` or `rerunError` for each other attempt: the later ones of a
//! command, the earlier ones of a test, of whose last attempt the framework has told most.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use paceline_engine::event::{Event, RunStarted, TestFinished};
use quick_xml::Writer;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event as Xml};
use quick_xml::name::QName;

use crate::atomic;
use crate::model::{Keep, Model, SuiteState};
use crate::reporter::{Destination, ReportError, Reporter};

mod case;
mod native;
mod phpunit;
mod pytest;
mod ruby;

use case::Element;

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
        self.model.settle();
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
    fn of(suite: &SuiteState, prefix: Option<&str>) -> Self {
        let mut totals = Self {
            tests: suite.tests.len(),
            ..Self::default()
        };
        for test in &suite.tests {
            for element in case::of(suite, test, prefix).elements {
                match element.tag {
                    "failure" => totals.failures += 1,
                    "error" => totals.errors += 1,
                    "skipped" => totals.skipped += 1,
                    _ => {}
                }
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

impl Document<'_> {
    fn write(mut self) -> io::Result<Vec<u8>> {
        self.xml
            .write_event(Xml::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let model = self.model;
        let mut all = Totals::default();
        for suite in &model.suites {
            let totals = Totals::of(suite, self.prefix(suite));
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
        let totals = Totals::of(suite, self.prefix(suite));
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
            let class = case::class_of_suite(suite);
            let start = test_case(&class, &suite.info.name, Duration::ZERO);
            self.xml.write_event(Xml::Start(start))?;
            self.element(&Element::new("skipped", "the run ended before this did"))?;
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

    /// What goes before the class names of a suite's tests: its name, unless it is the only suite
    /// whose class names come from a framework.
    fn prefix<'s>(&self, suite: &'s SuiteState) -> Option<&'s str> {
        let mut frameworks = self.model.suites.iter().filter(|suite| !suite.is_command());
        let is_only = frameworks.next().is_some() && frameworks.next().is_none();
        (!suite.is_command() && !is_only).then_some(&*suite.info.name)
    }

    fn test(&mut self, suite: &SuiteState, test: &TestFinished) -> io::Result<()> {
        let case = case::of(suite, test, self.prefix(suite));
        let name = self.unique(&case.class, &case.name);
        let mut start = test_case(&case.class, &name, case.time);
        for (name, value) in &case.more {
            attribute(&mut start, name, value);
        }
        if case.elements.is_empty() && case.output == [None, None] {
            return self.xml.write_event(Xml::Empty(start));
        }
        self.xml.write_event(Xml::Start(start))?;
        for element in &case.elements {
            self.element(element)?;
        }
        for (tag, text) in ["system-out", "system-err"].into_iter().zip(&case.output) {
            if let Some(text) = text {
                self.text_element(BytesStart::new(tag), text)?;
            }
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

    fn element(&mut self, element: &Element) -> io::Result<()> {
        let mut start = BytesStart::new(element.tag);
        if let Some(kind) = &element.kind {
            attribute(&mut start, "type", kind);
        }
        attribute(&mut start, "message", &element.message);
        let text = element.text.as_deref().unwrap_or_default();
        if !element.is_rerun {
            return self.text_element(start, text);
        }
        self.xml.write_event(Xml::Start(start))?;
        self.text_element(BytesStart::new("stackTrace"), text)?;
        self.xml.write_event(Xml::End(BytesEnd::new(element.tag)))
    }

    fn text_element(&mut self, start: BytesStart<'_>, text: &str) -> io::Result<()> {
        let text = xml_text(text);
        if text.is_empty() {
            return self.xml.write_event(Xml::Empty(start));
        }
        let end = start.to_end().into_owned();
        self.xml.write_event(Xml::Start(start))?;
        self.xml.write_event(Xml::Text(BytesText::new(&text)))?;
        self.xml.write_event(Xml::End(end))
    }
}

fn test_case<'x>(class: &str, name: &str, time: Duration) -> BytesStart<'x> {
    let mut start = BytesStart::new("testcase");
    attribute(&mut start, "name", name);
    attribute(&mut start, "classname", class);
    attribute(&mut start, "time", &seconds(time));
    start
}

fn attribute(start: &mut BytesStart<'_>, name: &str, value: &str) {
    // White space other than blanks would be read as blanks.
    let value = quick_xml::escape::escape(xml_text(value))
        .replace('\t', "&#9;")
        .replace('\n', "&#10;")
        .replace('\r', "&#13;");
    start.push_attribute(Attribute {
        key: QName(name),
        value: value.into(),
    });
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
mod framework_tests;
#[cfg(test)]
mod tests;
