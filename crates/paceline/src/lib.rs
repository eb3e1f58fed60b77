//! The paceline command. This library is the program's inside, for its `main`, its tests and the
//! generation of its documents; it promises nothing to others.

pub mod cli;
pub mod color;
pub mod commands;
pub mod config;
pub mod diagnostic;
pub mod exit;
mod glob;
pub mod run;
pub mod select;
mod suggest;
pub mod targets;
pub mod terminal;
pub mod values;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use cli::{Command, GlobalArgs, Invocation};
use config::{Config, ConfigError, Origin};
use diagnostic::Diagnostic;
use exit::ExitCode;
use terminal::Stderr;

/// What every command gets.
#[derive(Clone, Debug)]
pub struct Context {
    /// The working directory, absolute.
    pub cwd: PathBuf,
    /// Where paceline was started: the working directory but for `--directory`. What is shown is as
    /// seen from here.
    pub started_in: PathBuf,
    /// Options of all commands.
    pub global: GlobalArgs,
    /// Where messages go.
    pub stderr: Stderr,
}

impl Context {
    /// The configuration, or what is found in the repository; in that case says what.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let config = config::load_or_detect(&self.cwd, &self.global)?;
        if let Origin::Detected(detection) = &config.origin {
            self.stderr.print(&config::notice(detection));
        }
        Ok(config)
    }

    /// Prints what is wrong with the arguments or the configuration.
    pub fn refuse(&self, error: &ConfigError) -> ExitCode {
        self.stderr.print(&error.render(self.stderr.look()));
        ExitCode::Usage
    }

    /// Prints a mistake that is in no file.
    pub fn refuse_with(&self, mistake: Diagnostic) -> ExitCode {
        self.refuse(&ConfigError::new(mistake))
    }
}

/// Runs paceline with these arguments, the program's name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let invocation = match Invocation::parse(args) {
        Ok(invocation) => invocation,
        Err(error) => {
            // Help and version go to stdout, errors to stderr; a closed stream is no reason to fail.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::Usage
            } else {
                ExitCode::Success
            };
        }
    };
    let stderr = Stderr::new(invocation.global.color);
    let context = match context(invocation.global, stderr) {
        Ok(context) => context,
        Err(mistake) => {
            stderr.print(&mistake.render(None, stderr.look()));
            return ExitCode::Usage;
        }
    };
    match invocation.command {
        Command::Run(args) => run::run(&context, &args),
        Command::List(args) => commands::list::list(&context, &args),
        Command::Graph(args) => commands::graph::graph(&context, &args),
        Command::Init(args) => commands::init::init(&context, &args),
        Command::Completions(args) => commands::completions::completions(&context, &args),
    }
}

fn context(global: GlobalArgs, stderr: Stderr) -> Result<Context, Diagnostic> {
    let working_directory = || {
        std::env::current_dir()
            .map_err(|error| Diagnostic::new(format!("cannot find the working directory: {error}")))
    };
    // Where it is not known, `--directory` can still lead to where there is one.
    let started_in = working_directory();
    if let Some(dir) = &global.directory {
        std::env::set_current_dir(dir).map_err(|error| {
            let shown = dir.display();
            Diagnostic::new(match error.kind() {
                io::ErrorKind::NotFound => format!("the directory {shown} does not exist"),
                _ => format!("cannot change to the directory {shown}: {error}"),
            })
        })?;
    }
    let cwd = working_directory()?;
    Ok(Context {
        started_in: started_in.unwrap_or_else(|_| cwd.clone()),
        cwd,
        global,
        stderr,
    })
}
