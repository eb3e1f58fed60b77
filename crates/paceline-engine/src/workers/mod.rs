//! Suites that a framework runs in worker processes, over the protocol of `docs/protocol.md`.
//!
//! - `unit`, `part`: what there is to run, and how it is handed out
//! - `worker`, `host`: the processes
//! - `suite`: the life of a suite; `launch`: starts its processes; `end`: how they and the suite end
//! - `messages`: what workers say; `collect`, `results`: what becomes of it; `death`: what becomes of
//!   the work of a worker that has gone; `stacks`: what is shown of where it was
//! - `ahead`: sends units ahead; `split`: shares the rest of a unit with a worker that has nothing to do
//! - `late`: tests that run last
//! - `clock`: timeouts, and how a worker is made to end

mod ahead;
mod clock;
mod collect;
mod death;
mod end;
mod host;
mod late;
mod launch;
mod messages;
mod part;
mod results;
mod split;
mod stacks;
mod suite;
mod unit;
mod worker;

pub(crate) use suite::FrameworkSuite;
