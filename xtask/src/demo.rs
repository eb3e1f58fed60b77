//! `cargo xtask demo`: paceline on the example repository.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::{process, product, setup};

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Arguments for paceline
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Demo {
    pub(crate) fn run(&self) -> Result<()> {
        setup::ensure(setup::EXAMPLE)?;
        let paceline = product::release()?;
        process::run(
            Command::new(paceline)
                .args(&self.arguments)
                .current_dir(process::root().join("examples/polyglot")),
        )
    }
}
