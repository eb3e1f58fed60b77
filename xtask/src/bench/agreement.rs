//! Whether the report of a run and the logs of its suites say the same.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::real::read_json;

/// What a report and its logs agree on. Times in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agreement {
    suites: usize,
    wall: f64,
    sum_of_durations: f64,
    cpu: f64,
    efficiency: Option<f64>,
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} suites, {:.1} s, sum of durations {:.1} s, CPU time {:.1} s",
            self.suites, self.wall, self.sum_of_durations, self.cpu
        )?;
        match self.efficiency {
            Some(efficiency) => write!(f, ", efficiency {:.0} %", efficiency * 100.0),
            None => Ok(()),
        }
    }
}

/// Durations, CPU times and exit codes are those of the logs; counts sum; all suites passed.
pub(crate) fn check(report: &Path, root: &Path) -> Result<Agreement> {
    let value = read_json(report)?;
    agree(&value, |log| {
        let path = root.join(log);
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    })
    .with_context(|| format!("{} and the logs", report.display()))
}

fn agree(report: &Value, read_log: impl Fn(&str) -> Result<String>) -> Result<Agreement> {
    ensure!(report["complete"] == true, "the report is not complete");
    let suites = report["suites"].as_array().context("no suites")?;
    let mut by_status = BTreeMap::<&str, u64>::new();
    let mut sum_of_durations = 0.0;
    let mut cpu = 0.0;
    for suite in suites {
        let name = suite["name"].as_str().context("a suite without a name")?;
        let status = suite["status"]
            .as_str()
            .context("a suite without a status")?;
        *by_status.entry(status).or_default() += 1;
        let log = read_log(
            suite["log_file"]
                .as_str()
                .context("a suite without a log")?,
        )?;
        // The output of a suite comes before the footer, and could look like one.
        let footer: Vec<&str> = log.lines().rev().take(8).collect();
        let line = |key: &str| {
            footer
                .iter()
                .find_map(|line| line.strip_prefix(key))
                .with_context(|| format!("the log of {name} has no {key:?} at its end"))
        };
        same(
            name,
            "duration",
            number(suite, "duration")?,
            seconds(line("duration:")?)?,
        )?;
        let (user, system) = line("cpu time:")?
            .split_once(',')
            .with_context(|| format!("the log of {name} has no two CPU times"))?;
        same(
            name,
            "user time",
            number(suite, "cpu_user_seconds")?,
            seconds(user)?,
        )?;
        same(
            name,
            "system time",
            number(suite, "cpu_system_seconds")?,
            seconds(system)?,
        )?;
        let code = suite["return_code"]
            .as_i64()
            .context("a suite without an exit code")?;
        let outcome = line("outcome:")?;
        ensure!(
            outcome.trim() == format!("{status}: exit code {code}"),
            "{name} is {status} with exit code {code} in the report, and {outcome:?} in its log"
        );
        sum_of_durations += number(suite, "duration")?;
        cpu += number(suite, "cpu_user_seconds")? + number(suite, "cpu_system_seconds")?;
    }

    let summary = &report["summary"];
    let total = summary["total"].as_u64().context("no total")?;
    ensure!(
        total == suites.len() as u64,
        "{total} in the summary, {} suites",
        suites.len()
    );
    for status in ["passed", "failed", "skipped"] {
        let said = summary[status]
            .as_u64()
            .with_context(|| format!("no {status} in the summary"))?;
        let counted = by_status.get(status).copied().unwrap_or(0);
        ensure!(
            said == counted,
            "{said} {status} in the summary, {counted} suites are"
        );
    }
    ensure!(summary["passed"] == total, "not all suites passed");
    // Retries would make the sum larger than that of the suites' own durations; there are none.
    same(
        "the run",
        "sum of durations",
        number(report, "sum_of_durations")?,
        sum_of_durations,
    )?;
    let wall = number(report, "duration")?;
    let limit = report["limit"]["duration"].as_f64();
    if let (Some(limit), Some(efficiency)) = (limit, report["efficiency"].as_f64()) {
        ensure!(
            limit <= wall,
            "the limit {limit} s is above the run's {wall} s"
        );
        ensure!(
            (efficiency - limit / wall).abs() < 0.001,
            "the efficiency is not the limit over the time"
        );
    }
    Ok(Agreement {
        suites: suites.len(),
        wall,
        sum_of_durations,
        cpu,
        efficiency: report["efficiency"].as_f64(),
    })
}

/// Logs round to milliseconds.
fn same(name: &str, what: &str, report: f64, log: f64) -> Result<()> {
    ensure!(
        (report - log).abs() < 0.0011,
        "{name}: the {what} is {report} s in the report and {log} s in the log"
    );
    Ok(())
}

fn number(value: &Value, key: &str) -> Result<f64> {
    value[key]
        .as_f64()
        .with_context(|| format!("{key} is missing"))
}

/// The number before ` s` in `2m41s (161.250 s)` and in `80.625 s user`.
fn seconds(text: &str) -> Result<f64> {
    text.split([' ', '('])
        .zip(text.split([' ', '(']).skip(1))
        .find_map(|(number, unit)| (unit == "s" || unit == "s)").then(|| number.parse().ok())?)
        .with_context(|| format!("{text:?} has no seconds"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LOG: &str = "command: true\n----\nhello\n----\noutcome:   passed: exit code 0\nduration:  2m41s (161.250 s)\n\
                       cpu time:  80.625 s user, 20.156 s system\nmemory:    1 MiB at most\n";

    fn report() -> Value {
        json!({
            "complete": true, "duration": 170.0, "sum_of_durations": 161.25,
            "limit": {"duration": 161.25}, "efficiency": 161.25 / 170.0,
            "summary": {"total": 1, "passed": 1, "failed": 0, "skipped": 0},
            "suites": [{
                "name": "a", "status": "passed", "duration": 161.2502, "return_code": 0,
                "log_file": "a.log", "cpu_user_seconds": 80.6253, "cpu_system_seconds": 20.1561,
            }],
        })
    }

    #[test]
    fn a_report_and_its_log_agree() {
        let agreement = agree(&report(), |_| Ok(LOG.to_owned())).unwrap();
        assert_eq!(
            agreement.to_string(),
            "1 suites, 170.0 s, sum of durations 161.3 s, CPU time 100.8 s, efficiency 95 %"
        );
    }

    #[test]
    fn every_difference_is_found() {
        let changes: [(&str, Value); 9] = [
            ("/complete", json!(false)),
            ("/sum_of_durations", json!(160)),
            ("/efficiency", json!(0.5)),
            ("/summary/total", json!(2)),
            ("/summary/failed", json!(1)),
            ("/suites/0/duration", json!(161.0)),
            ("/suites/0/return_code", json!(1)),
            ("/suites/0/cpu_user_seconds", json!(80.0)),
            ("/suites/0/cpu_system_seconds", json!(20.0)),
        ];
        for (place, value) in changes {
            let mut report = report();
            *report.pointer_mut(place).unwrap() = value;
            assert!(agree(&report, |_| Ok(LOG.to_owned())).is_err(), "{place}");
        }
        assert!(agree(&report(), |_| Ok("hello\n".to_owned())).is_err());
    }
}
