//! What runs pytest suites.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use super::version;
use crate::{junit, process};

/// Slots, workers or processes of everything that is parallel.
pub(super) const JOBS: usize = 2;

/// As in the comparison of results, and pytest-xdist.
const REQUIREMENTS: &str = concat!(
    include_str!("../../../compat/requirements.txt"),
    "execnet==2.1.2\npytest-xdist==3.8.0\n"
);
/// Its plugin imports it at the end of every session, which takes longer than some of the suites, and no
/// package that is measured needs it.
const LEFT_OUT: &str = "hypothesis==";

/// Runners that are not pytest, by what they are installed as.
const OTHERS: [(Runner, &str); 2] = [
    (Runner::Rtest, "rtest==0.0.47"),
    (Runner::Karva, "karva==0.0.1a13"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    Paceline,
    Pytest,
    Xdist,
    Rtest,
    Karva,
}

impl Runner {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Paceline => "`paceline -j 2`",
            Self::Pytest => "`pytest`",
            Self::Xdist => "`pytest -n 2`",
            Self::Rtest => "`rtest --runner native -n 2`",
            Self::Karva => "`karva test --num-workers 2`",
        }
    }

    /// Whether it has to be able to run every suite.
    pub(super) fn is_required(self) -> bool {
        matches!(self, Self::Paceline | Self::Pytest | Self::Xdist)
    }
}

/// The runners, installed.
pub(super) struct Environment {
    directory: PathBuf,
    pub(super) paceline: PathBuf,
    others: Vec<Runner>,
    /// What could not be installed.
    pub(super) notes: Vec<String>,
}

impl Environment {
    pub(super) fn prepare(directory: &Path, paceline: PathBuf) -> Result<Self> {
        let directory = directory.join("venv");
        let requirements = REQUIREMENTS.lines();
        let requirements = requirements.filter(|line| !line.starts_with(LEFT_OUT));
        let requirements: Vec<&str> = requirements.collect();
        let python = junit::virtual_environment(&directory, &requirements.join("\n"))?;
        let mut environment = Self {
            directory,
            paceline,
            others: Vec::new(),
            notes: vec![
                "`fastest` is not measured: the package of that name on PyPI is another program."
                    .to_owned(),
            ],
        };
        for (runner, requirement) in OTHERS {
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "install", "--quiet"]).args([
                "--disable-pip-version-check",
                "--no-deps",
                requirement,
            ]);
            if process::succeeds(&mut pip) {
                environment.others.push(runner);
            } else {
                let note =
                    format!("`{requirement}` cannot be installed here, and is not measured.");
                environment.notes.push(note);
            }
        }
        Ok(environment)
    }

    pub(super) fn runners(&self) -> Vec<Runner> {
        let mut runners = vec![Runner::Paceline, Runner::Pytest, Runner::Xdist];
        runners.extend(&self.others);
        runners
    }

    /// paceline writes its events, as its record of every run has them, to one more file.
    pub(super) fn command(&self, runner: Runner, suite: &Path, events: &Path) -> Command {
        let bin = self.directory.join("bin");
        let mut command = match runner {
            Runner::Paceline => {
                let mut command = Command::new(&self.paceline);
                command.args(["-j", "2", "--events"]).arg(events);
                command
            }
            Runner::Pytest => Command::new(bin.join("pytest")),
            Runner::Xdist => {
                let mut command = Command::new(bin.join("pytest"));
                command.args(["-n", "2"]);
                command
            }
            Runner::Rtest => {
                let mut command = Command::new(bin.join("rtest"));
                command.args(["--runner", "native", "-n", "2"]);
                command
            }
            Runner::Karva => {
                let mut command = Command::new(bin.join("karva"));
                command.args(["test", "--num-workers", "2"]);
                command
            }
        };
        for name in ["PYTEST_ADDOPTS", "PYTHONPATH"] {
            command.env_remove(name);
        }
        command
            .env("VIRTUAL_ENV", &self.directory)
            .env("PYTHONHASHSEED", "0")
            .current_dir(suite)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    pub(super) fn versions(&self) -> String {
        let bin = self.directory.join("bin");
        let mut versions = vec![
            version(&bin.join("python"), &["--version"]),
            version(&bin.join("pytest"), &["--version"]),
            "pytest-xdist 3.8.0".to_owned(),
        ];
        for (runner, requirement) in OTHERS {
            if self.others.contains(&runner) {
                versions.push(requirement.replace("==", " "));
            }
        }
        versions.join(", ")
    }
}
