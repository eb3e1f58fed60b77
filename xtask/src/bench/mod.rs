//! `cargo xtask bench …`: each prints the Markdown that docs/benchmarks.md holds.
//!
//! - [`commands`]: many short commands, side by side with other runners
//!   [`engine_cost`] is the engine without what the command adds
//! - [`schedule`]: simulated runs against their limit
//! - [`real`]: a repository of published packages; [`agreement`] checks its report by its logs
//! - [`rpc`]: paceline-rpc, beside libtest-mimic and `#[tokio::test]`
//! - [`pytest`]: pytest suites, side by side with other runners
//! - [`phpunit`]: PHPUnit suites, side by side with phpunit
//! - [`ruby`]: test-unit suites, side by side with test-unit's own ways
//! - [`measure`], [`rounds`], [`machine`]: what they share

mod agreement;
mod commands;
mod engine_cost;
mod events;
mod machine;
mod measure;
mod phpunit;
mod pytest;
mod real;
mod rounds;
mod rpc;
mod ruby;
mod schedule;

use anyhow::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Many short commands, side by side with GNU parallel, xargs and make
    Commands(commands::Commands),
    /// The scheduler in simulation, against the limit of each workload
    Schedule,
    /// A repository of published packages, against its suites in sequence
    Real(real::Real),
    /// pytest suites, side by side with pytest, pytest-xdist and others
    Pytest(pytest::Pytest),
    /// PHPUnit suites, side by side with phpunit
    Phpunit(phpunit::Phpunit),
    /// test-unit suites, side by side with test-unit by itself and its own processes
    Ruby(ruby::Ruby),
    /// Tests against an RPC server, side by side with libtest-mimic and plain tokio tests
    Rpc(rpc::Rpc),
}

impl Bench {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Commands(commands) => commands.run(),
            Self::Schedule => schedule::run(),
            Self::Real(real) => real.run(),
            Self::Pytest(pytest) => pytest.run(),
            Self::Phpunit(phpunit) => phpunit.run(),
            Self::Rpc(rpc) => rpc.run(),
            Self::Ruby(ruby) => ruby.run(),
        }
    }
}
