//! `cargo xtask bench ruby`: test-unit suites, side by side with test-unit by itself and its own
//! processes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::machine;
use super::measure::measure;
use super::rounds::{Sample, interleaved};
use crate::compat::ruby::gem;
use crate::{process, product, setup};

/// Workers of everything that is parallel.
const JOBS: &str = "2";

#[derive(Debug, Args)]
pub(crate) struct Ruby {
    /// Counted rounds; each runs every suite with every runner once
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Only these suites: trivial, sleeping, fixtures, rss
    #[arg(long, value_name = "SUITE,…", value_delimiter = ',')]
    suites: Vec<String>,
    /// A checkout of test-unit 3.7.4 or newer, for its `--parallel=process`
    #[arg(long, value_name = "DIR")]
    test_unit: Option<PathBuf>,
    /// Use this paceline instead of building one
    #[arg(long, value_name = "FILE")]
    paceline: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runner {
    Paceline,
    Alone,
    Processes,
}

impl Runner {
    fn name(self) -> &'static str {
        match self {
            Self::Paceline => "`paceline -j 2`",
            Self::Alone => "test-unit",
            Self::Processes => "`test-unit --parallel=process --n-workers=2`",
        }
    }
}

/// A suite and the most that paceline may take of the time of others.
struct Suite {
    name: &'static str,
    about: &'static str,
    of_alone: Option<f64>,
    of_processes: Option<f64>,
    /// What two workers need at least for what the tests wait, in seconds, and the most of it.
    limit: Option<(f64, f64)>,
    /// Files to write; none for an installed gem.
    files: fn() -> Vec<(String, String)>,
}

const SUITES: [Suite; 4] = [
    Suite {
        name: "trivial",
        about: "1,000 trivial tests in 40 cases",
        of_alone: Some(1.15),
        of_processes: Some(0.30),
        limit: None,
        files: || cases(40, 25, "", "assert_equal(2, 1 + 1)"),
    },
    Suite {
        name: "sleeping",
        about: "200 tests of 10 ms in 40 cases",
        of_alone: Some(0.56),
        of_processes: Some(0.95),
        limit: Some((1.0, f64::INFINITY)),
        files: || cases(40, 5, "", "sleep(0.01)"),
    },
    Suite {
        name: "fixtures",
        about: "10 cases with a start-up of 200 ms and 10 trivial tests each",
        of_alone: None,
        of_processes: None,
        limit: Some((1.0, 1.1)),
        files: || cases(10, 10, "  def self.startup = sleep(0.2)\n", "assert(true)"),
    },
    Suite {
        name: "rss",
        about: "the tests of the gem rss, 312 in 41 files",
        of_alone: Some(0.58),
        of_processes: Some(0.90),
        limit: None,
        files: Vec::new,
    },
];

impl Suite {
    fn target(&self, runner: Runner) -> Option<f64> {
        match runner {
            Runner::Paceline => None,
            Runner::Alone => self.of_alone,
            Runner::Processes => self.of_processes,
        }
    }

    /// Writes or copies it.
    fn prepare(&self, directory: &Path) -> Result<PathBuf> {
        let directory = directory.join(self.name);
        if directory.exists() {
            fs::remove_dir_all(&directory)
                .with_context(|| format!("removing {}", directory.display()))?;
        }
        let tests = directory.join("test");
        fs::create_dir_all(&tests).with_context(|| format!("creating {}", tests.display()))?;
        let files = (self.files)();
        if files.is_empty() {
            let from = gem(self.name)?.join(".");
            process::run(Command::new("cp").arg("-R").arg(from).arg(&directory))?;
            // It starts test-unit by itself, and is named like a test.
            let starter = tests.join("run-test.rb");
            if starter.exists() {
                fs::remove_file(&starter)
                    .with_context(|| format!("removing {}", starter.display()))?;
            }
        }
        for (name, text) in files {
            let path = tests.join(name);
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        let configuration = directory.join("paceline.toml");
        let text = "[suite.ruby]\nframework = \"test-unit\"\nruby = \"ruby\"\nargs = [\"-Ilib\", \"-Itest\", \"test\"]\n";
        fs::write(&configuration, text)
            .with_context(|| format!("writing {}", configuration.display()))?;
        Ok(directory)
    }
}

/// `count` files with a case of `each` tests.
fn cases(count: usize, each: usize, head: &str, body: &str) -> Vec<(String, String)> {
    let file = |number: usize| {
        let mut text = format!(
            "require \"test/unit\"\n\nclass TestCase{number:02} < Test::Unit::TestCase\n{head}"
        );
        for test in 0..each {
            // Writing to a string does not fail.
            let _ = write!(text, "\n  def test_{test:02}\n    {body}\n  end\n");
        }
        text.push_str("end\n");
        (format!("test_case{number:02}.rb"), text)
    };
    (0..count).map(file).collect()
}

impl Ruby {
    pub(crate) fn run(&self) -> Result<()> {
        setup::ensure(setup::RUBY_TESTS)?;
        let paceline = product::given_or_built(self.paceline.as_deref())?;
        let suites = self.chosen()?;
        let mut runners = vec![Runner::Paceline, Runner::Alone];
        if let Some(checkout) = &self.test_unit {
            let has_processes = checkout.join("lib/test/unit/process-worker.rb").is_file();
            ensure!(
                has_processes,
                "test-unit in {} has no `--parallel=process`",
                checkout.display()
            );
            runners.push(Runner::Processes);
        }
        let directory = process::target().join("bench/ruby");
        let mut table = String::new();
        for suite in &suites {
            eprintln!("{}: {}", suite.name, suite.about);
            let place = suite.prepare(&directory)?;
            let samples = interleaved(runners.len(), usize::from(self.rounds), |which| {
                let mut command = self.command(runners[which], &paceline, &place)?;
                Ok(measure(&mut command)?.wall.as_secs_f64())
            })
            .with_context(|| format!("suite {}", suite.name))?;
            add_rows(&mut table, suite, &runners, &samples)?;
        }
        println!("{}", self.head(&paceline)?);
        print!("{table}");
        println!();
        for suite in suites {
            println!("- {}: {}", suite.name, suite.about);
        }
        Ok(())
    }

    /// The suites that are asked for; all if none is.
    fn chosen(&self) -> Result<Vec<&'static Suite>> {
        for name in &self.suites {
            let names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
            ensure!(
                names.contains(&name.as_str()),
                "there is no suite {name:?}; there are {}",
                names.join(", ")
            );
        }
        let is_chosen = |suite: &&Suite| {
            self.suites.is_empty() || self.suites.iter().any(|name| name == suite.name)
        };
        Ok(SUITES.iter().filter(is_chosen).collect())
    }

    fn head(&self, paceline: &PathBuf) -> Result<String> {
        let mut text = String::new();
        let ruby = machine::first_line(Command::new("ruby").arg("--version"));
        let script = "require 'test/unit/version'; puts Test::Unit::VERSION";
        let system = machine::first_line(Command::new("ruby").args(["-e", script]));
        writeln!(
            text,
            "Machine: {}.  \nVersions: {}; {ruby}; test-unit {system}{}.  \n{} interleaved rounds after \
             one that is not counted; medians and ranges. Output goes to /dev/null.  \n\
             Repeat: `cargo xtask bench ruby --rounds {}{}{}`\n",
            machine::line(),
            product::version(paceline)?,
            match &self.test_unit {
                Some(checkout) => {
                    let version = machine::first_line(
                        Command::new("ruby")
                            .arg("-I")
                            .arg(checkout.join("lib"))
                            .args(["-e", script]),
                    );
                    format!(", and {version} for its processes")
                }
                None => "; its processes are not measured without `--test-unit`".to_owned(),
            },
            self.rounds,
            self.rounds,
            if self.suites.is_empty() {
                String::new()
            } else {
                format!(" --suites {}", self.suites.join(","))
            },
            if self.test_unit.is_some() {
                " --test-unit DIR"
            } else {
                ""
            },
        )?;
        write!(
            text,
            "| suite | runner | median s | range s | paceline / it | at most |\n|---|---|---:|---:|---:|---:|"
        )?;
        Ok(text)
    }

    fn command(&self, runner: Runner, paceline: &Path, place: &Path) -> Result<Command> {
        let script = "require 'test/unit'; exit Test::Unit::AutoRunner.run(true)";
        let mut command = match runner {
            Runner::Paceline => {
                let mut command = Command::new(paceline);
                command.args(["-j", JOBS]);
                command
            }
            Runner::Alone | Runner::Processes => {
                let mut command = Command::new("ruby");
                command.args(["-Ilib", "-Itest", "-e", script, "--"]);
                command
            }
        };
        for name in ["RUBYOPT", "RUBYLIB", "BUNDLE_GEMFILE"] {
            command.env_remove(name);
        }
        if runner == Runner::Processes {
            let checkout = self
                .test_unit
                .as_ref()
                .context("no checkout of test-unit")?;
            let lib = checkout.join("lib");
            let lib = lib
                .canonicalize()
                .with_context(|| format!("finding {}", lib.display()))?;
            command.env("RUBYLIB", lib);
            command.args(["--parallel=process", &format!("--n-workers={JOBS}")]);
        }
        if runner != Runner::Paceline {
            command.arg("test");
        }
        command
            .current_dir(place)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(command)
    }
}

fn add_rows(
    table: &mut String,
    suite: &Suite,
    runners: &[Runner],
    samples: &[Sample],
) -> Result<()> {
    let own = samples.first().map_or(f64::NAN, Sample::median);
    let at_most = |ratio: f64, target: Option<f64>| match target {
        Some(target) if ratio <= target => format!("{target:.2}"),
        Some(target) => format!("**{target:.2}**"),
        None => String::new(),
    };
    for (runner, sample) in runners.iter().zip(samples) {
        let ratio = own / sample.median();
        let shown = match runner {
            Runner::Paceline => String::new(),
            _ => format!("{ratio:.2}"),
        };
        writeln!(
            table,
            "| {} | {} | {:.3} | {sample:.3} | {shown} | {} |",
            suite.name,
            runner.name(),
            sample.median(),
            at_most(ratio, suite.target(*runner)),
        )?;
    }
    if let Some((limit, most)) = suite.limit {
        let ratio = own / limit;
        let target = Some(most).filter(|most| most.is_finite());
        writeln!(
            table,
            "| {} | what two workers wait at least | {limit:.3} | | {ratio:.2} | {} |",
            suite.name,
            at_most(ratio, target),
        )?;
    }
    Ok(())
}
