//! Whole invocations of paceline.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod completions;
mod config_errors;
mod docs;
mod environment;
#[cfg(unix)]
mod frameworks;
mod graph;
mod init;
mod list;
#[cfg(unix)]
mod places;
#[cfg(unix)]
mod unwritable;
mod usage;
