//! Suites that are run for real, by whole invocations of paceline.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]
#![expect(
    clippy::format_collect,
    clippy::naive_bytecount,
    reason = "what a test writes and reads is small"
)]

#[path = "../cli/environment.rs"]
mod environment;
mod faults;
mod following;
mod interrupts;
mod kills;
mod misbehaviour;
mod one_worker;
mod outcomes;
mod phpunit;
mod phpunit_options;
mod pytest;
mod pytest_faults;
mod pytest_late;
mod records;
mod report;
mod ruby;
mod ruby_faults;
mod scheduling;
mod terminal;
