//! `cargo xtask docs`: the documents that are made from the program.

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
    /// The documents are held by the tests in the crates whose types they describe: each compares
    /// its document, and writes it where `UPDATE_DOCS` is set.
    pub(crate) fn run(&self) -> Result<()> {
        let mut tests = process::cargo();
        tests.args(["test", "--locked", "--workspace", "--quiet", "docs"]);
        if self.check {
            tests.env_remove("UPDATE_DOCS");
        } else {
            tests.env("UPDATE_DOCS", "1");
        }
        process::run(&mut tests).context(if self.check {
            "a generated document is out of date; run cargo xtask docs"
        } else {
            "writing the generated documents"
        })
    }
}
