//! Which task next: a pure state machine over slots, resources, dependencies and expected times.
//!
//! No clock, no I/O and no thread is in here. The [`Scheduler`] is told what finished and answers
//! what to start, so that the same code runs tests, explains a dry run and is simulated against
//! the [limit](crate::limit).
//!
//! # Policy
//!
//! *Longest first.* The priority of a task is the longest of
//! - its expected time and the longest chain of tasks that wait for it;
//! - its expected time and all work that waits for it, spread over the slots, or over the resource
//!   that this work needs;
//! - what is left to start of each resource that it needs units of, divided by the capacity; so a
//!   group whose members run one at a time weighs as much as all of them together. Wide tasks
//!   (few fit beside each other) count as such a group.
//!
//! Equal ones start in plan order. A task whose time is not known is taken to be a little longer
//! than the longest known one, so unknown tasks start before known ones.
//!
//! *All or nothing.* A task takes its slots and resources together or waits without any of them.
//! What cannot start is passed over by what can.
//!
//! *Nobody starves.* Tasks with the same constraints stand in one queue. A queue whose first task
//! was passed over is overdue after [`PATIENCE`] starts: of tasks that took a resource it needs, or,
//! if its tasks take several slots, of any tasks. Overdue queues get a reservation in turn, one
//! every [`PATIENCE`] starts. From then on nothing starts that takes a resource the first task is
//! waiting for, and once it lacks nothing but slots nothing else starts at all. Besides, a task gets
//! a reservation when as many tasks have started as were known when it became ready; in a run to
//! which nothing is added and in which nothing is retried, that never happens.
//!
//! *Followers.* Whoever drives it may ask for a task to be started in advance, in the slots of one that
//! runs: see [`Scheduler::follow`].
//!
//! *Serial tasks in a block.* They run one after the other while nothing else runs: first, if
//! something depends on them and nothing has started; else last. When one that others depend on
//! becomes ready in between, the slots are emptied for it once the other work left is no longer
//! than what it holds up.

mod demand;
mod follow;
mod forecast;
mod graph;
pub(crate) mod pool;
mod ready;
mod reservation;
mod scheduler;
mod serial;
pub mod simulate;
mod task;
pub mod workload;

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod testing;

pub use reservation::PATIENCE;
pub use scheduler::Scheduler;
pub use task::{State, Task, TaskId, Waiting};
