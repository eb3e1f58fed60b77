//! All that touches the operating system's processes: start, watch, stop, account.
//!
//! The functions here are the same on every platform that is supported; only their bodies differ.
//! Linux gets the most: subreaper, `pidfd`, a look into `/proc` for processes that hid.

#[cfg(not(unix))]
compile_error!("paceline runs on Unix: Linux is tested, macOS and the BSDs use the portable paths");

mod exit;
mod guard;
mod signals;
mod spawn;
mod strays;
mod wake;

pub(crate) use exit::{ExitWatch, reap};
pub use guard::Guard;
pub(crate) use guard::register;
pub use signals::{Signal, watch as watch_signals};
pub(crate) use spawn::{Place, spawn};
pub(crate) use strays::{
    RUN_VARIABLE, SUITE_VARIABLE, Stray, adopt_orphans, attributed_to, kill_session, process,
    reap_orphans, remaining, send, terminate,
};
pub(crate) use wake::{Waiter, Waker, poll_fds};
