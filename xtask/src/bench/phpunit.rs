//! `cargo xtask bench phpunit`: PHPUnit suites, side by side with `phpunit`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::machine;
use super::measure::measure;
use super::rounds::{Sample, interleaved};
use crate::compat::php_packages;
use crate::{process, product, setup};

#[derive(Debug, Args)]
pub(crate) struct Phpunit {
    /// Counted rounds; each runs every suite with every runner once
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Only these suites: trivial, sleeping, or the name of a package
    #[arg(long, value_name = "SUITE,…", value_delimiter = ',')]
    suites: Vec<String>,
    /// Measure one more: a name, and a command for sh, which runs in the suite's directory
    #[arg(long, value_name = "NAME=COMMAND", value_parser = other)]
    other: Vec<(String, String)>,
    /// Use this paceline instead of building one
    #[arg(long, value_name = "FILE")]
    paceline: Option<PathBuf>,
}

fn other(text: &str) -> Result<(String, String)> {
    match text.split_once('=') {
        Some((name, command)) => Ok((name.to_owned(), command.to_owned())),
        None => bail!("write a name, `=` and a command"),
    }
}

/// What runs the suites.
enum Runner {
    Paceline { start: &'static str },
    Phpunit,
    Other { name: String, command: String },
}

impl Runner {
    fn name(&self) -> String {
        match self {
            Self::Paceline { start } => format!("`paceline -j 2`, {start}"),
            Self::Phpunit => "`phpunit`".to_owned(),
            Self::Other { name, .. } => name.clone(),
        }
    }
}

/// A suite and what is to be reached on it.
struct Suite {
    name: String,
    about: String,
    directory: PathBuf,
    /// The most that paceline, forking, may take as a part of the time of `phpunit`.
    at_most: Option<f64>,
}

/// Packages whose tests pass.
const PACKAGES: [&str; 2] = ["php-parser", "phpunit-comparator"];

impl Phpunit {
    pub(crate) fn run(&self) -> Result<()> {
        setup::ensure(setup::PHP_PACKAGES)?;
        let paceline = product::given_or_built(self.paceline.as_deref())?;
        let mut runners = vec![
            Runner::Paceline { start: "fork" },
            Runner::Paceline { start: "spawn" },
            Runner::Phpunit,
        ];
        runners.extend(self.other.iter().map(|(name, command)| Runner::Other {
            name: name.clone(),
            command: command.clone(),
        }));
        let suites = self.prepare()?;
        let mut times = Vec::new();
        for suite in &suites {
            eprintln!("{}: {}", suite.name, suite.about);
            let samples = interleaved(runners.len(), usize::from(self.rounds), |which| {
                let runner = &runners[which];
                let measured = measure(&mut command(runner, &suite.directory, &paceline))
                    .with_context(|| format!("{} with {}", suite.name, runner.name()))?;
                Ok(measured.wall.as_secs_f64())
            })?;
            times.push(samples);
        }
        print!("{}", self.page(&runners, &suites, &times, &paceline)?);
        Ok(())
    }

    fn prepare(&self) -> Result<Vec<Suite>> {
        let directory = process::target().join("bench/phpunit");
        let mut suites = vec![
            generated(
                &directory,
                "trivial",
                "1,000 trivial tests in 40 classes",
                25,
                "",
                1.15,
            )?,
            generated(
                &directory,
                "sleeping",
                "200 tests of 10 ms in 40 classes",
                5,
                "usleep(10000);",
                0.56,
            )?,
        ];
        for name in PACKAGES {
            if !self.wants(name) {
                continue;
            }
            for package in php_packages::named(&[name.to_owned()])? {
                let directory = package.prepare()?;
                configure(&directory)?;
                suites.push(Suite {
                    name: name.to_owned(),
                    about: format!("the tests of {}", package.shown()?),
                    directory,
                    at_most: None,
                });
            }
        }
        suites.retain(|suite| self.wants(&suite.name));
        Ok(suites)
    }

    fn wants(&self, suite: &str) -> bool {
        self.suites.is_empty() || self.suites.iter().any(|wanted| wanted == suite)
    }

    fn page(
        &self,
        runners: &[Runner],
        suites: &[Suite],
        times: &[Vec<Sample>],
        paceline: &PathBuf,
    ) -> Result<String> {
        let version = |program: &str| -> Result<String> {
            let text = process::output(Command::new(program).arg("--version"))?;
            let line = text.lines().next().unwrap_or_default();
            let words: Vec<&str> = line.split(' ').take(2).collect();
            Ok(words.join(" "))
        };
        let mut page = String::new();
        writeln!(
            page,
            "Machine: {}.  \nVersions: {}; {}, {}.  \n{} interleaved rounds after one that is not counted, from \
             which paceline knows the tests' durations; medians and ranges. Output goes to /dev/null.  \n\
             Repeat: `cargo xtask bench phpunit --rounds {}`\n",
            machine::line(),
            product::version(paceline)?,
            version("php")?,
            version("phpunit")?,
            self.rounds,
            self.rounds
        )?;
        writeln!(
            page,
            "| suite | runner | median s | range s | it / `phpunit` | at most |\n|---|---|---:|---:|---:|---:|"
        )?;
        for (suite, samples) in suites.iter().zip(times) {
            let measured = || runners.iter().zip(samples);
            let plain = measured().find(|(runner, _)| matches!(runner, Runner::Phpunit));
            let plain = plain.map_or(f64::NAN, |(_, sample)| sample.median());
            for (runner, sample) in measured() {
                let ratio = sample.median() / plain;
                let is_own = matches!(runner, Runner::Paceline { start: "fork" });
                let at_most = match suite.at_most.filter(|_| is_own) {
                    Some(most) if ratio <= most => format!("{most:.2}"),
                    Some(most) => format!("**{most:.2}**"),
                    None => String::new(),
                };
                writeln!(
                    page,
                    "| {} | {} | {:.3} | {sample:.3} | {ratio:.2} | {at_most} |",
                    suite.name,
                    runner.name(),
                    sample.median()
                )?;
            }
        }
        writeln!(page)?;
        for suite in suites {
            writeln!(page, "- {}: {}", suite.name, suite.about)?;
        }
        Ok(page)
    }
}

fn command(runner: &Runner, directory: &Path, paceline: &Path) -> Command {
    let mut command = match runner {
        Runner::Paceline { start } => {
            let mut command = Command::new(paceline);
            command
                .args(["-j", "2", "--config"])
                .arg(directory.join(format!("bench-{start}.toml")));
            command
        }
        Runner::Phpunit => Command::new("phpunit"),
        Runner::Other { command: text, .. } => {
            let mut command = Command::new("sh");
            command.arg("-c").arg(text);
            command
        }
    };
    command
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn generated(
    directory: &Path,
    name: &str,
    about: &str,
    tests: usize,
    statement: &str,
    at_most: f64,
) -> Result<Suite> {
    const CLASSES: usize = 40;
    let directory = directory.join(name);
    for class in 0..CLASSES {
        let class = format!("C{class:02}Test");
        let mut text = format!(
            "<?php\nuse PHPUnit\\Framework\\TestCase;\nfinal class {class} extends TestCase\n{{\n"
        );
        for test in 0..tests {
            writeln!(
                text,
                "    public function test{test}(): void {{ {statement}$this->assertTrue(true); }}"
            )?;
        }
        text.push_str("}\n");
        write(&directory.join(format!("tests/{class}.php")), &text)?;
    }
    let configuration = "<phpunit cacheResult=\"false\"><testsuites><testsuite name=\"all\">\
                         <directory>tests</directory></testsuite></testsuites></phpunit>\n";
    write(&directory.join("phpunit.xml"), configuration)?;
    configure(&directory)?;
    Ok(Suite {
        name: name.to_owned(),
        about: about.to_owned(),
        directory,
        at_most: Some(at_most),
    })
}

/// Writes a configuration for each start, with suites of different names: each has its own history.
fn configure(directory: &Path) -> Result<()> {
    for start in ["fork", "spawn"] {
        let text = format!("[suite.{start}]\nframework = \"phpunit\"\nstart = \"{start}\"\n");
        write(&directory.join(format!("bench-{start}.toml")), &text)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
    }
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
