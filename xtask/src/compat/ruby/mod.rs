//! `cargo xtask compat ruby`: each framework by itself, in one process, and paceline, test by test:
//! ids, their order, outcomes, the framework's own words for them, and assertions.

mod compare;
mod packages;
mod page;
mod records;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::mode::Start;
use crate::{process, product, setup};
pub(crate) use packages::gem;
use packages::{PACKAGES, Package};
use page::{Page, Row};
use records::Record;

/// Seconds after which a run is taken for hung.
const PATIENCE: &str = "900";

#[derive(Debug, Default, Args)]
pub(crate) struct Ruby {
    /// Our own suites, forked and spawned, with two workers
    #[arg(long)]
    quick: bool,
    /// Only these packages: test-unit-features, minitest-features, rss, …
    #[arg(long, value_name = "PACKAGE,…", value_delimiter = ',')]
    packages: Vec<String>,
    /// Take a package from this directory instead of fetching it
    #[arg(long, value_name = "PACKAGE=DIR")]
    tree: Vec<String>,
    /// Numbers of workers
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 8])]
    jobs: Vec<u16>,
    /// Use this paceline instead of building one
    #[arg(long, value_name = "FILE")]
    paceline: Option<PathBuf>,
}

/// A way in which paceline runs a suite.
#[derive(Clone, Copy, Debug)]
struct Mode {
    start: Start,
    jobs: u16,
    tcp: bool,
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tcp = if self.tcp { "-tcp" } else { "" };
        write!(f, "{}-{}{tcp}", self.start, self.jobs)
    }
}

impl Ruby {
    /// What `--quick` runs.
    pub(crate) fn quick() -> Self {
        Self {
            quick: true,
            ..Self::default()
        }
    }

    pub(crate) fn run(&self) -> Result<()> {
        let chosen = self.chosen()?;
        setup::ensure(if self.quick {
            setup::RUBY_TESTS
        } else {
            setup::RUBY_PACKAGES
        })?;
        let paceline = product::given_or_built(self.paceline.as_deref())?;
        let mut page = Page::default();
        for package in chosen {
            let row = self
                .package(package, &paceline)
                .with_context(|| format!("the tests of {}", package.name))?;
            page.rows.push(row);
        }
        println!("\n{page}");
        match page.differences() {
            0 => Ok(()),
            count => bail!(
                "{count} differences; the records and what was printed are in {}",
                directory().join("results").display()
            ),
        }
    }

    fn chosen(&self) -> Result<Vec<Package>> {
        if self.quick {
            return Ok(PACKAGES.into_iter().filter(|one| one.is_own()).collect());
        }
        if self.packages.is_empty() {
            return Ok(PACKAGES.to_vec());
        }
        let find = |name: &String| {
            let found = PACKAGES.into_iter().find(|package| package.name == name);
            let all: Vec<&str> = PACKAGES.iter().map(|package| package.name).collect();
            found.with_context(|| {
                format!("there is no package {name:?}; there are {}", all.join(", "))
            })
        };
        self.packages.iter().map(find).collect()
    }

    fn modes(&self) -> Vec<Mode> {
        let starts = [Start::Fork, Start::Spawn];
        let jobs = if self.quick { &[2][..] } else { &self.jobs };
        let mut modes = Vec::new();
        for start in starts {
            let over_sockets = jobs.iter().map(|&jobs| Mode {
                start,
                jobs,
                tcp: false,
            });
            modes.extend(over_sockets);
            if !self.quick {
                modes.push(Mode {
                    start,
                    jobs: 2,
                    tcp: true,
                });
            }
        }
        modes
    }

    fn package(&self, package: Package, paceline: &Path) -> Result<Row> {
        let given = self.tree.iter().find_map(|given| {
            let (name, path) = given.split_once('=')?;
            (name == package.name).then(|| PathBuf::from(path))
        });
        let source = match given {
            Some(path) => path,
            None => package.fetch()?,
        };
        let tree = copy(&source, &directory().join("trees").join(package.name))?;
        let results = directory().join("results").join(package.name);
        fs::create_dir_all(&results).with_context(|| format!("creating {}", results.display()))?;

        let file = results.join("alone.json");
        let arguments = package.alone(&tree)?;
        let recorder = process::root().join("workers/ruby/tests/sequential.rb");
        run(
            Command::new("timeout")
                .arg(PATIENCE)
                .arg("ruby")
                .args(package.ruby)
                .arg(recorder)
                .arg(package.framework)
                .arg(&file)
                .args(arguments)
                .current_dir(&tree),
            &results.join("alone.log"),
        )?;
        let alone = Record::of_framework(&file)?;
        let mut row = Row::new(package, &alone);
        println!("{}: {}", package.name, row.alone);

        for mode in self.modes() {
            let file = results.join(format!("{mode}.json"));
            let configuration = tree.join(format!("paceline-{mode}.toml"));
            fs::write(&configuration, package.configuration(mode.start))
                .with_context(|| format!("writing {}", configuration.display()))?;
            let transport = if mode.tcp { "tcp" } else { "auto" };
            run(
                Command::new("timeout")
                    .arg(PATIENCE)
                    .arg(paceline)
                    .args(["-q", "--no-history", "--color", "never", "--config"])
                    .arg(&configuration)
                    .args(["--jobs", &mode.jobs.to_string(), "--transport", transport])
                    .arg("--report")
                    .arg(format!("json={}", file.display()))
                    .current_dir(&tree),
                &results.join(format!("{mode}.log")),
            )?;
            let found = Record::of_paceline(&file)?;
            let differences = compare::compare(&alone, &found, !package.is_shuffled);
            let verdict = if differences.is_empty() {
                "agrees"
            } else {
                "DIFFERS"
            };
            println!("{}: {mode} {verdict}", package.name);
            for difference in &differences {
                println!("    {difference}");
            }
            row.modes.push((mode.to_string(), differences.len()));
        }
        Ok(row)
    }
}

/// The directory of everything that is fetched and written here.
fn directory() -> PathBuf {
    process::target().join("compat-ruby")
}

/// A copy of an installed gem with its tests.
pub(crate) fn copy_of_gem(name: &str) -> Result<PathBuf> {
    let tree = directory().join("gems").join(name);
    if tree.is_dir() {
        return Ok(tree);
    }
    copy(&gem(name)?, &tree)
}

/// A fresh copy: tests may write where they are.
fn copy(source: &Path, tree: &Path) -> Result<PathBuf> {
    if tree.exists() {
        fs::remove_dir_all(tree).with_context(|| format!("removing {}", tree.display()))?;
    }
    fs::create_dir_all(tree).with_context(|| format!("creating {}", tree.display()))?;
    process::run(Command::new("cp").arg("-R").arg(source.join(".")).arg(tree))?;
    Ok(tree.to_owned())
}

/// Runs to the end, whatever the exit code: suites may have failures of their own.
fn run(command: &mut Command, printed: &Path) -> Result<()> {
    let log =
        fs::File::create(printed).with_context(|| format!("creating {}", printed.display()))?;
    let err = log.try_clone().context("opening a log twice")?;
    for name in [
        "RUBYOPT",
        "RUBYLIB",
        "BUNDLE_GEMFILE",
        "SEED",
        "TESTOPTS",
        "CI",
    ] {
        command.env_remove(name);
    }
    let status = command
        .env("LC_ALL", "C.UTF-8")
        // One thread: else the tests of `parallelize_me!` end in another order each time. For both: from
        // minitest 6 there is nothing parallel then, which changes the order of classes.
        .env("MT_CPU", "1")
        .stdin(std::process::Stdio::null())
        .stdout(log)
        .stderr(err)
        .status()
        .with_context(|| format!("starting {}", process::shown(command)))?;
    if status.code() == Some(124) {
        bail!("{} took more than {PATIENCE} s", process::shown(command));
    }
    Ok(())
}
