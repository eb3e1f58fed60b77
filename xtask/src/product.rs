//! Builds and finds the program that this repository makes.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// Builds paceline as it is shipped and returns its path.
pub(crate) fn release() -> Result<PathBuf> {
    process::run(process::cargo().args([
        "build",
        "--locked",
        "--release",
        "--package",
        "paceline",
    ]))?;
    let path = process::target().join("release/paceline");
    path.canonicalize()
        .with_context(|| format!("finding {}", path.display()))
}

/// The line that `paceline --version` prints.
pub(crate) fn version(paceline: &PathBuf) -> Result<String> {
    let line = process::output(Command::new(paceline).arg("--version"))?;
    Ok(line.trim().to_owned())
}
