//! Published packages whose source distributions hold their tests, and a suite of our own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{junit, process};

/// What is installed: the packages, pytest, and what their tests import.
const REQUIREMENTS: &str = include_str!("../../compat/requirements.txt");

/// A suite that both run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    /// `None`: it is in this repository.
    pub(crate) version: Option<&'static str>,
    /// Whether it is one of the small fixed set.
    pub(crate) is_quick: bool,
    /// What its configuration has besides the suite.
    pub(crate) configuration: &'static str,
}

pub(crate) const PACKAGES: [Package; 12] = [
    Package {
        name: "features",
        version: None,
        is_quick: true,
        // A test of it has the marker of this need.
        configuration: "[resources]\npostgres = 1\n\n",
    },
    quick("pluggy", "1.7.0"),
    quick("markdown-it-py", "4.3.0"),
    published("marshmallow", "4.4.0"),
    published("jinja2", "3.1.6"),
    published("click", "8.5.1"),
    published("attrs", "26.1.0"),
    published("jsonschema", "4.26.0"),
    published("pygments", "2.21.0"),
    published("more-itertools", "11.2.1"),
    published("packaging", "26.3"),
    published("networkx", "3.6.1"),
];

const fn published(name: &'static str, version: &'static str) -> Package {
    Package {
        name,
        version: Some(version),
        is_quick: false,
        configuration: "",
    }
}

const fn quick(name: &'static str, version: &'static str) -> Package {
    Package {
        name,
        version: Some(version),
        is_quick: true,
        configuration: "",
    }
}

/// The packages of these names; an error names one that is not there.
pub(crate) fn named(names: &[String]) -> Result<Vec<Package>> {
    names
        .iter()
        .map(|name| {
            PACKAGES
                .into_iter()
                .find(|package| package.name == name)
                .with_context(|| {
                    let all: Vec<&str> = PACKAGES.iter().map(|package| package.name).collect();
                    format!("there is no package {name:?}; there are {}", all.join(", "))
                })
        })
        .collect()
}

/// The directory of everything that is fetched and written here.
pub(crate) fn directory() -> PathBuf {
    process::target().join("compat")
}

/// The interpreter of a virtual environment with [`REQUIREMENTS`], made at first use.
pub(crate) fn environment() -> Result<PathBuf> {
    junit::virtual_environment(&directory().join("venv"), REQUIREMENTS)
}

impl Package {
    /// Its name and version.
    pub(crate) fn shown(&self) -> String {
        let version = self.version.unwrap_or("");
        format!("{} {version}", self.name).trim_end().to_owned()
    }

    /// The directory with the package's tests, fetched at first use.
    pub(crate) fn prepare(&self) -> Result<PathBuf> {
        match self.version {
            Some(version) => self.fetch(version),
            None => self.copy(),
        }
    }

    fn fetch(&self, version: &str) -> Result<PathBuf> {
        let trees = directory().join("trees");
        let tree = trees.join(format!("{}-{version}", self.name.replace('-', "_")));
        if tree.is_dir() {
            return Ok(tree);
        }
        let sdists = directory().join("sdists").join(self.name);
        let unpacked = directory().join("unpacked").join(self.name);
        for path in [&trees, &unpacked] {
            fs::create_dir_all(path).with_context(|| format!("creating {}", path.display()))?;
        }
        process::run(
            Command::new(junit::python_environment()?)
                .args(["-m", "pip", "download", "--quiet"])
                .args(["--disable-pip-version-check", "--no-deps"])
                .args(["--no-binary", ":all:", "--dest"])
                .arg(&sdists)
                .arg(format!("{}=={version}", self.name)),
        )?;
        process::run(
            Command::new("python3")
                .args(["-m", "tarfile", "--extract"])
                .arg(only_entry(&sdists)?)
                .arg(&unpacked),
        )?;
        // Renamed last, so that an interrupted run does not leave half a package.
        let found = only_entry(&unpacked)?;
        fs::rename(&found, &tree).with_context(|| format!("moving {}", found.display()))?;
        Ok(tree)
    }

    /// The suite of the Python worker's own tests, without what earlier runs left in it.
    fn copy(&self) -> Result<PathBuf> {
        let tree = directory().join("trees").join(self.name);
        if tree.exists() {
            fs::remove_dir_all(&tree).with_context(|| format!("removing {}", tree.display()))?;
        }
        fs::create_dir_all(&tree).with_context(|| format!("creating {}", tree.display()))?;
        let suite = process::root().join("workers/python/tests/suites/features");
        process::run(Command::new("cp").arg("-R").arg(suite.join(".")).arg(&tree))?;
        for cache in [".pytest_cache", ".paceline"] {
            let cache = tree.join(cache);
            if cache.exists() {
                fs::remove_dir_all(&cache)
                    .with_context(|| format!("removing {}", cache.display()))?;
            }
        }
        Ok(tree)
    }
}

fn only_entry(directory: &Path) -> Result<PathBuf> {
    let reading = || format!("reading {}", directory.display());
    let mut entries = fs::read_dir(directory).with_context(reading)?;
    match (entries.next(), entries.next()) {
        (Some(entry), None) => Ok(entry.with_context(reading)?.path()),
        (None, _) => bail!("{} is empty", directory.display()),
        (Some(_), Some(_)) => bail!("{} has more than one entry", directory.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_installed_as_its_tests_are() {
        for package in PACKAGES {
            if let Some(version) = package.version {
                let pin = format!("{}=={version}", package.name);
                let has = |line: &str| line.eq_ignore_ascii_case(&pin);
                assert!(REQUIREMENTS.lines().any(has), "{pin}");
            }
        }
    }
}
