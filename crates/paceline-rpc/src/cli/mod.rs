//! The command line of a test binary.
//!
//! - [`Cli`]: the options, those of the Rust test harness and those of a run against a server
//!   (`args`)
//! - [`ServerArgs`]: options that describe the server, for binaries that leave it to them
//!   (`server`)
//! - [`Harness::main`](crate::Harness::main): all of it (`main`)

mod args;
mod main;
mod server;

pub use args::{Cli, Color, Format};
pub use clap::Parser;
pub use server::{AnyServer, ServerArgs, ServerArgsError};
