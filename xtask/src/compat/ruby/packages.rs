//! Published packages with their tests, and suites of our own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::super::mode::Start;
use crate::{debian, process};

/// The seed of minitest's order, the same for all runs that are compared.
const SEED: &str = "20261";

/// Where a package is from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// This repository.
    Own(&'static str),
    /// The gems that Debian's Ruby has, which come with their tests.
    Gem,
    /// A source package of Debian.
    Debian(&'static str),
}

/// A package with tests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) framework: &'static str,
    source: Source,
    /// Options of Ruby.
    pub(super) ruby: &'static [&'static str],
    /// Files and directories; a `*` stands for any name.
    paths: &'static [&'static str],
    /// Whether some of its cases ask for another order each time (`test_order = :random`).
    pub(super) is_shuffled: bool,
}

const USUAL: &[&str] = &["-Ilib", "-Itest"];

pub(super) const PACKAGES: [Package; 8] = [
    Package {
        name: "test-unit-features",
        framework: "test-unit",
        source: Source::Own("test-unit"),
        ruby: &["-Itest"],
        paths: &["test"],
        is_shuffled: false,
    },
    Package {
        name: "rss",
        framework: "test-unit",
        source: Source::Gem,
        ruby: USUAL,
        paths: &["test/test_*.rb"],
        is_shuffled: false,
    },
    Package {
        name: "csv",
        framework: "test-unit",
        source: Source::Debian("ruby-csv"),
        ruby: &["-Ilib", "-Itest", "-Itest/lib"],
        paths: &["test/csv"],
        is_shuffled: false,
    },
    Package {
        name: "test-unit",
        framework: "test-unit",
        source: Source::Debian("ruby-test-unit"),
        ruby: USUAL,
        paths: &["test"],
        is_shuffled: true,
    },
    Package {
        name: "minitest-features",
        framework: "minitest",
        source: Source::Own("minitest"),
        ruby: &["-Itest"],
        paths: &["test/features_test.rb", "test/features_spec.rb"],
        is_shuffled: false,
    },
    Package {
        name: "tzinfo",
        framework: "minitest",
        source: Source::Debian("ruby-tzinfo"),
        ruby: USUAL,
        paths: &["test/ts_all_zoneinfo.rb"],
        is_shuffled: false,
    },
    Package {
        name: "rack",
        framework: "minitest",
        source: Source::Debian("ruby-rack"),
        ruby: USUAL,
        paths: &["test/spec_*.rb"],
        is_shuffled: false,
    },
    Package {
        name: "kramdown",
        framework: "minitest",
        source: Source::Debian("ruby-kramdown"),
        ruby: USUAL,
        paths: &["test/test_*.rb"],
        is_shuffled: false,
    },
];

impl Package {
    /// Whether it is of this repository.
    pub(super) fn is_own(self) -> bool {
        matches!(self.source, Source::Own(_))
    }

    /// The directory that it is in, fetched at first use.
    pub(super) fn fetch(self) -> Result<PathBuf> {
        match self.source {
            Source::Own(name) => Ok(process::root()
                .join("xtask/compat/ruby-features")
                .join(name)),
            Source::Debian(name) => debian::newest_source(name),
            Source::Gem => gem(self.name),
        }
    }

    /// What the recorder is told after the framework and the file.
    pub(super) fn alone(self, tree: &Path) -> Result<Vec<String>> {
        let mut arguments = self.files(tree)?;
        if self.framework == "minitest" {
            arguments.extend(["--", "--seed", SEED].map(str::to_owned));
        }
        Ok(arguments)
    }

    /// What paceline is told.
    pub(super) fn configuration(self, start: Start) -> String {
        let mut arguments: Vec<&str> = self.ruby.to_vec();
        if self.framework == "minitest" {
            arguments.extend(["--seed", SEED]);
        }
        arguments.extend(self.paths);
        format!(
            "[suite.ruby]\nframework = \"{}\"\nruby = \"ruby\"\nstart = \"{start}\"\nargs = {arguments:?}\n",
            self.framework
        )
    }

    /// The paths with their patterns replaced by what fits them, in order, as a shell would.
    fn files(self, tree: &Path) -> Result<Vec<String>> {
        let mut files = Vec::new();
        for path in self.paths {
            let Some((before, after)) = path.split_once('*') else {
                files.push((*path).to_owned());
                continue;
            };
            let (dir, start) = before.rsplit_once('/').unwrap_or((".", before));
            let dir_read = tree.join(dir);
            let entries = dir_read
                .read_dir()
                .with_context(|| format!("reading {}", dir_read.display()))?;
            let names = entries
                .flatten()
                .filter_map(|entry| entry.file_name().into_string().ok());
            let fits = |name: &String| name.starts_with(start) && name.ends_with(after);
            let mut found: Vec<String> = names
                .filter(fits)
                .map(|name| format!("{dir}/{name}"))
                .collect();
            if found.is_empty() {
                bail!("nothing fits {path} in {}", tree.display());
            }
            found.sort();
            files.extend(found);
        }
        Ok(files)
    }
}

/// The directory of an installed gem.
pub(crate) fn gem(name: &str) -> Result<PathBuf> {
    let script = format!("print Gem::Specification.find_by_name({name:?}).full_gem_path");
    let path = process::output(Command::new("ruby").args(["-e", &script]))
        .with_context(|| format!("finding the gem {name}"))?;
    let path = PathBuf::from(path);
    if !path.join("test").is_dir() {
        bail!("the gem {name} in {} has no tests", path.display());
    }
    Ok(path)
}
