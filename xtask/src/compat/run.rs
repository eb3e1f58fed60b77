//! A run of a framework by itself or under paceline, and what it says beside its tests.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use super::compare::{Difference, Kind};
use super::results::Results;
use crate::process;

/// Where a run writes to.
pub(super) struct Files {
    /// Its JUnit report.
    pub(super) report: PathBuf,
    /// Standard output and error.
    pub(super) printed: PathBuf,
}

/// A run that has ended.
pub(super) struct Run {
    pub(super) results: Results,
    pub(super) code: Option<i32>,
    pub(super) printed: String,
    /// Seconds.
    pub(super) wall: f64,
}

/// Runs a framework or paceline to its end, whatever that is.
pub(super) fn run(command: &mut Command, files: &Files) -> Result<Run> {
    // What an earlier run has left would be taken for what this one has written.
    if files.report.exists() {
        fs::remove_file(&files.report)
            .with_context(|| format!("removing {}", files.report.display()))?;
    }
    let create =
        |path: &Path| File::create(path).with_context(|| format!("creating {}", path.display()));
    let out = create(&files.printed)?;
    let err = out.try_clone().context("opening a log twice")?;
    let started = Instant::now();
    let status = command
        .env("COLUMNS", "80")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .status()
        .with_context(|| format!("starting {}", process::shown(command)))?;
    let wall = started.elapsed().as_secs_f64();
    let printed =
        fs::read(&files.printed).with_context(|| format!("reading {}", files.printed.display()))?;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let results = Results::read(&files.report).with_context(|| {
        format!(
            "{} ended with {status}; it printed {}",
            process::shown(command),
            files.printed.display()
        )
    })?;
    Ok(Run {
        results,
        code: status.code(),
        printed,
        wall,
    })
}

/// Differences of the runs as a whole.
pub(super) fn of_run(framework: &Run, paceline: &Run) -> Vec<Difference> {
    let difference = |kind, expected: &str, found: &str| Difference {
        kind,
        test: String::new(),
        pytest: expected.to_owned(),
        paceline: found.to_owned(),
    };
    let mut differences = Vec::new();
    if (framework.code == Some(0)) != (paceline.code == Some(0)) {
        let code = |run: &Run| format!("exit code {:?}", run.code);
        differences.push(difference(Kind::Exit, &code(framework), &code(paceline)));
    }
    let lines = paceline.printed.lines();
    let complaints = lines.filter(|line| line.contains("does not keep to the protocol"));
    differences.extend(complaints.map(|line| difference(Kind::Protocol, "", line)));
    differences
}
