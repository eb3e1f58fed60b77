//! What a run's events say of it: the NDJSON that `paceline --events FILE` writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The part of a run's events that benchmarks look at. Times in seconds.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// From the start of the run to the start of the first attempt.
    pub(crate) first_attempt: Option<f64>,
    /// The run's wall-clock time.
    pub(crate) wall: f64,
    /// CPU time of all attempts.
    pub(crate) suites_cpu: f64,
    /// The sum of all attempts' durations.
    pub(crate) sum_of_durations: f64,
    /// The limit, as the run states it.
    pub(crate) limit: Option<f64>,
    /// The limit divided by the wall-clock time.
    pub(crate) efficiency: Option<f64>,
    /// Suites that passed.
    pub(crate) passed: u64,
    /// All suites by name.
    pub(crate) suites: BTreeMap<String, SuiteRun>,
}

/// One suite of a run. Times in seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct SuiteRun {
    pub(crate) outcome: String,
    pub(crate) duration: f64,
    pub(crate) cpu: f64,
    /// Its log, as the run states it.
    pub(crate) log: String,
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
                        suite["log"]
                            .as_str()
                            .unwrap_or_default()
                            .clone_into(&mut run.suite(suite, "name")?.log);
                    }
                }
                "attempt-started" if run.first_attempt.is_none() => {
                    run.first_attempt = Some(number(&event, "at")?);
                }
                "suite-finished" => {
                    let suite = run.suite(&event, "suite")?;
                    event["outcome"]
                        .as_str()
                        .unwrap_or_default()
                        .clone_into(&mut suite.outcome);
                    suite.duration = number(&event, "duration")?;
                    suite.cpu = cpu(&event)?;
                }
                "run-finished" => {
                    finished = true;
                    run.wall = number(&event, "wall")?;
                    run.suites_cpu = cpu(&event)?;
                    run.sum_of_durations = number(&event, "sum_of_durations")?;
                    run.limit = event["limit"]["duration"].as_f64();
                    run.efficiency = event["efficiency"].as_f64();
                    run.passed = event["suites"]["passed"]
                        .as_u64()
                        .context("suites.passed is missing")?;
                }
                _ => {}
            }
        }
        ensure!(finished, "the run did not finish");
        Ok(run)
    }

    fn suite(&mut self, value: &Value, key: &str) -> Result<&mut SuiteRun> {
        let name = value[key]
            .as_str()
            .with_context(|| format!("{key} is missing"))?;
        Ok(self.suites.entry(name.to_owned()).or_default())
    }
}

fn number(value: &Value, key: &str) -> Result<f64> {
    value[key]
        .as_f64()
        .with_context(|| format!("{key} is missing in {value}"))
}

fn cpu(event: &Value) -> Result<f64> {
    Ok(number(&event["usage"], "user")? + number(&event["usage"], "system")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_run() {
        let run = Run::parse(concat!(
            r#"{"v":1,"seq":0,"at":0.0,"kind":"run-started","suites":[{"name":"a","log":"logs/a.log"}]}"#, "\n",
            r#"{"v":1,"seq":1,"at":0.004,"kind":"attempt-started","suite":"a"}"#, "\n",
            r#"{"v":1,"seq":2,"at":0.5,"kind":"suite-finished","suite":"a","outcome":"passed","duration":0.4,"usage":{"user":0.2,"system":0.1}}"#, "\n",
            r#"{"v":1,"seq":3,"at":0.6,"kind":"run-finished","wall":0.6,"sum_of_durations":0.4,"suites":{"passed":1},"usage":{"user":0.2,"system":0.1},"efficiency":0.7}"#, "\n",
        ))
        .unwrap();
        assert_eq!(run.first_attempt, Some(0.004));
        assert_eq!(
            (run.passed, run.suites["a"].log.as_str()),
            (1, "logs/a.log")
        );
        assert!((run.suites["a"].cpu - 0.3).abs() < 1e-9 && (run.suites_cpu - 0.3).abs() < 1e-9);
    }

    #[test]
    fn a_run_without_an_end_is_refused() {
        let error = Run::parse(r#"{"kind":"run-started","suites":[]}"#).unwrap_err();
        assert_eq!(error.to_string(), "the run did not finish");
    }
}
