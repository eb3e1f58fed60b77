//! JUnit XML.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::json::described;
use crate::event::{Event, Reporter};
use crate::report::{FailureKind, Outcome, RunReport, TestReport};

/// JUnit XML at the end of the run, valid against the schema that Jenkins reads by.
#[derive(Debug)]
pub struct JUnit<W> {
    write: W,
    suite: String,
}

impl<W: Write> JUnit<W> {
    /// Writes here; the suite is what the test binary is called.
    pub fn new(write: W, suite: impl Into<String>) -> Self {
        Self {
            write,
            suite: suite.into(),
        }
    }
}

impl<W: Write + Send> Reporter for JUnit<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::RunFinished(run) = event {
            self.write
                .write_all(document(&self.suite, run).as_bytes())?;
            self.write.flush()?;
        }
        Ok(())
    }
}

fn document(suite: &str, run: &RunReport) -> String {
    let is_error = |test: &&TestReport| matches!(verdict(test), Some(("error", _)));
    let is_failure = |test: &&TestReport| matches!(verdict(test), Some(("failure", _)));
    // What failed outside of every test is a test of its own, or it would not be seen.
    let outside: Vec<_> = [
        ("set-up", &run.aborted),
        ("after_all", &run.after_all_failed),
    ]
    .into_iter()
    .filter_map(|(name, why)| Some((name, why.as_ref()?)))
    .collect();
    let tests = run.tests.len() + outside.len();
    let failures = run.tests.iter().filter(is_failure).count();
    let errors = run.tests.iter().filter(is_error).count() + outside.len();
    let time = run.duration.as_secs_f64();
    let suite = escaped(suite);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites name=\"{suite}\" tests=\"{tests}\" failures=\"{failures}\" \
         errors=\"{errors}\" time=\"{time:.3}\">\n\
         <testsuite name=\"{suite}\" tests=\"{tests}\" failures=\"{failures}\" \
         errors=\"{errors}\" skipped=\"{}\" time=\"{time:.3}\">",
        run.skipped
    );
    for test in &run.tests {
        case(&mut xml, &suite, test);
    }
    for (name, why) in outside {
        let why = escaped(why);
        let _ = writeln!(
            xml,
            "<testcase name=\"{name}\" classname=\"{suite}\" time=\"0.000\">\
             <error type=\"{name}\" message=\"{}\">{why}</error></testcase>",
            why.lines().next().unwrap_or_default(),
        );
    }
    xml.push_str("</testsuite>\n</testsuites>\n");
    xml
}

/// Whether a test is a failure or an error in the words of JUnit, and of which type.
fn verdict(test: &TestReport) -> Option<(&'static str, &'static str)> {
    let failure = test.outcome.failure()?;
    let element = match failure.kind {
        // A panic is how assertions of the standard library fail.
        FailureKind::Assertion | FailureKind::Panic => "failure",
        FailureKind::Error | FailureKind::Timeout | FailureKind::ServerExit => "error",
    };
    Some((element, failure.kind.as_str()))
}

fn case(xml: &mut String, suite: &str, test: &TestReport) {
    let name = escaped(&test.name);
    let time = test.duration.as_secs_f64();
    let _ = write!(
        xml,
        "<testcase name=\"{name}\" classname=\"{suite}\" time=\"{time:.3}\""
    );
    match &test.outcome {
        Outcome::Passed => xml.push_str("/>\n"),
        Outcome::Skipped(reason) => {
            let _ = writeln!(
                xml,
                "><skipped message=\"{}\"/></testcase>",
                escaped(reason)
            );
        }
        Outcome::Failed(failure) | Outcome::TimedOut(failure) => {
            let (element, kind) = verdict(test).unwrap_or(("error", "error"));
            let message = escaped(failure.message.lines().next().unwrap_or_default());
            let text = escaped(&described(test, failure));
            let _ = writeln!(
                xml,
                ">\n<{element} type=\"{kind}\" message=\"{message}\">{text}</{element}>\n</testcase>"
            );
        }
    }
}

/// Text for XML 1.0, without the characters that it cannot hold.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
