//! `cargo xtask demo`: paceline on the example repository, or on a published package with its tests.

mod php;
mod python;
mod ruby;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::{process, product, setup};

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// `php`, `python`, `python-marshmallow`, `python-pluggy`, `ruby` or `ruby-minitest`: a published package
    /// with its own tests; without it, the example repository. What follows are arguments for paceline
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "LANGUAGE|ARGUMENT"
    )]
    arguments: Vec<OsString>,
}

/// A published package whose tests are run.
struct Package {
    /// The argument that asks for it.
    language: &'static str,
    /// What it needs to be fetched and run.
    tools: &'static [setup::Tool],
    /// Fetches it at first use.
    prepare: fn() -> Result<Prepared>,
}

/// A package that is there.
struct Prepared {
    directory: PathBuf,
    /// What paceline is to find in its environment.
    environment: Vec<(&'static str, OsString)>,
}

const PACKAGES: [Package; 6] = [
    php::PACKAGE,
    python::JINJA,
    python::MARSHMALLOW,
    python::PLUGGY,
    ruby::TEST_UNIT,
    ruby::MINITEST,
];

impl Demo {
    pub(crate) fn run(&self) -> Result<()> {
        let asked = self.arguments.split_first();
        let package = asked.and_then(|(first, rest)| {
            let package = PACKAGES.iter().find(|package| first == package.language)?;
            Some((package, rest))
        });
        if let Some((package, arguments)) = package {
            return package.run(arguments);
        }
        setup::ensure(setup::EXAMPLE)?;
        let example = process::root().join("examples/polyglot");
        run(&example, &[], &self.arguments)
    }
}

impl Package {
    fn run(&self, arguments: &[OsString]) -> Result<()> {
        setup::ensure(self.tools)?;
        let prepared = (self.prepare)()?;
        eprintln!("the package is in {}", prepared.directory.display());
        run(&prepared.directory, &prepared.environment, arguments)
    }
}

fn run(
    directory: &Path,
    environment: &[(&'static str, OsString)],
    arguments: &[OsString],
) -> Result<()> {
    let paceline = product::release()?;
    process::run(
        Command::new(paceline)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(directory),
    )
}
