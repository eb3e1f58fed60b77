//! Servers that are processes: what they do to their tests, and that nothing of them is left.
//!
//! This program is its own server: started with `RPC_FIXTURE` set, it serves. So it has no harness.

#![cfg(unix)]
#![expect(
    clippy::exit,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test, and a server"
)]

mod command_line;
mod death;
mod fixture;
mod interrupt;
mod load;
mod processes;
mod report;
mod running;
mod start;
mod stdio;
mod stop;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    if let Ok(what) = std::env::var("RPC_FIXTURE") {
        return fixture::run(&what);
    }
    let tests = [
        start::TESTS,
        death::TESTS,
        load::TESTS,
        stop::TESTS,
        interrupt::TESTS,
        stdio::TESTS,
        report::TESTS,
        command_line::TESTS,
    ];
    let trials = tests.into_iter().flatten().map(|&(name, run)| {
        Trial::test(name, move || {
            run();
            Ok::<(), Failed>(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
