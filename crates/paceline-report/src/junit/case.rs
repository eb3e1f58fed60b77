//! What a `testcase` holds, made from a test by the rules of what ran it.

use std::fmt::Write as _;
use std::time::Duration;

use paceline_engine::event::{AttemptResult, TestDetails, TestFinished};
use paceline_engine::outcome::Outcome;

use super::{phpunit, pytest, ruby};
use crate::model::SuiteState;
use crate::naming;
use crate::sanitize;

/// A `testcase`.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) class: String,
    pub(super) name: String,
    /// Attributes that only some frameworks have.
    pub(super) more: Vec<(&'static str, String)>,
    pub(super) time: Duration,
    pub(super) elements: Vec<Element>,
    /// `system-out` and `system-err`.
    pub(super) output: [Option<String>; 2],
}

/// An element of a `testcase`.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) tag: &'static str,
    /// The attribute `type`.
    pub(super) kind: Option<String>,
    pub(super) message: String,
    pub(super) text: Option<String>,
    /// Whether the text stands in a `stackTrace` of its own.
    pub(super) is_rerun: bool,
}

impl Element {
    pub(super) fn new(tag: &'static str, message: impl Into<String>) -> Self {
        Self {
            tag,
            kind: None,
            message: message.into(),
            text: None,
            is_rerun: false,
        }
    }

    pub(super) fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }
}

/// The `testcase` of a test. `prefix` goes before the class names of frameworks, where several
/// suites could have the same.
pub(super) fn of(suite: &SuiteState, test: &TestFinished, prefix: Option<&str>) -> Case {
    if suite.is_command() {
        return Case {
            class: class_of_suite(suite),
            name: test.test.to_string(),
            more: Vec::new(),
            time: last_duration(test),
            elements: by_attempts(test),
            output: [None, None],
        };
    }
    let (class, name) = match suite.info.framework.as_str() {
        "phpunit" => phpunit::address(naming::native_id(test)),
        "pytest" => pytest::address(naming::native_id(test)),
        name @ ("test-unit" | "minitest") => ruby::address(name, naming::native_id(test)),
        _ => (
            suite.info.framework.clone(),
            naming::native_id(test).to_owned(),
        ),
    };
    let class = match prefix {
        Some(prefix) if class.is_empty() => prefix.to_owned(),
        Some(prefix) => format!("{prefix}.{class}"),
        None => class,
    };
    let details = test.details.as_deref();
    let mut elements = match (suite.info.framework.as_str(), details) {
        ("phpunit", Some(details)) => phpunit::elements(test, details),
        ("pytest", Some(details)) => pytest::elements(test, details),
        ("test-unit" | "minitest", Some(details)) => ruby::elements(test, details),
        _ => Vec::new(),
    };
    if elements.is_empty() {
        elements = by_message(test);
    }
    let earlier = test
        .attempts
        .split_last()
        .map_or(&[][..], |(_, earlier)| earlier);
    elements.extend(reruns(test, earlier));
    let phases = details.and_then(|details| details.phases);
    let time = phases.and_then(|phases| Duration::try_from_secs_f64(phases.iter().sum()).ok());
    let output = match (suite.info.framework.as_str(), details) {
        ("phpunit", Some(details)) => [phpunit::output(details), None],
        _ => output(test),
    };
    Case {
        class,
        name,
        more: details.map_or_else(Vec::new, |details| more(suite, details)),
        time: time.unwrap_or_else(|| last_duration(test)),
        elements,
        output,
    }
}

/// Attributes beyond those of every `testcase`: what PHPUnit writes too, and the framework's own word
/// for the outcome.
fn more(suite: &SuiteState, details: &TestDetails) -> Vec<(&'static str, String)> {
    let mut more = Vec::new();
    let framework = suite.info.framework.as_str();
    if framework == "phpunit" {
        let class = phpunit::class(&details.native_id);
        more.extend(class.map(|class| ("class", class.to_owned())));
    }
    // What pytest's own report of this family does not have.
    if framework != "pytest" {
        more.extend(details.file.clone().map(|file| ("file", file)));
        more.extend(details.line.map(|line| ("line", line.to_string())));
    }
    let assertions = details.assertions;
    more.extend(assertions.map(|count| ("assertions", count.to_string())));
    more.extend(details.native_outcome.clone().map(|word| ("status", word)));
    more
}

/// The class name of a suite, or of a command's only test.
pub(super) fn class_of_suite(suite: &SuiteState) -> String {
    format!("{}.{}", suite.info.framework, suite.info.name)
}

fn last_duration(test: &TestFinished) -> Duration {
    test.attempts
        .last()
        .map(|last| last.duration)
        .unwrap_or_default()
}

/// How a failure of this outcome is told; `None` where it is none.
fn failure_tag(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Failed => Some("failure"),
        Outcome::Errored | Outcome::TimedOut | Outcome::Crashed => Some("error"),
        _ => None,
    }
}

/// A command is told by its attempts: the first failure, then the later ones as reruns.
fn by_attempts(test: &TestFinished) -> Vec<Element> {
    let is_told_by_first = |first: &&AttemptResult| first.outcome.is_failure();
    let (first, later) = match test.attempts.split_first() {
        Some((first, later)) if test.outcome.is_failure() && is_told_by_first(&first) => {
            (Some(first), later)
        }
        _ => (None, &test.attempts[..]),
    };
    let Some(first) = first else {
        let mut elements = by_message(test);
        if !test.outcome.is_failure() {
            elements.extend(reruns(test, later));
        }
        return elements;
    };
    let message = first.message.as_ref().or(test.message.as_ref());
    let mut elements: Vec<Element> = failure(first.outcome, message, &first.tail)
        .into_iter()
        .collect();
    elements.extend(reruns(test, later));
    elements
}

/// What is known without attempts and details.
fn by_message(test: &TestFinished) -> Vec<Element> {
    let message = test.message.as_ref();
    let tail = test.attempts.last().map_or(&[][..], |last| &last.tail);
    let element = match test.outcome {
        Outcome::Skipped | Outcome::Xfailed | Outcome::NotRun => Some(Element::new(
            "skipped",
            message.cloned().unwrap_or_default(),
        )),
        outcome => failure(outcome, message, tail),
    };
    element.into_iter().collect()
}

fn failure(outcome: Outcome, message: Option<&String>, tail: &[u8]) -> Option<Element> {
    let message = message.cloned().unwrap_or_default();
    // The message is also the first line of the text, as GitLab shows nothing else.
    let text = format!("{message}\n{}", sanitize::plain(tail));
    let tag = failure_tag(outcome)?;
    Some(Element::new(tag, message).kind(outcome.as_str()).text(text))
}

/// Failed attempts as Surefire tells them: flaky ones of a test that passed in the end, and reruns
/// of one that did not.
fn reruns<'a>(
    test: &TestFinished,
    attempts: &'a [AttemptResult],
) -> impl Iterator<Item = Element> + use<'a> {
    let passed = !test.outcome.is_failure();
    attempts.iter().filter_map(move |attempt| {
        if passed && !attempt.outcome.is_failure() {
            return None;
        }
        let tag = match (passed, failure_tag(attempt.outcome)) {
            (true, Some("failure")) => "flakyFailure",
            (true, _) => "flakyError",
            (false, Some("failure")) => "rerunFailure",
            (false, _) => "rerunError",
        };
        let message = attempt.message.as_deref().unwrap_or_default();
        let mut element = Element::new(tag, message)
            .kind(attempt.outcome.as_str())
            .text(sanitize::plain(&attempt.tail));
        element.is_rerun = true;
        Some(element)
    })
}

/// What the test printed, each piece below its framework's title for it.
fn output(test: &TestFinished) -> [Option<String>; 2] {
    let mut output = [None, None];
    for (title, text) in test.details.iter().flat_map(|details| &details.sections) {
        let stream = usize::from(title.contains("stderr"));
        let all: &mut String = output[stream].get_or_insert_default();
        let text = sanitize::plain(text.as_bytes());
        // Writing to a string does not fail.
        let _ = write!(all, "{:-^80}\n{text}", format!(" {title} "));
        if !all.ends_with('\n') {
            all.push('\n');
        }
    }
    output
}
