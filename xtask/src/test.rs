//! `cargo xtask test`: all tests of this repository, and paceline itself on its example.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::compat::{Phpunit, Pytest, Ruby};
use crate::{junit, process, product, setup};

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Leave out the example and the check of its JUnit report, which downloads a schema once
    #[arg(long)]
    no_example: bool,
    /// Leave out the Python worker's tests, and pytest suites under pytest and under paceline, which
    /// install packages once
    #[arg(long)]
    no_python: bool,
    /// Leave out the PHP worker's tests, and PHPUnit suites under phpunit and under paceline, which
    /// fetch source packages of Debian once
    #[arg(long)]
    no_php: bool,
    /// Leave out the Ruby worker's tests, and our own Ruby suites under their frameworks and under
    /// paceline
    #[arg(long)]
    no_ruby: bool,
    /// Arguments for `cargo test`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Test {
    pub(crate) fn run(&self) -> Result<()> {
        setup::ensure(setup::TESTS)?;
        if !self.no_example {
            example()?;
        }
        if !self.no_python {
            python_worker()?;
            Pytest::quick().run()?;
        }
        if !self.no_php {
            php_worker()?;
            Phpunit::quick().run()?;
        }
        if !self.no_ruby {
            ruby_worker()?;
            Ruby::quick().run()?;
        }
        // Last, so that the count of tests is the last thing in the log.
        cargo_test(&self.arguments)
    }

    /// All tests, with these arguments for `cargo test`.
    pub(crate) fn all(arguments: &[OsString]) -> Self {
        Self {
            no_example: false,
            no_python: false,
            no_php: false,
            no_ruby: false,
            arguments: arguments.to_vec(),
        }
    }
}

/// `cargo test` for the workspace, with an interpreter that has pytest.
fn cargo_test(arguments: &[OsString]) -> Result<()> {
    process::run(
        process::cargo()
            .args(["test", "--locked", "--workspace"])
            .args(arguments)
            .env("PACELINE_TEST_PYTHON", python()?)
            .env("PACELINE_TEST_RUBY", "ruby"),
    )
}

/// An interpreter with pytest and the plugins that tests compare under.
fn python() -> Result<PathBuf> {
    const REQUIREMENTS: &str = include_str!("../compat/worker-tests.txt");
    let directory = process::target().join("python-worker-tests");
    junit::virtual_environment(&directory, REQUIREMENTS)
}

/// The Python worker's own tests.
fn python_worker() -> Result<()> {
    let python = python()?;
    process::run(
        Command::new("sh")
            .arg(process::root().join("workers/python/tests/run.sh"))
            .arg(python),
    )
}

/// The PHP worker's own tests.
fn php_worker() -> Result<()> {
    process::run(Command::new("sh").arg(process::root().join("workers/php/tests/run.sh")))
}

/// The Ruby worker's own tests.
fn ruby_worker() -> Result<()> {
    process::run(Command::new("sh").arg(process::root().join("workers/ruby/tests/run.sh")))
}

/// paceline is green on the example, and its JUnit report is what readers of JUnit expect.
fn example() -> Result<()> {
    let schema = junit::schema()?;
    let paceline = product::release()?;
    let directory = process::target().join("example");
    fs::create_dir_all(&directory).with_context(|| format!("creating {}", directory.display()))?;
    let report = directory.join("junit.xml");
    if report.exists() {
        fs::remove_file(&report).with_context(|| format!("removing {}", report.display()))?;
    }
    process::run(
        Command::new(paceline)
            .arg("--report")
            .arg(format!("junit={}", report.display()))
            .current_dir(process::root().join("examples/polyglot")),
    )?;
    junit::validate(&report, &schema)?;

    // The schema also accepts a report without a single test.
    let xml =
        fs::read_to_string(&report).with_context(|| format!("reading {}", report.display()))?;
    let cases = xml.matches("<testcase").count();
    ensure!(cases >= 10, "{} has {cases} test cases", report.display());
    println!("{} is valid: {cases} test cases", report.display());
    Ok(())
}
