//! `cargo xtask bench schedule`.

use anyhow::Result;

use crate::process;

/// The simulator is an example of the engine's crate, next to what it simulates.
pub(crate) fn run() -> Result<()> {
    process::run(process::cargo().args([
        "run",
        "--locked",
        "--quiet",
        "--release",
        "--package",
        "paceline-engine",
        "--example",
        "schedule-table",
    ]))
}
