//! `cargo xtask …`: set-up, tests, benchmarks and generated documents of this repository.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod bench;
mod ci;
mod compat;
mod debian;
mod demo;
mod docs;
mod junit;
mod process;
mod product;
mod setup;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Set-up, tests, benchmarks and generated documents of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Set up what is missing and run paceline on examples/polyglot, or on a published package
    Demo(demo::Demo),
    /// Set up what is missing and run all tests
    Test(test::Test),
    /// Measure; prints the tables of docs/benchmarks.md
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Compare with what paceline stands in for; prints the table of docs/compatibility.md
    #[command(subcommand)]
    Compat(compat::Compat),
    /// Write the generated documents anew
    Docs(docs::Docs),
    /// Formatting, lints, documents, licences and all tests, as on the CI server
    Ci(ci::Ci),
    /// Install what the tests and the examples need, and nothing else
    Setup,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Task::Demo(demo) => demo.run(),
        Task::Test(test) => test.run(),
        Task::Bench(bench) => bench.run(),
        Task::Compat(compat) => compat.run(),
        Task::Docs(docs) => docs.run(),
        Task::Ci(ci) => ci.run(),
        Task::Setup => setup::ensure(setup::TESTS),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
