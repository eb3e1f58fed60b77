//! Suites that are run for real, by whole invocations of paceline.

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
