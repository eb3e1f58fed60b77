//! Validates JUnit reports against the schema that Jenkins reads by.
//!
//! The schema is not ours to ship. pytest tests its own reports against it and has it in its source
//! distribution, from which it is taken once and kept below `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

const PYTEST: &str = "9.0.2";

/// An attribute of a `testcase` in the schema.
const GROUP: &str = r#"<xs:attribute name="group" type="xs:string"/>"#;
/// Attributes that PHPUnit writes, and readers pass over where they do not know them.
const MORE: &str = r#"
            <xs:attribute name="class" type="xs:string"/>
            <xs:attribute name="file" type="xs:string"/>
            <xs:attribute name="line" type="xs:string"/>
            <xs:attribute name="assertions" type="xs:string"/>
            <xs:attribute name="status" type="xs:string"/>"#;

/// The path of the schema, downloaded at first use.
pub(crate) fn schema() -> Result<PathBuf> {
    let directory = process::target().join("junit-schema");
    let schema = directory.join("junit-10-and-more.xsd");
    if schema.is_file() {
        return Ok(schema);
    }
    fs::create_dir_all(&directory).with_context(|| format!("creating {}", directory.display()))?;
    let python = python_environment()?;
    process::run(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["--no-deps", "--no-binary", ":all:", "--dest"])
            .arg(&directory)
            .arg(format!("pytest=={PYTEST}")),
    )
    .context("downloading the JUnit schema in pytest's source distribution")?;
    process::run(
        Command::new(&python)
            .args(["-m", "tarfile", "--extract"])
            .arg(directory.join(format!("pytest-{PYTEST}.tar.gz")))
            .arg(&directory),
    )?;
    let unpacked = directory.join(format!(
        "pytest-{PYTEST}/testing/example_scripts/junit-10.xsd"
    ));
    let text =
        fs::read_to_string(&unpacked).with_context(|| format!("reading {}", unpacked.display()))?;
    let extended = text.replacen(GROUP, &format!("{GROUP}{MORE}"), 1);
    let new = directory.join("new.xsd");
    fs::write(&new, extended).with_context(|| format!("writing {}", new.display()))?;
    // Renamed last, so that an interrupted run does not leave half a schema.
    fs::rename(&new, &schema).with_context(|| format!("moving {}", new.display()))?;
    Ok(schema)
}

/// An error shows what `xmllint` found.
pub(crate) fn validate(report: &Path, schema: &Path) -> Result<()> {
    let found = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schema)
        .arg(report)
        .output()
        .context("starting xmllint")?;
    if !found.status.success() {
        bail!(
            "{} is not valid JUnit:\n{}",
            report.display(),
            String::from_utf8_lossy(&found.stderr)
        );
    }
    Ok(())
}

/// A Python with pip that touches nothing outside `target/`.
pub(crate) fn python_environment() -> Result<PathBuf> {
    let directory = process::target().join("python");
    let python = directory.join("bin/python");
    if !process::succeeds(Command::new(&python).args(["-m", "pip", "--version"])) {
        process::run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&directory),
        )?;
    }
    Ok(python)
}

/// The interpreter of a virtual environment with exactly what the requirements pin, made anew where
/// they have changed.
pub(crate) fn virtual_environment(directory: &Path, requirements: &str) -> Result<PathBuf> {
    let python = directory.join("bin/python");
    let installed = directory.join("requirements.txt");
    let is_ready = fs::read_to_string(&installed).is_ok_and(|found| found == requirements)
        && process::succeeds(Command::new(&python).args(["-m", "pytest", "--version"]));
    if is_ready {
        return Ok(python);
    }
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(directory),
    )?;
    let wanted = directory.join("wanted.txt");
    fs::write(&wanted, requirements).with_context(|| format!("writing {}", wanted.display()))?;
    process::run(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .args(["--disable-pip-version-check", "--no-deps", "--requirement"])
            .arg(&wanted),
    )?;
    // Renamed last, so that an interrupted installation is not taken for a whole one.
    fs::rename(&wanted, &installed).with_context(|| format!("moving {}", wanted.display()))?;
    Ok(python)
}
