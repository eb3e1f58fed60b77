//! Who waits for whom.

use super::task::TaskId;

/// The dependencies between tasks, in both directions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    after: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
    /// The last walk that came by each task, so that a walk needs no set of its own.
    seen: Vec<u32>,
    walk: u32,
}

impl Graph {
    /// Adds tasks. They may depend on each other in any order.
    pub(crate) fn extend<'a>(&mut self, after: impl Iterator<Item = &'a [TaskId]>) {
        let first = self.after.len();
        for ids in after {
            let mut ids: Vec<usize> = ids.iter().map(|id| id.0).collect();
            ids.sort_unstable();
            ids.dedup();
            self.after.push(ids);
        }
        self.dependents.resize(self.after.len(), Vec::new());
        self.seen.resize(self.after.len(), 0);
        for task in first..self.after.len() {
            for &dependency in &self.after[task] {
                self.dependents[dependency].push(task);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.after.len()
    }

    pub(crate) fn after(&self, task: usize) -> &[usize] {
        &self.after[task]
    }

    pub(crate) fn dependents(&self, task: usize) -> &[usize] {
        &self.dependents[task]
    }

    /// Everything that `task` waits for, directly or not; `None` if that takes more than `budget`
    /// steps, of which those that were taken are subtracted.
    pub(crate) fn ancestors(&mut self, task: usize, budget: &mut usize) -> Option<Vec<usize>> {
        self.walk += 1;
        let mut found: Vec<usize> = Vec::new();
        let mut next = 0;
        let mut at = task;
        loop {
            for &above in &self.after[at] {
                *budget = budget.checked_sub(1)?;
                if self.seen[above] != self.walk {
                    self.seen[above] = self.walk;
                    found.push(above);
                }
            }
            let Some(&above) = found.get(next) else {
                return Some(found);
            };
            at = above;
            next += 1;
        }
    }

    /// All tasks, each after those it depends on. Tasks on a cycle are left out.
    pub(crate) fn topological(&self) -> Vec<usize> {
        let mut missing: Vec<usize> = self.after.iter().map(Vec::len).collect();
        let mut order: Vec<usize> = (0..self.len()).filter(|&t| missing[t] == 0).collect();
        let mut next = 0;
        while let Some(&task) = order.get(next) {
            next += 1;
            for &dependent in &self.dependents[task] {
                missing[dependent] -= 1;
                if missing[dependent] == 0 {
                    order.push(dependent);
                }
            }
        }
        order
    }
}
