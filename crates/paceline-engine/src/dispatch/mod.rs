//! The dispatcher: one loop that owns all changing state of a run.
//!
//! It receives a message, updates its state, and does what follows. Nothing else starts, stops or
//! counts anything.

mod dispatcher;
mod info;

pub use dispatcher::{RunResult, run, tasks};
pub use info::suite_info;

pub use crate::run::{Inbox, MaxFail, Options, Remote};
pub use paceline_protocol::transport::Transport;
