//! A directory of its own for each test, and paceline run in it as a user would.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A temporary directory to run paceline in.
pub(crate) struct TestEnvironment {
    dir: tempfile::TempDir,
    /// The directory without links, as programs print it.
    root: PathBuf,
}

impl TestEnvironment {
    /// An empty directory.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        Self { dir, root }
    }

    /// A directory with this `paceline.toml`. A text that begins with a line break may be indented.
    pub(crate) fn with_config(text: &str) -> Self {
        let environment = Self::new();
        environment.write("paceline.toml", &dedent(text));
        environment
    }

    /// The directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a file and the directories to it.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The text of a file.
    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).unwrap()
    }

    /// paceline, to be started in this directory with an environment that does not depend on who
    /// runs the tests.
    pub(crate) fn command<I: IntoIterator<Item: AsRef<OsStr>>>(&self, args: I) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paceline"));
        command
            .args(args)
            .current_dir(&self.root)
            .env_clear()
            .env("HOME", &self.root)
            // Configuration of the machine's git must not decide what is ignored.
            .env("GIT_CONFIG_NOSYSTEM", "1");
        for kept in ["PATH", "TMPDIR", "SystemRoot"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
    }

    /// Runs paceline and waits for it.
    pub(crate) fn run<I: IntoIterator<Item: AsRef<OsStr>>>(&self, args: I) -> Invocation {
        self.finish(&mut self.command(args))
    }

    /// Runs a command made by [`Self::command`] and waits for it.
    pub(crate) fn finish(&self, command: &mut Command) -> Invocation {
        let output = command.output().unwrap();
        self.invocation(&output)
    }

    /// What a finished process has printed, with the directory masked as `[DIR]`.
    pub(crate) fn invocation(&self, output: &Output) -> Invocation {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let text = text.replace(&*self.root.to_string_lossy(), "[DIR]");
            text.replace(&*self.dir.path().to_string_lossy(), "[DIR]")
        };
        Invocation {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

/// Takes the first line break and the common indentation out of a text.
fn dedent(text: &str) -> String {
    let Some(text) = text.strip_prefix('\n') else {
        return text.to_owned();
    };
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let common = lines.map(indentation).min().unwrap_or(0);
    let lines = text
        .lines()
        .map(|line| line.get(common..).unwrap_or_default());
    let mut dedented: Vec<&str> = lines.collect();
    if dedented.last().is_some_and(|line| line.trim().is_empty()) {
        dedented.pop();
    }
    dedented.join("\n") + "\n"
}

/// What an invocation has printed and how it ended. [`fmt::Display`] is for snapshots: they show
/// all three at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => writeln!(f, "exit code {code}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "---- {name}\n{}", text.trim_end_matches('\n'))?;
            }
        }
        Ok(())
    }
}
