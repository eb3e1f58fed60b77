//! Runs a plan in simulated time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::plan::Resource;

use super::{Scheduler, Task, TaskId};

/// What follows from the end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The task has finished, and what depends on it may run.
    Satisfied,
    /// The task has finished, and what depends on it may not run.
    Unsatisfied,
    /// The task gets another attempt.
    Retry,
    /// As [`Self::Unsatisfied`], and nothing starts any more.
    Halt,
}

/// One attempt of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Whose.
    pub task: TaskId,
    /// When it started.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
}

/// What happened in a simulated run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulation {
    /// All attempts, in the order in which they started.
    pub attempts: Vec<Attempt>,
    /// When the last one ended.
    pub makespan: Duration,
    /// Tasks that could not start since something they depend on was not satisfied, in the order in
    /// which that was found out.
    pub blocked: Vec<TaskId>,
    /// Tasks that waited when the run was halted, in plan order.
    pub halted: Vec<TaskId>,
}

/// Simulates a run in which each attempt of a task takes the time in `durations` and then is
/// satisfied or not.
///
/// # Panics
/// If there are fewer durations than tasks, and as [`Scheduler::new`].
pub fn simulate(
    slots: u32,
    resources: &[Resource],
    tasks: Vec<Task>,
    durations: &[Duration],
    satisfied: impl Fn(TaskId) -> bool,
) -> Simulation {
    let mut scheduler = Scheduler::new(slots, resources, tasks);
    drive(&mut scheduler, durations, |task| {
        if satisfied(task) {
            Verdict::Satisfied
        } else {
            Verdict::Unsatisfied
        }
    })
}

/// Drives a scheduler to its end; `verdict` is asked at the end of each attempt.
///
/// # Panics
/// If a task has no duration.
pub fn drive(
    scheduler: &mut Scheduler,
    durations: &[Duration],
    mut verdict: impl FnMut(TaskId) -> Verdict,
) -> Simulation {
    let mut simulation = Simulation::default();
    let mut ends: BinaryHeap<Reverse<(Duration, TaskId)>> = BinaryHeap::new();
    let mut now = Duration::ZERO;
    loop {
        while let Some(task) = scheduler.start_next() {
            let end = now.saturating_add(durations[task.0]);
            ends.push(Reverse((end, task)));
            simulation.attempts.push(Attempt {
                task,
                start: now,
                end,
            });
        }
        let Some(Reverse((end, task))) = ends.pop() else {
            simulation.makespan = now;
            return simulation;
        };
        now = end;
        match verdict(task) {
            Verdict::Satisfied => drop(scheduler.finish(task, true)),
            Verdict::Unsatisfied => simulation.blocked.extend(scheduler.finish(task, false)),
            Verdict::Retry => {
                if !scheduler.requeue(task) {
                    simulation.halted.push(task);
                }
            }
            Verdict::Halt => {
                simulation.blocked.extend(scheduler.finish(task, false));
                simulation.halted.extend(scheduler.halt());
            }
        }
    }
}
