//! Tests that run when all others of their suite have run.
//!
//! They wait for the *gate*, a task of the scheduler that holds nothing and ends when no other part is
//! left. What a part gives to another worker, and a test's next attempt, are parts too, so that no
//! worker runs anything else after a late test.

use super::part::Part;
use super::suite::FrameworkSuite;
use crate::plan::Constraints;
use crate::run::Core;
use crate::schedule::{Task, TaskId};

/// Where the gate of a suite is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Gate {
    /// No test is late, as far as is known.
    #[default]
    Absent,
    /// Its task has not started.
    Planned(TaskId),
    /// Its task runs, in name only.
    Shut(TaskId),
    /// Its task has finished.
    Open(TaskId),
}

impl<'env> FrameworkSuite<'env> {
    /// What a part waits for before it can start.
    pub(super) fn after(&mut self, core: &mut Core<'_, '_, 'env>, part: &Part) -> Vec<TaskId> {
        if !self.is_late(part) {
            return Vec::new();
        }
        let gate = match self.gate {
            Gate::Planned(task) | Gate::Shut(task) | Gate::Open(task) => task,
            Gate::Absent => {
                let task = Task {
                    constraints: Constraints::default(),
                    ..Task::default()
                };
                let task = core.add_task(self.id, task);
                self.gate = Gate::Planned(task);
                task
            }
        };
        vec![gate]
    }

    /// Whether the part is of late tests: they are never mixed with others.
    fn is_late(&self, part: &Part) -> bool {
        let first = part.tests.as_ref().and_then(|tests| tests.first());
        let test = first.and_then(|index| self.units[part.unit].test(*index));
        test.is_some_and(|test| test.settings.late)
    }

    /// Takes the gate's task where its turn has come.
    pub(super) fn is_gate(&mut self, core: &mut Core<'_, '_, 'env>, task: TaskId) -> bool {
        if self.gate != Gate::Planned(task) {
            return false;
        }
        core.scheduler.idle(task);
        self.gate = Gate::Shut(task);
        true
    }

    /// Lets late tests start, once nothing else is left. Returns whether it did.
    pub(crate) fn open_gate(&mut self, core: &mut Core<'_, '_, 'env>) -> bool {
        let Gate::Shut(task) = self.gate else {
            return false;
        };
        if !self.parts.values().all(|part| self.is_late(part)) {
            return false;
        }
        core.scheduler.finish(task, true);
        self.gate = Gate::Open(task);
        true
    }
}
