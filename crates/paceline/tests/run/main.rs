//! Suites that are run for real, by whole invocations of paceline.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../cli/environment.rs"]
mod environment;
mod faults;
mod following;
mod interrupts;
mod outcomes;
mod pytest;
mod records;
mod report;
mod scheduling;
