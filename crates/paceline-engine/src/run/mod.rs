//! What all parts of a run share: its options, its state, how others reach it.

mod core;
mod exchange;
mod inbox;
mod journal;
mod link;
mod options;

pub(crate) use core::Core;
pub(crate) use exchange::Peer;
pub(crate) use inbox::Message;
pub use inbox::{Inbox, Remote};
pub(crate) use link::{Link, LinkEvent, LinkId};
pub use options::{MaxFail, Options};
