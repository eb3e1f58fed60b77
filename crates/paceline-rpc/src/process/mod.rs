//! Servers that are processes.
//!
//! - [`ProcessServer`], [`ProcessServerBuilder`]: what to start and how to reach it ([`builder`],
//!   [`start`])
//! - [`Ready`]: when a server counts as ready
//! - [`Process`]: one running process and all that it started ([`child`])
//! - `group`, `guard`, `sweep`: nothing is left behind, however this program ends
//! - `output`: the last of what it printed; `port`: an address for each

mod builder;
mod child;
mod group;
mod guard;
mod output;
mod port;
mod ready;
mod start;
mod sweep;

pub use builder::{Address, ProcessServer, ProcessServerBuilder};
pub use child::{Process, Stopped};
pub use group::kill_all;
pub use output::{Output, OutputLine, OutputStream};
pub use ready::Ready;

#[cfg(feature = "stdio")]
pub(crate) use child::{Pipes, Spec};
