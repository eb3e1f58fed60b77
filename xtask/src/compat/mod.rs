//! `cargo xtask compat …`: whether a framework's tests end under paceline as they do without it.
//!
//! - [`packages`]: published packages with their tests, and a suite of our own
//! - [`mode`]: the ways in which paceline can run a suite
//! - [`results`]: what a JUnit report says of each test; [`compare`] sets two of them side by side
//! - [`run`]: a run and what it says beside its tests
//! - [`explained`]: the differences that are known and have a reason; [`sort_out`] tells the others
//! - [`record`]: what earlier runs have found
//! - [`ruby`]: the same for test-unit and minitest, from what they record of themselves
//! - [`page`]: the table of docs/compatibility.md

mod compare;
mod explained;
mod mode;
pub(crate) mod packages;
mod page;
mod phpunit;
mod pytest;
mod record;
mod results;
pub(crate) mod ruby;
mod run;
mod sort_out;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use phpunit::{Phpunit, packages as php_packages};
pub(crate) use pytest::Pytest;
pub(crate) use ruby::Ruby;

#[derive(Debug, Subcommand)]
pub(crate) enum Compat {
    /// Published packages under PHPUnit and under paceline, test by test
    Phpunit(Phpunit),
    /// Published packages under pytest and under paceline, test by test
    Pytest(Pytest),
    /// Packages with test-unit and minitest by themselves and under paceline, test by test
    Ruby(Ruby),
}

impl Compat {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Phpunit(phpunit) => phpunit.run(),
            Self::Pytest(pytest) => pytest.run(),
            Self::Ruby(ruby) => ruby.run(),
        }
    }
}
