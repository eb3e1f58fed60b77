//! The frameworks that paceline knows: how to find their suites and how to start them.

pub mod adapter;
pub mod command;
pub mod detect;
mod machine;
mod phpunit;
mod positional;
mod program;
mod pytest;
mod rpc;
mod ruby;
pub mod shell;
mod worker;

pub use machine::Machine;
pub use worker::Workers;
