//! Whole invocations of paceline.

mod completions;
mod config_errors;
mod docs;
mod environment;
mod graph;
mod init;
mod list;
mod usage;
