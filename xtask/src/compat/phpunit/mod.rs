//! `cargo xtask compat phpunit`.
//!
//! - [`packages`]: packages from Debian's source packages, and a suite of our own
//! - [`checklist`]: the end-to-end tests of PHPUnit's own parallel mode
//! - [`versions`]: which PHP and PHPUnit run here
//! - [`normal`]: what makes no difference between PHPUnit's own log and paceline's report

mod checklist;
mod normal;
pub(crate) mod packages;
mod versions;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use self::packages::{PACKAGES, Package};
use super::compare::compare;
use super::explained::{self, Explanation};
use super::mode::{Mode, Split, Start, modes};
use super::page::{Page, Row};
use super::run::{Files, Run, of_run, run};
use super::sort_out::sort_out;
use crate::{product, setup};

#[derive(Debug, Default, Args)]
pub(crate) struct Phpunit {
    /// The small fixed set, forked and spawned, with two workers
    #[arg(long)]
    quick: bool,
    /// Only these packages: features (our own), php-parser, …
    #[arg(
        long,
        value_name = "PACKAGE,…",
        value_delimiter = ',',
        conflicts_with = "quick"
    )]
    packages: Vec<String>,
    /// The tests in a directory, under a name, in place of the packages; may be repeated
    #[arg(long, value_name = "NAME=DIR", value_parser = tree, conflicts_with_all = ["quick", "packages"])]
    tree: Vec<(String, PathBuf)>,
    /// How workers start
    #[arg(long, value_delimiter = ',', default_values = ["fork", "spawn"])]
    start: Vec<Start>,
    /// Numbers of workers
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 8])]
    jobs: Vec<u16>,
    /// Run the end-to-end tests of PHPUnit's parallel mode, of a checkout of its branch, with paceline
    #[arg(long, value_name = "DIR", conflicts_with_all = ["quick", "packages", "jobs"])]
    checklist: Option<PathBuf>,
    /// Use this paceline instead of building one
    #[arg(long, value_name = "FILE")]
    paceline: Option<PathBuf>,
}

fn tree(text: &str) -> Result<(String, PathBuf)> {
    match text.split_once('=') {
        Some((name, directory)) => Ok((name.to_owned(), directory.into())),
        None => bail!("write a name, `=` and a directory"),
    }
}

/// Seconds after which a run is taken for hung.
const PATIENCE: &str = "600";

const EXPLAINED: &str = include_str!("../../../compat/phpunit/explained.toml");

impl Phpunit {
    /// What `--quick` runs.
    pub(crate) fn quick() -> Self {
        Self {
            quick: true,
            ..Self::default()
        }
    }

    pub(crate) fn run(&self) -> Result<()> {
        setup::ensure(setup::PHP_PACKAGES)?;
        let paceline = product::given_or_built(self.paceline.as_deref())?;
        if let Some(branch) = &self.checklist {
            println!("{}, PHPUnit {}", versions::php()?, versions::phpunit()?);
            return checklist::run(branch, &paceline, &self.start);
        }
        let chosen: Vec<&Package> = match (self.quick, self.packages.as_slice()) {
            (true, _) => PACKAGES.iter().filter(|one| one.is_quick).collect(),
            (false, []) if !self.tree.is_empty() => Vec::new(),
            (false, []) => PACKAGES.iter().collect(),
            (false, names) => packages::named(names)?,
        };
        let modes = if self.quick {
            modes(&[Start::Fork, Start::Spawn], &[2], &[Split::Fixture])
        } else {
            modes(&self.start, &self.jobs, &[Split::Fixture])
        };
        let explanations =
            explained::parse(EXPLAINED).context("reading xtask/compat/phpunit/explained.toml")?;
        let mut page = Page {
            framework: Some("phpunit"),
            reasons: explanations
                .iter()
                .map(|explanation| explanation.reason.clone())
                .collect(),
            ..Page::default()
        };
        let version = versions::phpunit()?;
        let runs = Runs {
            paceline,
            explanations,
            major: versions::major(&version)?,
        };
        for package in chosen {
            let row = package
                .prepare()
                .and_then(|tree| {
                    let suite = Suite {
                        name: package.name,
                        shown: package.shown()?,
                        arguments: package.arguments,
                    };
                    runs.suite(&suite, &tree, &modes)
                })
                .with_context(|| format!("the tests of {}", package.name))?;
            page.rows.push(row);
        }
        for (name, tree) in &self.tree {
            let suite = Suite {
                name,
                shown: name.clone(),
                arguments: packages::arguments(name),
            };
            let row = runs.suite(&suite, tree, &modes);
            page.rows
                .push(row.with_context(|| format!("the tests of {name}"))?);
        }
        println!("\n{}, PHPUnit {version}\n\n{page}", versions::php()?);
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
    paceline: PathBuf,
    explanations: Vec<Explanation>,
    /// The version of PHPUnit.
    major: u32,
}

/// What is compared.
struct Suite<'a> {
    name: &'a str,
    /// Its name and version.
    shown: String,
    /// Arguments for PHPUnit.
    arguments: &'a [&'static str],
}

impl Runs {
    fn suite(&self, package: &Suite<'_>, tree: &Path, modes: &[Mode]) -> Result<Row> {
        let tree = tree
            .canonicalize()
            .with_context(|| format!("finding {}", tree.display()))?;
        let results = packages::directory().join("results").join(package.name);
        fs::create_dir_all(&results).with_context(|| format!("creating {}", results.display()))?;
        let files = |name: &str| Files {
            report: results.join(format!("{name}.xml")),
            printed: results.join(format!("{name}.log")),
        };
        let plain_files = files("phpunit");
        let plain = run(
            Command::new("timeout")
                // NO_COLOR does not keep it from colours where a package's configuration asks for them.
                .args([PATIENCE, "phpunit", "--colors=never", "--log-junit"])
                .arg(&plain_files.report)
                .args(package.arguments)
                .current_dir(&tree),
            &plain_files,
        )?;
        let expected = normal::of_phpunit(&plain.results, &tree);
        let mut row = Row {
            package: package.shown.clone(),
            pytest: counts(&plain),
            tests: expected.len(),
            modes: Vec::new(),
        };
        println!(
            "{}: phpunit {:.1} s, {}",
            package.name, plain.wall, row.pytest
        );
        for mode in modes {
            let name = mode.to_string();
            let files = files(&name);
            let configuration = tree.join(format!("paceline-{name}.toml"));
            let arguments = toml::Value::from(package.arguments.to_vec());
            let text = format!(
                "[suite.phpunit]\nframework = \"phpunit\"\nstart = \"{}\"\nargs = {arguments}\n",
                mode.start
            );
            fs::write(&configuration, text)
                .with_context(|| format!("writing {}", configuration.display()))?;
            let found = run(
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
                &files,
            )
            .with_context(|| format!("{name} of {}", package.name))?;
            let results = normal::of_paceline(&found.results, self.major);
            let mut differences = compare(&expected, &results);
            differences.extend(of_run(&plain, &found));
            row.modes.push(sort_out(
                "phpunit",
                &self.explanations,
                package.name,
                &name,
                &differences,
                found.wall,
            ));
        }
        Ok(row)
    }
}

/// The counts that PHPUnit prints at its end: `Tests: 3, Assertions: 4.`
fn counts(run: &Run) -> String {
    let is_counts = |line: &&str| line.starts_with("Tests: ") || line.starts_with("OK");
    let line = run.printed.lines().rev().find(is_counts);
    line.unwrap_or_default().trim_end_matches('.').to_owned()
}
