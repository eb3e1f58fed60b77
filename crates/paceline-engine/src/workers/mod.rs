//! Suites that a framework runs in worker processes, over the protocol of `docs/protocol.md`.
//!
//! - `unit`, `part`: what there is to run, and how it is handed out
//! - `worker`, `host`: the processes
//! - `suite`: the life of a suite, from boot to end; `launch`: starts its processes
//! - `messages`: what workers say; `results`: what becomes of it; `death`: what becomes of the
//!   work of a worker that has gone
//! - `split`: shares the rest of a unit with a worker that has nothing to do
//! - `clock`: timeouts, and how a worker is made to end

mod clock;
mod death;
mod host;
mod launch;
mod messages;
mod part;
mod results;
mod split;
mod suite;
mod unit;
mod worker;

pub(crate) use suite::FrameworkSuite;
