//! `cargo xtask bench real`: a repository of published packages, run by their own tools.
//!
//! What is in it is pinned in `xtask/real/`; it is fetched by cargo and pip into `target/real-repo`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::Value;

use super::measure::measure;
use super::rounds::interleaved;
use super::{agreement, machine};
use crate::{junit, process, product, setup};

const CONFIGURATION: &str = include_str!("../../real/paceline.toml");
const WORKSPACE: &str = include_str!("../../real/workspace.toml");
const LOCK: &str = include_str!("../../real/Cargo.lock");
const REQUIREMENTS: &str = include_str!("../../real/requirements.txt");

/// Crates whose archives hold their tests, with few dependencies.
const CRATES: [(&str, &str); 8] = [
    ("bytes", "1.12.1"),
    ("either", "1.19.0"),
    ("heck", "0.5.0"),
    ("itoa", "1.0.18"),
    ("percent-encoding", "2.3.2"),
    ("semver", "1.0.28"),
    ("slab", "0.4.12"),
    ("strsim", "0.11.1"),
];

/// Source distributions that hold their tests.
const SDISTS: [&str; 9] = [
    "click==8.3.1",
    "iniconfig==2.3.0",
    "itsdangerous==2.2.0",
    "jinja2==3.1.6",
    "markupsafe==3.0.3",
    "marshmallow==4.1.1",
    "more-itertools==10.8.0",
    "packaging==25.0",
    "pluggy==1.6.0",
];

#[derive(Debug, Args)]
pub(crate) struct Real {
    /// Counted rounds; each runs the suites three times
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Slots of the parallel run
    #[arg(long, default_value_t = 2)]
    jobs: u16,
    /// Fetch and build the repository, run it once, and measure nothing
    #[arg(long)]
    once: bool,
    /// Use this paceline instead of building one
    #[arg(long, value_name = "FILE")]
    paceline: Option<PathBuf>,
}

impl Real {
    pub(crate) fn run(&self) -> Result<()> {
        setup::ensure(setup::REAL)?;
        let paceline = product::given_or_built(self.paceline.as_deref())?;
        let repository = Repository::prepare(paceline)?;

        // Builds what the suites build, and tells the commands for the sequence.
        let report = repository.paceline(self.jobs, Stdio::inherit)?;
        println!("the report agrees with the logs in {report}");
        if self.once {
            return Ok(());
        }
        repository.write_sequence()?;
        self.measure(&repository)
    }

    fn measure(&self, repository: &Repository) -> Result<()> {
        let names = [
            format!("`paceline -j {}`", self.jobs),
            "`paceline -j 1`".to_owned(),
            "one after another in `sh`".to_owned(),
        ];
        let rounds = usize::from(self.rounds);
        let mut last = None;
        let samples = interleaved(names.len(), rounds, |which| {
            eprintln!("{}", names[which]);
            let mut command = match which {
                0 => repository.command(self.jobs),
                1 => repository.command(1),
                _ => {
                    let mut command = Command::new("sh");
                    command.arg("sequence.sh");
                    command
                }
            };
            command
                .current_dir(&repository.directory)
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            let measured = measure(&mut command)?;
            if which < 2 {
                let agreement = repository.check()?;
                if which == 0 {
                    last = Some(agreement);
                }
            }
            Ok(measured.wall.as_secs_f64())
        })?;

        let mut page = String::new();
        writeln!(
            page,
            "Machine: {}.  \nVersions: {}; {}; {}.  \n\
             {rounds} interleaved rounds after one that is not counted, everything built; medians and ranges.  \n\
             Repeat: `cargo xtask bench real --rounds {rounds} --jobs {}`\n",
            machine::line(),
            product::version(&repository.paceline)?,
            machine::first_line(process::cargo().arg("--version")),
            machine::first_line(Command::new("python3").arg("--version")),
            self.jobs,
        )?;
        writeln!(
            page,
            "| how | median s | range s | against the sequence |\n|---|---:|---:|---:|"
        )?;
        let sequence = samples[2].median();
        for (name, sample) in names.iter().zip(&samples) {
            let median = sample.median();
            writeln!(
                page,
                "| {name} | {median:.1} | {sample:.1} | {:.2} |",
                sequence / median
            )?;
        }
        if let Some(agreement) = last {
            writeln!(page, "\nThe last parallel run: {agreement}.")?;
        }
        print!("{page}");
        Ok(())
    }
}

struct Repository {
    directory: PathBuf,
    paceline: PathBuf,
}

impl Repository {
    fn prepare(paceline: PathBuf) -> Result<Self> {
        let directory = process::target().join("real-repo");
        let repository = Self {
            directory,
            paceline,
        };
        let pins = format!("{CRATES:?}\n{SDISTS:?}\n{WORKSPACE}\n{LOCK}\n{REQUIREMENTS}");
        let ready = repository.directory.join("pins");
        if fs::read_to_string(&ready).is_ok_and(|found| found == pins) {
            eprintln!("{} is there already", repository.directory.display());
        } else {
            if repository.directory.exists() {
                fs::remove_dir_all(&repository.directory)
                    .with_context(|| format!("removing {}", repository.directory.display()))?;
            }
            repository.fetch_rust()?;
            repository.fetch_python()?;
            repository.write("pins", &pins)?;
        }
        repository.write("paceline.toml", CONFIGURATION)?;
        Ok(repository)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.directory.join(name);
        let parent = path.parent().unwrap_or(&self.directory);
        fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// `cargo vendor` unpacks the archives whole, tests included; a workspace of copies of them
    /// shares one build directory.
    fn fetch_rust(&self) -> Result<()> {
        let mut manifest = "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n\
             [dependencies]\n"
            .to_owned();
        for (name, version) in CRATES {
            writeln!(manifest, "{name} = \"={version}\"")?;
        }
        self.write("fetch/Cargo.toml", &manifest)?;
        self.write("fetch/src/lib.rs", "")?;
        let fetch = self.directory.join("fetch");
        process::run(
            process::cargo()
                .args(["vendor", "--quiet", "vendor"])
                .current_dir(&fetch)
                .stdout(Stdio::null()),
        )?;
        self.write("rust/Cargo.toml", WORKSPACE)?;
        self.write("rust/Cargo.lock", LOCK)?;
        let crates = self.directory.join("rust/crates");
        fs::create_dir_all(&crates).with_context(|| format!("creating {}", crates.display()))?;
        for (name, _) in CRATES {
            process::run(
                Command::new("cp")
                    .arg("-R")
                    .arg(fetch.join("vendor").join(name))
                    .arg(&crates),
            )?;
        }
        process::run(
            process::cargo()
                .args(["fetch", "--locked"])
                .current_dir(self.directory.join("rust")),
        )
    }

    /// The packages are installed from wheels, and their tests come from the source distributions.
    fn fetch_python(&self) -> Result<()> {
        let pip = junit::python_environment()?;
        let python = self.directory.join("python");
        let sdists = self.directory.join("sdists");
        self.write("python/requirements.txt", REQUIREMENTS)?;
        process::run(
            Command::new(pip)
                .args([
                    "-m",
                    "pip",
                    "download",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args(["--no-deps", "--no-binary", ":all:", "--dest"])
                .arg(&sdists)
                .args(SDISTS),
        )?;
        let archives =
            fs::read_dir(&sdists).with_context(|| format!("reading {}", sdists.display()))?;
        for archive in archives {
            process::run(
                Command::new("python3")
                    .args(["-m", "tarfile", "--extract"])
                    .arg(archive?.path())
                    .arg(&python),
            )?;
        }
        process::run(
            Command::new("python3")
                .args(["-m", "venv", "venv"])
                .current_dir(&python),
        )?;
        process::run(
            Command::new("venv/bin/python")
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args(["--no-deps", "--requirement", "requirements.txt"])
                .current_dir(&python),
        )
    }

    fn report_path(&self) -> PathBuf {
        self.directory.join("test-report.json")
    }

    fn command(&self, jobs: u16) -> Command {
        let mut command = Command::new(&self.paceline);
        command
            .arg("-j")
            .arg(jobs.to_string())
            .arg("--report")
            .arg(format!("json={}", self.report_path().display()))
            .current_dir(&self.directory)
            .stdin(Stdio::null());
        command
    }

    fn paceline(&self, jobs: u16, stdout: fn() -> Stdio) -> Result<agreement::Agreement> {
        process::run(self.command(jobs).stdout(stdout()))?;
        self.check()
    }

    fn check(&self) -> Result<agreement::Agreement> {
        agreement::check(&self.report_path(), &self.directory)
    }

    /// The same commands, in the same order, with their output in files, by a shell.
    fn write_sequence(&self) -> Result<()> {
        let report = read_json(&self.report_path())?;
        let suites = report["suites"]
            .as_array()
            .context("the report has no suites")?;
        ensure!(suites.len() >= 10, "only {} suites", suites.len());
        let mut script = "mkdir -p sequence || exit\n".to_owned();
        for suite in suites {
            let text = |key: &str| {
                suite[key]
                    .as_str()
                    .with_context(|| format!("a suite has no {key}"))
            };
            let (name, dir, command) = (text("name")?, text("dir")?, text("command")?);
            writeln!(
                script,
                "(cd {} && sh -c {}) > sequence/{name}.log 2>&1 || {{ echo {name} failed >&2; exit 1; }}",
                quoted(dir)?,
                quoted(command)?
            )?;
        }
        self.write("sequence.sh", &script)
    }
}

pub(super) fn read_json(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

/// For a POSIX shell.
fn quoted(text: &str) -> Result<String> {
    if text.contains('\0') {
        bail!("a NUL byte cannot be given to a shell");
    }
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_for_a_shell() {
        let text = r#"it's "$HOME" \ `date`"#;
        let script = format!("printf %s {}", quoted(text).unwrap());
        let printed = process::output(Command::new("sh").args(["-c", &script])).unwrap();
        assert_eq!(printed, text);
    }

    #[test]
    fn every_package_has_a_suite() {
        for (name, _) in CRATES {
            assert!(
                CONFIGURATION.contains(&format!("dir = \"rust/crates/{name}\"")),
                "{name}"
            );
        }
        for sdist in SDISTS {
            let directory = sdist
                .replace("==", "\n")
                .replace('-', "_")
                .replace('\n', "-");
            assert!(
                CONFIGURATION.contains(&format!("dir = \"python/{directory}\"")),
                "{sdist}"
            );
            assert!(REQUIREMENTS.to_lowercase().contains(sdist), "{sdist}");
        }
    }
}
