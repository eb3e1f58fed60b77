//! `cargo xtask bench pytest`: pytest suites, side by side with what else runs them.
//!
//! - [`suites`]: the suites and what is to be reached on them
//! - [`runners`]: what runs them
//! - [`times`]: what was measured of a suite
//! - [`spent`]: where the time of a run of paceline goes

mod runners;
mod spent;
mod suites;
mod times;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use self::runners::{Environment, Runner};
use self::spent::Spent;
use self::suites::Suite;
use self::times::{OwnCpu, Times};
use super::machine;
use super::measure::measure;
use super::rounds::{Tried, interleaved_tries};
use crate::{process, product, setup};

#[derive(Debug, Args)]
pub(crate) struct Pytest {
    /// Counted rounds; each runs every suite with every runner once
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Only these suites: a, b, c, d, f, one, or the name of a package
    #[arg(long, value_name = "SUITE,…", value_delimiter = ',')]
    suites: Vec<String>,
    /// One counted round and none before it, to see that everything runs
    #[arg(long)]
    once: bool,
    /// Use this paceline instead of building one
    #[arg(long, value_name = "FILE")]
    paceline: Option<PathBuf>,
}

impl Pytest {
    pub(crate) fn run(&self) -> Result<()> {
        setup::ensure(setup::REAL)?;
        let paceline = product::given_or_built(self.paceline.as_deref())?;
        let directory = process::target().join("bench/pytest");
        let environment = Environment::prepare(&directory, paceline)?;
        let suites = suites::prepare(&directory, &self.suites)?;
        let mut times = Vec::new();
        for suite in &suites {
            times.push(self.measure(suite, &environment, &directory));
        }
        print!("{}", self.page(&suites, &times, &environment)?);
        let all = suites.iter().zip(&times);
        let problems: Vec<String> = all
            .flat_map(|(suite, times)| times.problems(suite))
            .collect();
        ensure!(problems.is_empty(), "{}", problems.join("\n"));
        Ok(())
    }

    fn measure(&self, suite: &Suite, environment: &Environment, directory: &Path) -> Times {
        eprintln!("{}: {}", suite.name, suite.about);
        let events = directory.join(format!("{}.ndjson", suite.name));
        let mut runners = Vec::new();
        let mut failing = Vec::new();
        // What cannot run a suite is told as such, and not measured: it would win by doing nothing.
        for runner in environment.runners() {
            let mut command = environment.command(runner, &suite.directory, &events);
            match process::output(&mut command) {
                Ok(_) => runners.push(runner),
                Err(error) => failing.push((runner, format!("{error:#}"))),
            }
        }
        let mut spent = Vec::new();
        let mut own_cpu = OwnCpu::default();
        let mut once = |which: usize| -> Result<f64> {
            let mut command = environment.command(runners[which], &suite.directory, &events);
            let measured = measure(&mut command)?;
            if runners[which] == Runner::Paceline {
                spent.push(Spent::read(&events, runners::JOBS)?);
                own_cpu.add(&measured);
            }
            Ok(measured.wall.as_secs_f64())
        };
        let (runs, tried) = if self.once {
            let tried = (0..runners.len()).map(|which| Tried::once(once(which)));
            (1, tried.collect())
        } else {
            let rounds = usize::from(self.rounds);
            let tried = interleaved_tries(runners.len(), rounds, once);
            (rounds + 1, tried)
        };
        Times {
            measured: runners.into_iter().zip(tried).collect(),
            failing,
            runs,
            spent,
            own_cpu,
        }
    }

    fn page(&self, suites: &[Suite], times: &[Times], environment: &Environment) -> Result<String> {
        let mut page = String::new();
        let rounds = if self.once {
            "One round".to_owned()
        } else {
            format!(
                "{} interleaved rounds after one that is not counted; medians and ranges",
                self.rounds
            )
        };
        writeln!(
            page,
            "Machine: {}.  \nVersions: {}; {}.  \n{rounds}. Output goes to /dev/null.  \n\
             Repeat: `cargo xtask bench pytest --rounds {}`\n",
            machine::line(),
            product::version(&environment.paceline)?,
            environment.versions(),
            self.rounds,
        )?;
        for note in &environment.notes {
            writeln!(page, "{note}\n")?;
        }
        writeln!(
            page,
            "| suite | runner | median s | range s | paceline / it | at most |\n|---|---|---:|---:|---:|---:|"
        )?;
        for (suite, times) in suites.iter().zip(times) {
            page.push_str(&times.rows(suite));
        }
        let packages: Vec<f64> = suites
            .iter()
            .zip(times)
            .filter(|(suite, _)| suite.is_package)
            .filter_map(|(_, times)| times.ratio(Runner::Xdist))
            .collect();
        writeln!(page)?;
        if !packages.is_empty() {
            writeln!(
                page,
                "The packages on average: {:.2} of {} (at most 0.55). Ratios in bold are not reached.\n",
                packages.iter().sum::<f64>() / packages.len() as f64,
                Runner::Xdist.name(),
            )?;
        }
        for suite in suites {
            writeln!(page, "- {}: {}", suite.name, suite.about)?;
        }
        writeln!(
            page,
            "\nWhere the time of {} slots goes, medians, in ms:\n",
            runners::JOBS
        )?;
        writeln!(page, "{}", Spent::HEADER)?;
        let with_paceline = || {
            let all = suites.iter().zip(times);
            all.filter(|(_, times)| !times.spent.is_empty())
        };
        for (suite, times) in with_paceline() {
            let spent = Spent::median(&times.spent);
            writeln!(page, "| {} {spent}", suite.name)?;
        }
        writeln!(
            page,
            "\npaceline's own CPU, without its workers, as the kernel tells it in steps of 10 ms:\n\n\
             | suite | median ms | of the run's CPU |\n|---|---:|---:|"
        )?;
        for (suite, times) in with_paceline() {
            let OwnCpu {
                milliseconds,
                share,
            } = &times.own_cpu;
            let (own, share) = (milliseconds.median(), share.median());
            writeln!(page, "| {} | {own:.0} | {share:.1} % |", suite.name)?;
        }
        Ok(page)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
    }
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// The first line that a program prints on standard output.
fn version(program: &Path, args: &[&str]) -> String {
    machine::first_line(Command::new(program).args(args))
}
