//! `cargo xtask ci`: what has to hold before a change is merged.

use std::time::Instant;

use anyhow::Result;
use clap::Args;

use crate::test::Test;
use crate::{process, setup};

#[derive(Debug, Args)]
pub(crate) struct Ci {
    /// Fail where cargo-deny is not installed, and do not pass its checks over
    #[arg(long)]
    require_deny: bool,
}

impl Ci {
    pub(crate) fn run(&self) -> Result<()> {
        setup::ensure(setup::TESTS)?;
        step("formatting", || {
            process::run(process::cargo().args(["fmt", "--all", "--check"]))
        })?;
        step("lints", || {
            process::run(process::cargo().args([
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]))
        })?;
        step("API documentation", || {
            process::run(
                process::cargo()
                    .args([
                        "doc",
                        "--locked",
                        "--workspace",
                        "--no-deps",
                        "--all-features",
                        "--document-private-items",
                    ])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            )
        })?;
        step("dependencies", || self.deny())?;
        step("tests", || Test::all(&["--no-fail-fast".into()]).run())
    }

    fn deny(&self) -> Result<()> {
        if !process::in_path("cargo-deny") && !self.require_deny {
            println!("cargo-deny is not installed: licences, bans and sources were not checked");
            return Ok(());
        }
        process::run(
            process::cargo().args(["deny", "--locked", "check", "bans", "licenses", "sources"]),
        )?;
        // The database of advisories comes from the network. A machine that cannot reach it is no
        // reason to fail.
        if !process::succeeds(process::cargo().args(["deny", "--locked", "fetch", "db"])) {
            println!("the database of advisories cannot be fetched: advisories were not checked");
            return Ok(());
        }
        process::run(process::cargo().args(["deny", "--locked", "check", "advisories"]))
    }
}

fn step(name: &str, body: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n== {name}");
    let started = Instant::now();
    body()?;
    println!("== {name}: {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}
