//! The command line.

mod commands;
mod help;
mod invocation;
mod run_options;
mod selection;

pub use commands::{
    Command, CompletionsArgs, GlobalArgs, GraphArgs, GraphFormat, InitArgs, ListArgs, ListFormat,
    RunArgs,
};
pub use invocation::{Invocation, command};
pub use run_options::{NoTests, Order, RunOptions, TransportChoice};
pub use selection::SelectionArgs;
