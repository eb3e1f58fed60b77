//! The dispatcher: one loop that owns all changing state of a run.
//!
//! It receives a message, updates its state, and does what follows. Nothing else starts, stops or
//! counts anything.

mod commands;
mod connections;
mod dispatcher;
mod info;
mod measured;
mod result;
mod stopping;

pub use dispatcher::{run, tasks};
pub use info::suite_info;
pub use result::RunResult;

pub use crate::run::{Inbox, MaxFail, Options, Remote};
pub use paceline_protocol::transport::Transport;
