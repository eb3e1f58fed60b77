//! The frameworks that paceline knows: how to find their suites and how to start them.

pub mod command;
pub mod detect;
pub mod shell;
