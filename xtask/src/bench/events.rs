//! What a run's events say of it: the NDJSON that `paceline --events FILE` writes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The part of a run's events that benchmarks look at. Times in seconds.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// The names of all suites, in plan order.
    pub(crate) suites: Vec<String>,
    /// From the start of the run to the start of the first attempt.
    pub(crate) first_attempt: Option<f64>,
    /// CPU time of all attempts.
    pub(crate) suites_cpu: f64,
    /// Suites that passed.
    pub(crate) passed: u64,
}

impl Run {
    /// Reads the file; an error where it is not the events of one finished run.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("reading the events in {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut run = Self::default();
        let mut finished = false;
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).context("an event is not JSON")?;
            match event["kind"].as_str().context("an event has no kind")? {
                "run-started" => {
                    for suite in event["suites"].as_array().into_iter().flatten() {
                        let name = suite["name"].as_str().context("a suite has no name")?;
                        run.suites.push(name.to_owned());
                    }
                }
                "attempt-started" if run.first_attempt.is_none() => {
                    run.first_attempt = Some(number(&event, "at")?);
                }
                "run-finished" => {
                    finished = true;
                    let usage = &event["usage"];
                    run.suites_cpu = number(usage, "user")? + number(usage, "system")?;
                    let passed = event["suites"]["passed"].as_u64();
                    run.passed = passed.context("suites.passed is missing")?;
                }
                _ => {}
            }
        }
        ensure!(finished, "the run did not finish");
        Ok(run)
    }
}

fn number(value: &Value, key: &str) -> Result<f64> {
    value[key]
        .as_f64()
        .with_context(|| format!("{key} is missing in {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_run() {
        let run = Run::parse(
            r#"{"kind":"run-started","suites":[{"name":"a"},{"name":"b"}]}
{"kind":"attempt-started","at":0.004,"suite":"a"}
{"kind":"attempt-started","at":0.005,"suite":"b"}
{"kind":"run-finished","suites":{"passed":2},"usage":{"user":0.25,"system":0.5}}
"#,
        )
        .unwrap();
        assert_eq!(run.suites, ["a", "b"]);
        assert_eq!(run.first_attempt, Some(0.004));
        assert_eq!((run.passed, run.suites_cpu), (2, 0.75));
    }

    #[test]
    fn a_run_without_an_end_is_refused() {
        let error = Run::parse(r#"{"kind":"run-started","suites":[]}"#).unwrap_err();
        assert_eq!(error.to_string(), "the run did not finish");
    }
}
