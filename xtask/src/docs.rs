//! `cargo xtask docs`: the documents that are made from the program.

use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::process;

#[derive(Debug, Args)]
pub(crate) struct Docs {
    /// Change nothing; fail where a document is not what would be written
    #[arg(long)]
    check: bool,
}

impl Docs {
    /// The tests of the crates whose types the documents describe compare each document with what it
    /// would be. The schemas of the reports are written by an example of their crate, the rest by the
    /// test itself where `UPDATE_DOCS` is set.
    pub(crate) fn run(&self) -> Result<()> {
        if !self.check {
            process::run(process::cargo().args([
                "run",
                "--locked",
                "--quiet",
                "--package",
                "paceline-report",
                "--example",
                "schemas",
            ]))?;
            process::run(configuration().env("UPDATE_DOCS", "1"))?;
        }
        let out_of_date = "a generated document is out of date; run cargo xtask docs";
        process::run(configuration().env_remove("UPDATE_DOCS")).context(out_of_date)?;
        process::run(test("paceline-report").args(["--lib", "schemas"])).context(out_of_date)
    }
}

/// The reference and the schema of `paceline.toml`.
fn configuration() -> Command {
    let mut command = test("paceline");
    command.args(["--test", "cli", "docs"]);
    command
}

fn test(package: &str) -> Command {
    let mut command = process::cargo();
    command.args(["test", "--locked", "--quiet", "--package", package]);
    command
}
