//! Suites of paceline-rpc, run by whole invocations of paceline.
//!
//! This program is also what they run: with `RPC_ROLE` set it is a test binary that is built on
//! paceline-rpc, or the server that its tests are about.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]
#![expect(clippy::exit, reason = "some of its roles end the process")]

#[expect(dead_code, reason = "the tests of the command line use more of it")]
#[path = "../cli/environment.rs"]
mod environment;
#[expect(dead_code, reason = "the tests of runs use more of it")]
#[path = "../run/following.rs"]
mod following;
mod live;
#[expect(dead_code, reason = "the tests of runs use more of it")]
#[path = "../run/report.rs"]
mod report;
mod suites;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    match std::env::var("RPC_ROLE") {
        Ok(role) if role == "server" => return live::server(),
        Ok(role) => return live::suite(&role),
        Err(_) => {}
    }
    let trials = suites::TESTS.iter().map(|(name, run)| {
        Trial::test(*name, move || {
            run();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
