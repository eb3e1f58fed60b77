//! Builds and finds the program that this repository makes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, setup};

/// The paceline that was given, or else one that is built, for which a compiler is set up.
pub(crate) fn given_or_built(given: Option<&Path>) -> Result<PathBuf> {
    let Some(path) = given else {
        setup::ensure(setup::BUILD)?;
        return release();
    };
    path.canonicalize()
        .with_context(|| format!("finding {}", path.display()))
}

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
