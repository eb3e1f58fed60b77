//! The end-to-end tests of PHPUnit's own parallel mode, with paceline in its place.
//!
//! Each case is a `.phpt` file that runs PHPUnit and says what it prints then. Here paceline runs the
//! same suite with the same arguments, and what the case expects is compared with its report: the
//! outcomes in their order, or the names of the tests, the number of assertions, whether the run
//! succeeds, and what the case itself prints after the run.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use regex::Regex;
use serde_json::Value;

use super::packages;
use crate::compat::mode::Start;
use crate::process;

const HELPER: &str = include_str!("../../../compat/phpunit/checklist.php");
const CASES: &str = "tests/end-to-end/parallel";

/// What is different on purpose.
struct Deviation {
    case: &'static str,
    /// In place of the outcomes that the case expects.
    outcomes: Option<&'static str>,
    /// What the case may print instead, too.
    lines: &'static [&'static str],
    retries: u32,
    reason: &'static str,
}

const DEVIATIONS: [Deviation; 12] = [
    Deviation {
        case: "crash-report/crash-report.phpt",
        outcomes: Some(".E.."),
        lines: &[],
        retries: 0,
        reason: "The test that ends its worker is `crashed`; the rest of its class runs, on a fresh worker.",
    },
    Deviation {
        case: "crash-retry/crash-retry.phpt",
        outcomes: None,
        lines: &[],
        retries: 1,
        reason: "With `retries = 1`: a test that ends its worker has failed, and is run again where retries are asked for.",
    },
    Deviation {
        case: "repeat-retry/repeat-in-worker.phpt",
        outcomes: Some("F"),
        lines: &[],
        retries: 0,
        reason: REPETITIONS,
    },
    Deviation {
        case: "repeat-retry/repeat-phpt.phpt",
        outcomes: Some("F"),
        lines: &[],
        retries: 0,
        reason: REPETITIONS,
    },
    Deviation {
        case: "repeat-retry/repeat-phpt-runs-alongside-another-phpt-test.phpt",
        outcomes: Some(".."),
        lines: &[],
        retries: 0,
        reason: REPETITIONS,
    },
    Deviation {
        case: "selection/repeat-with-data-set-filter-in-parallel.phpt",
        outcomes: Some("."),
        lines: &[],
        retries: 0,
        reason: REPETITIONS,
    },
    Deviation {
        case: "selection/repeat-with-data-set-filter.phpt",
        outcomes: Some("."),
        lines: &[],
        retries: 0,
        reason: REPETITIONS,
    },
    Deviation {
        case: "selection/repeat-with-filter-in-parallel.phpt",
        outcomes: Some("..."),
        lines: &[],
        retries: 0,
        reason: REPETITIONS,
    },
    Deviation {
        case: "selection/repeat-with-filter.phpt",
        outcomes: Some("..."),
        lines: &[],
        retries: 0,
        reason: REPETITIONS,
    },
    Deviation {
        case: "cross-class-depends/cross-class-depends.phpt",
        outcomes: Some(".F"),
        lines: &[],
        retries: 0,
        reason: "Every test runs in a worker and gets what the other one has returned; the failure is that of the case's last line, which wants to be in no worker.",
    },
    Deviation {
        case: "suite-boundaries/suite-boundaries.phpt",
        outcomes: Some(".F"),
        lines: &[],
        retries: 0,
        reason: "The test suites of one configuration run side by side. Where one has to wait for another, they are two of paceline's suites with `args = [\"--testsuite\", …]` and `depends-on`.",
    },
    Deviation {
        case: "stop-on-clean/stop-on-clean.phpt",
        outcomes: None,
        lines: &["bool(false)", "bool(false)", "bool(false)"],
        retries: 0,
        reason: "If the run stops before a worker has begun with the file, there is nothing to clean.",
    },
];

const REPETITIONS: &str = "The repetitions of a test are one entry of the report.";

/// Cases of the option `--parallel` itself.
const OF_THE_OPTION: [&str; 1] = ["invalid-value/parallel-cli-option-invalid-value.phpt"];

/// Runs all cases in `branch`, a checkout of PHPUnit's repository.
pub(super) fn run(branch: &Path, paceline: &Path, starts: &[Start]) -> Result<()> {
    let root = branch.join(CASES);
    let root = root
        .canonicalize()
        .with_context(|| format!("finding {}", root.display()))?;
    let mut cases = Vec::new();
    find(&root, &mut cases)?;
    cases.sort();
    ensure!(!cases.is_empty(), "{} has no cases", root.display());
    let scratch = packages::directory().join("checklist");
    if scratch.exists() {
        fs::remove_dir_all(&scratch).with_context(|| format!("removing {}", scratch.display()))?;
    }
    fs::create_dir_all(&scratch).with_context(|| format!("creating {}", scratch.display()))?;
    let helper = scratch.join("checklist.php");
    fs::write(&helper, HELPER).with_context(|| format!("writing {}", helper.display()))?;
    let mut table = Table::new(starts);
    for path in &cases {
        let name = path
            .strip_prefix(&root)
            .unwrap_or(path)
            .display()
            .to_string();
        let case = Case::read(path).with_context(|| format!("reading {}", path.display()))?;
        if OF_THE_OPTION.contains(&name.as_str()) {
            continue;
        }
        let deviation = DEVIATIONS.iter().find(|deviation| deviation.case == name);
        let mut verdicts = Vec::new();
        for start in starts {
            let directory = scratch.join(name.replace('/', "-")).join(start.to_string());
            let found = Found::run(path, &helper, paceline, &directory, *start, deviation)
                .with_context(|| format!("{name}, {start}"))?;
            let differences = case.differences(&found, deviation);
            for difference in &differences {
                println!("{name}, {start} ({}): {difference}", case.title);
            }
            verdicts.push(differences.is_empty());
        }
        table.add(&name, verdicts, deviation);
    }
    println!("\n{table}");
    match table.wrong() {
        0 => Ok(()),
        count => bail!(
            "{count} of {} cases end in another way; what was printed is in {}",
            table.rows.len(),
            scratch.display()
        ),
    }
}

/// The cases below a directory; what is in `_files` belongs to them.
fn find(directory: &Path, cases: &mut Vec<PathBuf>) -> Result<()> {
    let reading = || format!("reading {}", directory.display());
    for entry in fs::read_dir(directory).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        let is = |name: &str| path.file_name().is_some_and(|file| file == name);
        if path.is_dir() && !is("_files") {
            find(&path, cases)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "phpt")
        {
            cases.push(path);
        }
    }
    Ok(())
}

/// What a case expects.
#[derive(Debug, Default, PartialEq, Eq)]
struct Case {
    title: String,
    /// PHPUnit's signs, `..F`; `None` where the case expects none.
    outcomes: Option<String>,
    /// The tests that are expected to pass, where there are no signs.
    names: Vec<String>,
    assertions: Option<u64>,
    succeeds: Option<bool>,
    /// Lines that are expected after the run: what the case prints itself, and coverage.
    lines: Vec<String>,
}

impl Case {
    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        let section = |names: &[&str]| {
            let mut parts = names.iter().filter_map(|name| {
                let (_, rest) = text.split_once(&format!("--{name}--\n"))?;
                Some(rest.split("\n--").next().unwrap_or(rest).to_owned())
            });
            parts
                .next()
                .with_context(|| format!("no section {names:?}"))
        };
        let title = section(&["TEST"])?.trim().to_owned();
        let expected = section(&["EXPECTF", "EXPECT"])?;
        let signs = Regex::new(r"^([.FEWRDNIS]+)(?: +\d+ / \d+ \( *\d+%\))?$")?;
        let sums = Regex::new(r"^(?:OK \(\d+ tests?, |Tests: \d+, Assertions: )(\d+)")?;
        let names = Regex::new(
            r#"<testcase name="([^"]+)"|\[testStarted name='([^']+)'|^Test Passed \(.*::(\w+)\)"#,
        )?;
        let mut case = Self {
            title,
            ..Self::default()
        };
        for line in expected.lines() {
            if let Some(found) = signs.captures(line) {
                case.outcomes.get_or_insert_default().push_str(&found[1]);
            } else if let Some(found) = names.captures(line) {
                let name = found.iter().skip(1).flatten().next();
                let name = name.map_or("", |name| name.as_str());
                // Where files are is not written down.
                case.names
                    .push(name.replace("&quot;", "\"").replace("%s", ""));
            } else if let Some(found) = sums.captures(line) {
                case.assertions = Some(found[1].parse()?);
                case.succeeds = Some(line.starts_with("OK"));
            } else if is_told(line) {
                case.lines.push(squeezed(line));
            }
        }
        if expected.contains("No tests executed!") {
            case.outcomes = Some(String::new());
        }
        ensure!(
            case.outcomes.is_some() || !case.names.is_empty(),
            "it expects nothing that is known here"
        );
        Ok(case)
    }

    fn differences(&self, found: &Found, deviation: Option<&Deviation>) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, expected: &dyn fmt::Debug, is: &dyn fmt::Debug| {
            if format!("{expected:?}") != format!("{is:?}") {
                differences.push(format!("{what}: expected {expected:?}, found {is:?}"));
            }
        };
        let other = deviation.and_then(|deviation| deviation.outcomes);
        if let Some(expected) = other.or(self.outcomes.as_deref()) {
            compare("outcomes", &expected, &found.outcomes);
        } else {
            compare("tests", &self.names, &found.names);
        }
        // Others run then, or count in another way.
        if other.is_none() && self.assertions.is_some() {
            compare("assertions", &self.assertions, &Some(found.assertions));
        }
        let succeeds = match other {
            Some(outcomes) => Some(!outcomes.contains(['F', 'E'])),
            None => self.succeeds,
        };
        if let Some(succeeds) = succeeds {
            compare("success", &succeeds, &(found.code == Some(0)));
        }
        if deviation.is_none_or(|deviation| deviation.lines != found.lines) {
            compare("lines", &self.lines, &found.lines);
        }
        differences
    }
}

/// Whether a line is what a case prints itself, or a part of a coverage report.
fn is_told(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("bool(")
        || ["Classes: ", "Methods: ", "Lines: "]
            .iter()
            .any(|head| line.starts_with(head) && line.contains('%'))
}

/// A line with no more white space than it needs: columns differ with the version.
fn squeezed(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.join(" ").replace("( ", "(").replace("/ ", "/")
}

/// What paceline has made of a case.
struct Found {
    outcomes: String,
    names: Vec<String>,
    assertions: u64,
    code: Option<i32>,
    lines: Vec<String>,
}

impl Found {
    fn run(
        case: &Path,
        helper: &Path,
        paceline: &Path,
        directory: &Path,
        start: Start,
        deviation: Option<&Deviation>,
    ) -> Result<Self> {
        fs::create_dir_all(directory)
            .with_context(|| format!("creating {}", directory.display()))?;
        let report = directory.join("report.json");
        let printed = directory.join("printed.log");
        let out =
            File::create(&printed).with_context(|| format!("creating {}", printed.display()))?;
        let retries = deviation.map_or(0, |deviation| deviation.retries);
        let mut command = Command::new("timeout");
        command
            .args(["120", "php"])
            .args([helper, case, paceline, &report])
            .args([start.to_string(), retries.to_string()])
            .current_dir(directory)
            .stdin(Stdio::null())
            .stderr(out.try_clone().context("opening a log twice")?)
            .stdout(out);
        let status = command
            .status()
            .with_context(|| format!("starting {}", process::shown(&command)))?;
        ensure!(
            status.success(),
            "{} ended with {status}; it printed {}",
            process::shown(&command),
            printed.display()
        );
        let printed =
            fs::read(&printed).with_context(|| format!("reading {}", printed.display()))?;
        let printed = String::from_utf8_lossy(&printed);
        let text =
            fs::read_to_string(&report).with_context(|| format!("reading {}", report.display()))?;
        let value: Value =
            serde_json::from_str(&text).with_context(|| format!("reading {}", report.display()))?;
        let code = printed
            .lines()
            .find_map(|line| line.strip_prefix("exit code "));
        let mut found = Self {
            outcomes: String::new(),
            names: Vec::new(),
            assertions: 0,
            code: code.and_then(|code| code.parse().ok()),
            lines: printed
                .lines()
                .filter(|line| is_told(line))
                .map(squeezed)
                .collect(),
        };
        let suite = value["suites"].get(0);
        for test in suite
            .and_then(|suite| suite["tests"].as_array())
            .into_iter()
            .flatten()
        {
            found.add(test)?;
        }
        Ok(found)
    }

    fn add(&mut self, test: &Value) -> Result<()> {
        let text = |key: &str| test[key].as_str().unwrap_or_default();
        let sign = match (text("outcome"), text("native_outcome")) {
            ("not-run", _) => return Ok(()),
            ("passed", "risky") => 'R',
            ("passed", "warning") => 'W',
            ("passed", "deprecation") => 'D',
            ("passed", "notice") => 'N',
            ("passed", _) => '.',
            ("failed", _) => 'F',
            ("errored" | "crashed" | "timed-out", _) => 'E',
            ("skipped", "incomplete") => 'I',
            ("skipped", _) => 'S',
            (other, _) => bail!("a test is {other}"),
        };
        self.outcomes.push(sign);
        let id = text("native_id");
        let name = match id.split_once("::") {
            Some((_, method)) => method,
            None => id.rsplit('/').next().unwrap_or(id),
        };
        self.names.push(name.to_owned());
        self.assertions += test["assertions"].as_u64().unwrap_or(0);
        Ok(())
    }
}

struct Row {
    name: String,
    verdicts: Vec<bool>,
    reason: Option<&'static str>,
}

struct Table {
    starts: Vec<String>,
    rows: Vec<Row>,
}

impl Table {
    fn new(starts: &[Start]) -> Self {
        Self {
            starts: starts.iter().map(ToString::to_string).collect(),
            rows: Vec::new(),
        }
    }

    fn add(&mut self, name: &str, verdicts: Vec<bool>, deviation: Option<&Deviation>) {
        self.rows.push(Row {
            name: name.trim_end_matches(".phpt").to_owned(),
            verdicts,
            reason: deviation.map(|deviation| deviation.reason),
        });
    }

    fn wrong(&self) -> usize {
        let wrong = |row: &&Row| row.verdicts.contains(&false);
        self.rows.iter().filter(wrong).count()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| case | {} |", self.starts.join(" | "))?;
        writeln!(f, "|---|{}", "---|".repeat(self.starts.len()))?;
        let mut reasons: Vec<&str> = Vec::new();
        for row in &self.rows {
            let note = row.reason.map(|reason| {
                let at = reasons.iter().position(|other| *other == reason);
                at.unwrap_or_else(|| {
                    reasons.push(reason);
                    reasons.len() - 1
                })
            });
            write!(f, "| {} |", row.name)?;
            for verdict in &row.verdicts {
                let word = if *verdict { "as there" } else { "DIFFERS" };
                write!(f, " {word}")?;
                if let Some(note) = note {
                    write!(f, " ({})", note + 1)?;
                }
                write!(f, " |")?;
            }
            writeln!(f)?;
        }
        writeln!(f)?;
        for (number, reason) in (1..).zip(&reasons) {
            writeln!(f, "- ({number}) {reason}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = "--TEST--\nruns\n--FILE--\n<?php\n--EXPECTF--\nPHPUnit %s\n\n.F\n\nTests: 2, Assertions: 3, Failures: 1.\nbool(false)\n";

    fn found(outcomes: &str, line: &str) -> Found {
        Found {
            outcomes: outcomes.to_owned(),
            names: Vec::new(),
            assertions: 3,
            code: Some(1),
            lines: vec![line.to_owned()],
        }
    }

    #[test]
    fn reads_what_a_case_expects() {
        let case = Case::parse(CASE).unwrap();
        assert_eq!(case.title, "runs");
        assert_eq!(case.outcomes.as_deref(), Some(".F"));
        assert_eq!((case.assertions, case.succeeds), (Some(3), Some(false)));
        assert_eq!(case.lines, ["bool(false)"]);
        let logged = "--TEST--\nx\n--EXPECTF--\n  <testcase name=\"testA with data set &quot;b&quot;\" file=\"%s\"/>\n";
        assert_eq!(
            Case::parse(logged).unwrap().names,
            ["testA with data set \"b\""]
        );
        assert!(Case::parse("--TEST--\nx\n--EXPECT--\nnothing\n").is_err());
    }

    #[test]
    fn finds_what_is_different() {
        let case = Case::parse(CASE).unwrap();
        assert!(
            case.differences(&found(".F", "bool(false)"), None)
                .is_empty()
        );
        assert_eq!(case.differences(&found("..", "bool(false)"), None).len(), 1);
        assert_eq!(case.differences(&found("..", "bool(true)"), None).len(), 2);
    }
}
