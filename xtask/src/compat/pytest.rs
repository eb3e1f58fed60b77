//! `cargo xtask compat pytest`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::compare::{Difference, Kind, compare};
use super::explained::{self, Explanation};
use super::mode::{Mode, Split, Start, modes};
use super::packages::{self, PACKAGES, Package};
use super::page::{ModeRow, Page, Row};
use super::record::Record;
use super::results::Results;
use crate::{process, product, setup};

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
            pytest: plain.last_line(),
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
            let differences = differences(&plain, &found);
            row.modes
                .push(self.sort_out(package.name, &name, &differences, found.wall));
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

    /// Prints the differences, and counts those without a reason.
    fn sort_out(
        &self,
        package: &str,
        mode: &str,
        differences: &[Difference],
        wall: f64,
    ) -> ModeRow {
        let mut unexplained = BTreeMap::new();
        let mut explained = BTreeSet::new();
        let mut text = String::new();
        for difference in differences {
            let reason = self
                .explanations
                .iter()
                .position(|explanation| explanation.explains(package, mode, difference));
            if let Some(at) = reason {
                explained.insert(at + 1);
            } else {
                *unexplained.entry(difference.kind).or_insert(0) += 1;
                // Writing to a string does not fail.
                let _ = write!(text, "{package} {mode}: {difference}");
            }
        }
        let row = ModeRow {
            mode: mode.to_owned(),
            wall,
            unexplained,
            explained,
        };
        let verdict = if row.agrees() { "agrees" } else { "DIFFERS" };
        println!("{package}: {mode} {:.1} s, {verdict}", row.wall);
        print!("{text}");
        row
    }
}

struct Files {
    report: PathBuf,
    /// Standard output and error.
    printed: PathBuf,
}

/// A run that has ended.
struct Run {
    results: Results,
    code: Option<i32>,
    printed: String,
    wall: f64,
}

impl Run {
    /// The last line that pytest prints, without its frame and time: `3 passed, 1 skipped`.
    fn last_line(&self) -> String {
        let line = self.printed.lines().last().unwrap_or_default();
        let line = line.trim_matches(['=', ' ']);
        let (counts, _) = line.rsplit_once(" in ").unwrap_or((line, ""));
        counts.to_owned()
    }
}

/// What must be the same in both, so that it makes no difference: the order of sets, the width of the
/// terminal, and what the caller's environment would add.
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
    command
        .env("PYTHONHASHSEED", "0")
        .env("COLUMNS", "80")
        .env("NO_COLOR", "1")
}

fn run(command: &mut Command, files: &Files) -> Result<Run> {
    // What an earlier run has left would be taken for what this one has written.
    if files.report.exists() {
        fs::remove_file(&files.report)
            .with_context(|| format!("removing {}", files.report.display()))?;
    }
    let create =
        |path: &Path| File::create(path).with_context(|| format!("creating {}", path.display()));
    let out = create(&files.printed)?;
    let err = out.try_clone().context("opening a log twice")?;
    let started = Instant::now();
    let status = command
        .stdin(std::process::Stdio::null())
        .stdout(out)
        .stderr(err)
        .status()
        .with_context(|| format!("starting {}", process::shown(command)))?;
    let wall = started.elapsed().as_secs_f64();
    let printed =
        fs::read(&files.printed).with_context(|| format!("reading {}", files.printed.display()))?;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let results = Results::read(&files.report).with_context(|| {
        format!(
            "{} ended with {status}; it printed {}",
            process::shown(command),
            files.printed.display()
        )
    })?;
    Ok(Run {
        results,
        code: status.code(),
        printed,
        wall,
    })
}

fn differences(pytest: &Run, paceline: &Run) -> Vec<Difference> {
    let mut differences = compare(&pytest.results, &paceline.results);
    let of_run = |kind, pytest: &str, paceline: &str| Difference {
        kind,
        test: String::new(),
        pytest: pytest.to_owned(),
        paceline: paceline.to_owned(),
    };
    if (pytest.code == Some(0)) != (paceline.code == Some(0)) {
        let code = |run: &Run| format!("exit code {:?}", run.code);
        differences.push(of_run(Kind::Exit, &code(pytest), &code(paceline)));
    }
    let complaints = paceline
        .printed
        .lines()
        .filter(|line| line.contains("does not keep to the protocol"));
    for complaint in complaints {
        differences.push(of_run(Kind::Protocol, "", complaint));
    }
    differences
}
