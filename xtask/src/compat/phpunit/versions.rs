//! Which PHP and which PHPUnit run here.

use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// PHPUnit's version: `9.6.7`.
pub(super) fn phpunit() -> Result<String> {
    let line = process::output(Command::new("phpunit").arg("--version"))?;
    let version = line.split_whitespace().nth(1);
    let version = version.with_context(|| format!("PHPUnit says of its version {line:?}"))?;
    Ok(version.to_owned())
}

/// The number before the first dot.
pub(super) fn major(version: &str) -> Result<u32> {
    let number = version.split('.').next().unwrap_or(version);
    number
        .parse()
        .with_context(|| format!("{version:?} is no version of PHPUnit"))
}

/// `PHP 8.2.29`.
pub(super) fn php() -> Result<String> {
    let version = process::output(Command::new("php").args(["-r", "echo PHP_VERSION;"]))?;
    Ok(format!("PHP {version}"))
}
