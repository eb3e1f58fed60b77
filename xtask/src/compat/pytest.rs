//! `cargo xtask compat pytest`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::compare::compare;
use super::explained::{self, Explanation};
use super::mode::{Mode, Split, Start, modes};
use super::packages::{self, PACKAGES, Package};
use super::page::{Page, Row};
use super::record::Record;
use super::run::{Files, Run, of_run, run};
use super::sort_out::sort_out;
use crate::{product, setup};

#[derive(Debug, Default, Args)]
pub(crate) struct Pytest {
    /// The small fixed set, forked and spawned, with two workers
    #[arg(long)]
    quick: bool,
    /// Only these packages: features (our own), pluggy, …
    #[arg(
        long,
        value_name = "PACKAGE,…",
        value_delimiter = ',',
        conflicts_with = "quick"
    )]
    packages: Vec<String>,
    /// How workers start
    #[arg(long, value_delimiter = ',', default_values = ["fork", "spawn"])]
    start: Vec<Start>,
    /// Numbers of workers
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 8])]
    jobs: Vec<u16>,
    /// How files are split; all but `fixture` with two workers only
    #[arg(long, value_delimiter = ',', default_values = ["fixture", "file", "class", "test"])]
    split: Vec<Split>,
    /// Run nothing; print what earlier runs have found
    #[arg(long, conflicts_with_all = ["quick", "packages"])]
    recorded: bool,
    /// Use this paceline instead of building one
    #[arg(long, value_name = "FILE")]
    paceline: Option<PathBuf>,
}

/// Seconds after which a run is taken for hung.
const PATIENCE: &str = "1200";

impl Pytest {
    /// What `--quick` runs.
    pub(crate) fn quick() -> Self {
        Self {
            quick: true,
            ..Self::default()
        }
    }

    pub(crate) fn run(&self) -> Result<()> {
        setup::ensure(setup::REAL)?;
        let paceline = product::given_or_built(self.paceline.as_deref())?;
        let python = packages::environment()?;
        let chosen: Vec<Package> = match (self.quick, self.packages.as_slice()) {
            _ if self.recorded => Vec::new(),
            (true, _) => PACKAGES.into_iter().filter(|one| one.is_quick).collect(),
            (false, []) => PACKAGES.to_vec(),
            (false, names) => packages::named(names)?,
        };
        let modes = if self.quick {
            modes(&[Start::Fork, Start::Spawn], &[2], &[Split::Fixture])
        } else {
            modes(&self.start, &self.jobs, &self.split)
        };
        let explanations = explained::all()?;
        let results = packages::directory().join("results");
        fs::create_dir_all(&results).with_context(|| format!("creating {}", results.display()))?;
        let mut record = Record::open(&results)?;
        let mut page = Page {
            reasons: explanations
                .iter()
                .map(|explanation| explanation.reason.clone())
                .collect(),
            ..Page::default()
        };
        let runs = Runs {
            python,
            paceline,
            explanations,
        };
        for package in chosen {
            let row = runs
                .package(package, &modes)
                .with_context(|| format!("the tests of {}", package.name))?;
            record.add(&row)?;
            page.rows.push(row);
        }
        if self.recorded {
            let names: Vec<String> = PACKAGES.iter().map(Package::shown).collect();
            page.rows = record.rows(&names);
        }
        println!("\n{page}");
        match page.unexplained() {
            0 => Ok(()),
            count => bail!(
                "{count} differences without a reason; the reports and what was printed are in {}",
                packages::directory().join("results").display()
            ),
        }
    }
}

struct Runs {
    python: PathBuf,
    paceline: PathBuf,
    explanations: Vec<Explanation>,
}

impl Runs {
    fn package(&self, package: Package, modes: &[Mode]) -> Result<Row> {
        let tree = package.prepare()?;
        let results = packages::directory().join("results").join(package.name);
        fs::create_dir_all(&results).with_context(|| format!("creating {}", results.display()))?;
        let files = |name: &str| Files {
            report: results.join(format!("{name}.xml")),
            printed: results.join(format!("{name}.log")),
        };

        let plain_files = files("pytest");
        let plain = run(
            environment(
                Command::new("timeout")
                    .arg(PATIENCE)
                    .arg(&self.python)
                    .args([
                        "-m",
                        "pytest",
                        "--continue-on-collection-errors",
                        "--junitxml",
                    ])
                    .arg(&plain_files.report)
                    .current_dir(&tree),
            ),
            &plain_files,
        )?;
        let mut row = Row {
            package: package.shown(),
            pytest: last_line(&plain),
            tests: plain.results.len(),
            modes: Vec::new(),
        };
        println!(
            "{}: pytest {:.1} s, {}",
            package.name, plain.wall, row.pytest
        );

        for mode in modes {
            let name = mode.to_string();
            let files = files(&name);
            let configuration = tree.join(format!("paceline-{name}.toml"));
            fs::write(&configuration, self.configuration(package, *mode)?)
                .with_context(|| format!("writing {}", configuration.display()))?;
            let found = run(
                environment(
                    Command::new("timeout")
                        .arg(PATIENCE)
                        .arg(&self.paceline)
                        .args(["-q", "--no-history", "--color", "never", "--config"])
                        .arg(&configuration)
                        .arg("--jobs")
                        .arg(mode.jobs.to_string())
                        .arg("--report")
                        .arg(format!("junit={}", files.report.display()))
                        .current_dir(&tree),
                ),
                &files,
            )
            .with_context(|| format!("{name} of {}", package.name))?;
            let mut differences = compare(&plain.results, &found.results);
            differences.extend(of_run(&plain, &found));
            row.modes.push(sort_out(
                "pytest",
                &self.explanations,
                package.name,
                &name,
                &differences,
                found.wall,
            ));
        }
        Ok(row)
    }

    fn configuration(&self, package: Package, mode: Mode) -> Result<String> {
        let python = self.python.to_str().context("a path is not UTF-8")?;
        Ok(format!(
            "{}[suite.pytest]\nframework = \"pytest\"\npython = {}\nstart = \"{}\"\nsplit = \"{}\"\n",
            package.configuration,
            toml::Value::from(python),
            mode.start,
            mode.split
        ))
    }
}

/// What must be the same in both, so that it makes no difference: the order of sets, and what the
/// caller's environment would add.
fn environment(command: &mut Command) -> &mut Command {
    for name in [
        "PYTEST_ADDOPTS",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "CI",
        "FORCE_COLOR",
    ] {
        command.env_remove(name);
    }
    command.env("PYTHONHASHSEED", "0")
}

/// The last line that pytest prints, without its frame and time: `3 passed, 1 skipped`.
fn last_line(run: &Run) -> String {
    let line = run.printed.lines().last().unwrap_or_default();
    let line = line.trim_matches(['=', ' ']);
    let (counts, _) = line.rsplit_once(" in ").unwrap_or((line, ""));
    counts.to_owned()
}
