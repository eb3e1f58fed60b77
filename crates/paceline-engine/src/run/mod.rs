//! What all parts of a run share: its options, its state, how others reach it.

mod core;
mod exchange;
mod inbox;
mod options;

pub(crate) use core::Core;
pub(crate) use exchange::{Link, LinkEvent, LinkId, Peer};
pub(crate) use inbox::Message;
pub use inbox::{Inbox, Remote};
pub use options::{MaxFail, Options};
