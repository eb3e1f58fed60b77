//! `cargo xtask bench commands`: what running many short commands costs.
//!
//! Four questions, four tables: how long the runners take side by side, how soon the first suite
//! starts, what paceline itself needs, and with what all of that was measured.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::engine_cost;
use super::events::Run;
use super::machine;
use super::measure::{Measured, measure};
use super::rounds::{Sample, interleaved};
use crate::{process, product, setup};

#[derive(Debug, Args)]
pub(crate) struct Commands {
    /// Counted rounds; each runs every runner once
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Use this paceline instead of building one
    #[arg(long, value_name = "FILE")]
    paceline: Option<PathBuf>,
}

/// Many times the same command.
struct Workload {
    /// What the tables call it.
    name: &'static str,
    argv: &'static [&'static str],
    count: usize,
}

const TRUE: Workload = Workload {
    name: "true",
    argv: &["true"],
    count: 1_000,
};
const SLEEP: Workload = Workload {
    name: "sleep 0.01",
    argv: &["sleep", "0.01"],
    count: 200,
};
/// About 10 ms of CPU time where this was written; the table says what it was.
const BUSY: Workload = Workload {
    name: "10 ms of CPU",
    argv: &[
        "sh",
        "-c",
        "i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done",
    ],
    count: 200,
};
const DATE: [&str; 2] = ["date", "+%s%N"];
const SLOTS: [usize; 2] = [2, 16];

#[derive(Clone, Copy)]
enum Runner {
    Paceline,
    Parallel,
    Xargs,
    Make,
}

impl Runner {
    const ALL: [Self; 4] = [Self::Paceline, Self::Parallel, Self::Xargs, Self::Make];

    fn name(self, slots: usize) -> String {
        match self {
            Self::Paceline => format!("paceline -j {slots}"),
            Self::Parallel => format!("parallel -j{slots}"),
            Self::Xargs => format!("xargs -P{slots} -n1"),
            Self::Make => format!("make -j{slots}"),
        }
    }
}

impl Commands {
    pub(crate) fn run(&self) -> Result<()> {
        setup::ensure(setup::RIVALS)?;
        let paceline = product::given_or_built(self.paceline.as_deref())?;
        let place = Place::prepare(paceline)?;
        let rounds = usize::from(self.rounds);
        let mut page = String::new();
        writeln!(page, "{}", place.conditions(rounds)?)?;
        place.side_by_side(rounds, &mut page)?;
        place.start(&mut page)?;
        place.own_cpu(rounds, &mut page)?;
        let kinds = [&TRUE, &SLEEP, &BUSY].map(|kind| (kind.name, kind.count, kind.argv));
        engine_cost::table(&kinds, rounds, &mut page)?;
        print!("{page}");
        Ok(())
    }
}

/// The directory with everything that the runners read.
struct Place {
    paceline: PathBuf,
    directory: PathBuf,
}

impl Place {
    fn prepare(paceline: PathBuf) -> Result<Self> {
        let directory = process::target().join("bench/commands");
        if directory.exists() {
            fs::remove_dir_all(&directory)
                .with_context(|| format!("removing {}", directory.display()))?;
        }
        let place = Self {
            paceline,
            directory,
        };
        for workload in [&TRUE, &SLEEP, &BUSY] {
            let toml = configuration(workload.argv, workload.count)?;
            place.write(&format!("{}/paceline.toml", slug(workload)), &toml)?;
        }
        for workload in [&TRUE, &SLEEP] {
            let command = workload.argv.join(" ");
            place.write(
                &format!("{}/Makefile", slug(workload)),
                &makefile(&command, workload.count),
            )?;
            // A line for each command: xargs appends it, and parallel puts it where {} is. `true`
            // does not mind an argument; `sleep` needs its own.
            let line = workload.argv.get(1).copied().unwrap_or("x");
            let lines = format!("{line}\n").repeat(workload.count);
            place.write(&format!("{}/arguments", slug(workload)), &lines)?;
        }
        for count in [1, TRUE.count] {
            place.write(
                &format!("date-{count}/paceline.toml"),
                &configuration(&DATE, count)?,
            )?;
        }
        Ok(place)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.directory.join(name);
        let parent = path.parent().unwrap_or(&self.directory);
        fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }

    fn command(&self, runner: Runner, workload: &Workload, slots: usize) -> Result<Command> {
        let directory = self.directory.join(slug(workload));
        let program = workload.argv[0];
        let input = || -> Result<Stdio> {
            let path = directory.join("arguments");
            Ok(File::open(&path)
                .with_context(|| format!("opening {}", path.display()))?
                .into())
        };
        let mut command = match runner {
            Runner::Paceline => {
                let mut command = Command::new(&self.paceline);
                command
                    .arg("-j")
                    .arg(slots.to_string())
                    .stdin(Stdio::null());
                command
            }
            Runner::Parallel => {
                // Its request to be cited is for terminals; docs/benchmarks.md cites it.
                let mut command = Command::new("parallel");
                command
                    .arg(format!("-j{slots}"))
                    .args([program, "{}"])
                    .stdin(input()?);
                command
            }
            Runner::Xargs => {
                let mut command = Command::new("xargs");
                command
                    .arg(format!("-P{slots}"))
                    .args(["-n1", program])
                    .stdin(input()?);
                command
            }
            Runner::Make => {
                let mut command = Command::new("make");
                command
                    .arg(format!("-j{slots}"))
                    .arg("all")
                    .env_remove("MAKEFLAGS")
                    .env_remove("MAKELEVEL")
                    .stdin(Stdio::null());
                command
            }
        };
        command
            .current_dir(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(command)
    }

    fn conditions(&self, rounds: usize) -> Result<String> {
        Ok(format!(
            "Machine: {}.  \n\
             Versions: {}; {}; {}; {}.  \n\
             {rounds} interleaved rounds after one that is not counted; medians and ranges. \
             All output goes to /dev/null; paceline writes its logs, its record and its history as always.  \n\
             Repeat: `cargo xtask bench commands --rounds {rounds}`\n",
            machine::line(),
            product::version(&self.paceline)?,
            machine::first_line(Command::new("parallel").arg("--version")),
            machine::first_line(Command::new("xargs").arg("--version")),
            machine::first_line(Command::new("make").arg("--version")),
        ))
    }

    fn side_by_side(&self, rounds: usize, page: &mut String) -> Result<()> {
        writeln!(
            page,
            "| commands | runner | median ms | range ms | per command ms | paceline is |"
        )?;
        writeln!(page, "|---|---|---:|---:|---:|---|")?;
        for workload in [&TRUE, &SLEEP] {
            for slots in SLOTS {
                eprintln!("{} × {}, {slots} slots", workload.count, workload.name);
                let samples = interleaved(Runner::ALL.len(), rounds, |which| {
                    let mut command = self.command(Runner::ALL[which], workload, slots)?;
                    Ok(millis(measure(&mut command)?))
                })?;
                let own = samples[0].median();
                for (runner, sample) in Runner::ALL.into_iter().zip(&samples) {
                    let ratio = sample.median() / own;
                    let verdict = match runner {
                        Runner::Paceline => String::new(),
                        _ if ratio >= 1.0 => format!("{ratio:.2} times as fast"),
                        _ => format!("{:.2} times slower", 1.0 / ratio),
                    };
                    writeln!(
                        page,
                        "| {} × `{}` | `{}` | {:.0} | {sample} | {:.2} | {verdict} |",
                        workload.count,
                        workload.name,
                        runner.name(slots),
                        sample.median(),
                        sample.median() / workload.count as f64,
                    )?;
                }
            }
        }
        writeln!(page)?;
        Ok(())
    }

    /// The suite is `date +%s%N`, so its log tells when it ran: from just before paceline is started
    /// to when `date` looked at the clock, the start of `date` itself included. Beside it, what the
    /// run's own events say, which counts from where paceline's clock starts.
    fn start(&self, page: &mut String) -> Result<()> {
        const ROUNDS: usize = 21;
        const SIZES: [usize; 2] = [1, TRUE.count];
        eprintln!("start to first suite");
        let mut by_events = [Sample::default(), Sample::default()];
        let samples = interleaved(SIZES.len(), ROUNDS, |which| {
            let directory = self.directory.join(format!("date-{}", SIZES[which]));
            let events = directory.join("events.ndjson");
            let before = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
            measure(
                Command::new(&self.paceline)
                    .args(["-j", "2", "--events"])
                    .arg(&events)
                    .current_dir(&directory)
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null()),
            )?;
            let run = Run::read(&events)?;
            let first = run.first_attempt.context("no suite was started")?;
            by_events[which].push(first * 1e3);
            let mut earliest = None;
            for name in &run.suites {
                let at = clock_in(&directory.join(format!(".paceline/logs/{name}.log")))?;
                earliest = Some(earliest.map_or(at, |other: u128| other.min(at)));
            }
            let earliest = earliest.context("no suite was run")?;
            Ok(earliest.saturating_sub(before) as f64 / 1e6)
        })?;
        writeln!(
            page,
            "| start → first suite | median ms | range ms | by the run's events, median ms |"
        )?;
        writeln!(page, "|---|---:|---:|---:|")?;
        for ((size, sample), events) in SIZES.into_iter().zip(&samples).zip(&by_events) {
            writeln!(
                page,
                "| of {size} | {:.1} | {sample:.1} | {:.1} |",
                sample.median(),
                events.median()
            )?;
        }
        writeln!(page)?;
        Ok(())
    }

    /// CPU time of paceline and all suites by `wait4`, less the suites' own by the run's events; and,
    /// beside it, what the kernel says of the one process, in steps of 10 ms.
    fn own_cpu(&self, rounds: usize, page: &mut String) -> Result<()> {
        const KINDS: [&Workload; 3] = [&TRUE, &SLEEP, &BUSY];
        eprintln!("paceline's own CPU time");
        let mut kernel = KINDS.map(|_| Sample::default());
        let mut of_wall = KINDS.map(|_| Sample::default());
        let mut of_cpu = KINDS.map(|_| Sample::default());
        let mut suite_cpu = KINDS.map(|_| Sample::default());
        let own = interleaved(KINDS.len(), rounds, |which| {
            let workload = KINDS[which];
            let events = self.directory.join(slug(workload)).join("events.ndjson");
            let mut command = Command::new(&self.paceline);
            command
                .args(["-j", "2", "--events"])
                .arg(&events)
                .current_dir(self.directory.join(slug(workload)))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let measured = measure(&mut command)?;
            let run = Run::read(&events)?;
            ensure!(
                run.passed == workload.count as u64,
                "{} of {} suites passed",
                run.passed,
                workload.count
            );
            let total = measured.cpu.as_secs_f64();
            let own = (total - run.suites_cpu).max(0.0);
            if let Some(ticks) = measured.own_cpu {
                kernel[which].push(ticks.as_secs_f64() * 1e3);
            }
            of_wall[which].push(100.0 * own / measured.wall.as_secs_f64());
            of_cpu[which].push(100.0 * own / total);
            suite_cpu[which].push(1e3 * run.suites_cpu / workload.count as f64);
            Ok(own * 1e3)
        })?;
        writeln!(
            page,
            "| paceline's own CPU, `-j 2` | ms | range ms | by the kernel, ms | µs a suite | of one CPU | of the run's CPU | CPU of a suite, ms |"
        )?;
        writeln!(page, "|---|---:|---:|---:|---:|---:|---:|---:|")?;
        for (i, workload) in KINDS.into_iter().enumerate() {
            writeln!(
                page,
                "| {} × {} | {:.0} | {} | {:.0} | {:.0} | {:.1} % | {:.1} % | {:.2} |",
                workload.count,
                workload.name,
                own[i].median(),
                own[i],
                kernel[i].median(),
                1e3 * own[i].median() / workload.count as f64,
                of_wall[i].median(),
                of_cpu[i].median(),
                suite_cpu[i].median(),
            )?;
        }
        Ok(())
    }
}

fn millis(measured: Measured) -> f64 {
    measured.wall.as_secs_f64() * 1e3
}

fn slug(workload: &Workload) -> String {
    workload.name.replace([' ', '.'], "-")
}

/// As many suites of the same command.
fn configuration(argv: &[&str], count: usize) -> Result<String> {
    // A JSON array of strings is a TOML array of strings.
    let argv = serde_json::to_string(argv)?;
    let mut toml = String::new();
    for i in 1..=count {
        writeln!(toml, "[suite.s{i:04}]\ncommand = {argv}\n")?;
    }
    Ok(toml)
}

fn makefile(command: &str, count: usize) -> String {
    let targets: Vec<String> = (1..=count).map(|i| format!("t{i}")).collect();
    let targets = targets.join(" ");
    format!(".PHONY: all {targets}\nall: {targets}\n{targets}:\n\t@{command}\n")
}

/// The line of a log that is nothing but nanoseconds since 1970.
fn clock_in(log: &Path) -> Result<u128> {
    let bytes = fs::read(log).with_context(|| format!("reading {}", log.display()))?;
    String::from_utf8_lossy(&bytes)
        .lines()
        .find(|line| line.len() >= 19 && line.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|line| line.parse().ok())
        .with_context(|| format!("{} has no time in it", log.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_has_a_suite_for_each_command() {
        assert_eq!(
            configuration(&["sleep", "0.01"], 2).unwrap(),
            "[suite.s0001]\ncommand = [\"sleep\",\"0.01\"]\n\n[suite.s0002]\ncommand = [\"sleep\",\"0.01\"]\n\n"
        );
    }

    #[test]
    fn a_makefile_has_a_phony_target_for_each_command() {
        assert_eq!(
            makefile("true", 2),
            ".PHONY: all t1 t2\nall: t1 t2\nt1 t2:\n\t@true\n"
        );
    }

    #[test]
    fn finds_the_time_in_a_log() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(
            &file,
            "# started 2026\n1763664000123456789\n# exit code 0\n",
        )
        .unwrap();
        assert_eq!(clock_in(file.path()).unwrap(), 1_763_664_000_123_456_789);
    }
}
