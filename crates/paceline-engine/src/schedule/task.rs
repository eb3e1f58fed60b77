//! What the scheduler schedules.

use std::time::Duration;

use crate::plan::{Constraints, ResourceId};

/// The place of a task in its scheduler, counted from 0 in plan order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub usize);

/// Something to run: a suite, or a unit of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// What it takes while it runs.
    pub constraints: Constraints,
    /// Tasks that must have finished and been satisfied before it starts.
    pub after: Vec<TaskId>,
    /// How long it is expected to take, from history; `None` where nothing is known.
    pub expected: Option<Duration>,
}

/// Where a task is. It is in exactly one of these, and never leaves the last three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It has not started, or waits for another attempt.
    Waiting,
    /// It holds its slots and resources.
    Running,
    /// It ran to its end.
    Finished,
    /// It will never start, as something it depends on was not satisfied.
    Blocked,
    /// It will never start, as the run was halted.
    Halted,
}

/// What keeps a task from starting now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// This task must finish first; the first in plan order.
    Dependency(TaskId),
    /// Others hold what it needs of this resource.
    Resource(ResourceId),
    /// Fewer slots are free than it takes.
    Slots,
    /// It must run alone, or the one that runs must.
    Serial,
    /// It could start, but what it would take is kept for a task that was passed over often enough.
    Reserved,
}
