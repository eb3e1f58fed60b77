//! Packages with their tests, from Debian's source packages, and a suite of our own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{debian, process};

/// Loads classes in place of what Composer would write.
const AUTOLOAD: &str = include_str!("../../../compat/phpunit/autoload.php");

/// A suite that both run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    /// That of the source package; `features` is in this repository.
    pub(crate) name: &'static str,
    /// Whether it is one of the small fixed set.
    pub(crate) is_quick: bool,
    /// Arguments for PHPUnit.
    pub(crate) arguments: &'static [&'static str],
    /// Lines of its configuration with this in them are left out.
    left_out: Option<&'static str>,
}

pub(crate) const PACKAGES: [Package; 7] = [
    Package {
        is_quick: true,
        ..package(OWN)
    },
    Package {
        is_quick: true,
        ..package("php-parser")
    },
    Package {
        is_quick: true,
        ..package("phpunit-comparator")
    },
    package("php-twig"),
    Package {
        // Debian does not have the tests that it wants to run of another package.
        left_out: Some("Interop"),
        ..package("php-guzzlehttp-psr7")
    },
    package("php-monolog"),
    Package {
        arguments: &["--testsuite", "unit"],
        ..package("phpunit")
    },
];

const OWN: &str = "features";

const fn package(name: &'static str) -> Package {
    Package {
        name,
        is_quick: false,
        arguments: &[],
        left_out: None,
    }
}

/// The packages of these names; an error names one that is not there.
pub(crate) fn named(names: &[String]) -> Result<Vec<&'static Package>> {
    names
        .iter()
        .map(|name| {
            let found = PACKAGES.iter().find(|package| package.name == name);
            found.with_context(|| {
                let all: Vec<&str> = PACKAGES.iter().map(|package| package.name).collect();
                format!("there is no package {name:?}; there are {}", all.join(", "))
            })
        })
        .collect()
}

/// The arguments for PHPUnit with which the tests of a package of this name run.
pub(super) fn arguments(name: &str) -> &'static [&'static str] {
    let known = PACKAGES.iter().find(|package| package.name == name);
    known.map_or(&[], |package| package.arguments)
}

/// The directory of everything that is written here.
pub(crate) fn directory() -> PathBuf {
    process::target().join("compat/phpunit")
}

impl Package {
    /// The directory with the package's tests, fetched at first use.
    pub(crate) fn prepare(&self) -> Result<PathBuf> {
        if self.name == OWN {
            return copy();
        }
        let tree = debian::source(self.name)?;
        let vendor = tree.join("vendor");
        fs::create_dir_all(&vendor).with_context(|| format!("creating {}", vendor.display()))?;
        write(&vendor.join("autoload.php"), AUTOLOAD)?;
        if let Some(left_out) = self.left_out {
            let configuration = tree.join("phpunit.xml.dist");
            let text = fs::read_to_string(&configuration)
                .with_context(|| format!("reading {}", configuration.display()))?;
            let kept: Vec<&str> = text
                .lines()
                .filter(|line| !line.contains(left_out))
                .collect();
            write(&configuration, &kept.join("\n"))?;
        }
        Ok(tree)
    }

    /// Its name and version.
    pub(crate) fn shown(&self) -> Result<String> {
        if self.name == OWN {
            return Ok(self.name.to_owned());
        }
        let version = debian::version(self.name)?;
        Ok(format!("{} {version}", self.name))
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// Our own suite, where what earlier runs have left is not in it.
fn copy() -> Result<PathBuf> {
    let tree = directory().join(OWN);
    if tree.exists() {
        fs::remove_dir_all(&tree).with_context(|| format!("removing {}", tree.display()))?;
    }
    fs::create_dir_all(&tree).with_context(|| format!("creating {}", tree.display()))?;
    let suite = process::root().join("xtask/compat/phpunit/features");
    process::run(Command::new("cp").arg("-R").arg(suite.join(".")).arg(&tree))?;
    Ok(tree)
}
