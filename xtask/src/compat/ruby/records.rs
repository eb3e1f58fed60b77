//! What a run says of each test.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// A test that has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) id: String,
    /// The outcome, with the framework's own word for it: `skipped/omission`.
    pub(super) outcome: String,
    pub(super) assertions: u64,
}

/// All tests of a run, in its order.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) tests: Vec<Test>,
}

impl Record {
    /// What the recorder wrote of the framework by itself.
    pub(super) fn of_framework(file: &Path) -> Result<Self> {
        let value = read(file)?;
        let tests = value.as_array().context("the record is no list")?;
        let tests = tests.iter().map(|test| {
            let text = |at: usize| test.get(at).and_then(Value::as_str).unwrap_or("");
            Test {
                id: without_number(text(0)),
                outcome: outcome(text(1), text(2)),
                assertions: test.get(3).and_then(Value::as_u64).unwrap_or(0),
            }
        });
        Ok(Self {
            tests: tests.collect(),
        })
    }

    /// What paceline's JSON report says.
    pub(super) fn of_paceline(file: &Path) -> Result<Self> {
        let value = read(file)?;
        let suites = value["suites"]
            .as_array()
            .context("the report has no suites")?;
        let tests = suites.iter().filter_map(|suite| suite["tests"].as_array());
        let tests = tests.flatten().map(|test| {
            let text = |key: &str| test[key].as_str().unwrap_or("");
            Test {
                id: without_number(text("native_id")),
                outcome: outcome(text("outcome"), text("native_outcome")),
                assertions: test["assertions"].as_u64().unwrap_or(0),
            }
        });
        Ok(Self {
            tests: tests.collect(),
        })
    }

    pub(super) fn assertions(&self) -> u64 {
        self.tests.iter().map(|test| test.assertions).sum()
    }
}

fn read(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file).with_context(|| {
        let log = file.with_extension("log");
        format!(
            "reading {}; what was printed is in {}",
            file.display(),
            log.display()
        )
    })?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))
}

fn outcome(outcome: &str, native: &str) -> String {
    if native.is_empty() {
        outcome.to_owned()
    } else {
        format!("{outcome}/{native}")
    }
}

/// paceline numbers tests of one name: `test_x(TestFoo) #2`.
fn without_number(id: &str) -> String {
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match id.rsplit_once(" #") {
        Some((plain, number)) if is_number(number) => plain.to_owned(),
        _ => id.to_owned(),
    }
}
