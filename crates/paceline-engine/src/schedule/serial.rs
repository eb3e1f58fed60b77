//! Tasks beside which nothing runs, and when their turn is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::forecast::clip;

/// Order within a block: those that others wait for first, the ones that hold up most before.
type Key = (bool, u64, u64, Reverse<usize>);

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A serial task starts now.
    Serial,
    /// Nothing starts until what runs has ended.
    Drain,
    /// Others start.
    Others,
}

/// What the rest of the scheduler is doing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    pub(crate) slots: u32,
    /// How many tasks run.
    pub(crate) running: usize,
    /// The longest expected time among them in nanoseconds.
    pub(crate) longest_running: u64,
    /// How many tasks that are not serial could run.
    pub(crate) ready: usize,
    /// Whether something is reserved for one of them.
    pub(crate) reserved: bool,
}

/// The serial tasks that wait for nothing else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Serial {
    tasks: BinaryHeap<Key>,
    in_block: bool,
    due: bool,
    /// Slots × nanoseconds of unfinished tasks that are not serial and wait for none.
    pub(crate) other_work: u128,
}

impl Serial {
    /// Puts a task into the queue, or where it belongs in there by now.
    pub(crate) fn push(&mut self, task: usize, has_dependents: bool, slack: u64, tail: u64) {
        self.tasks.retain(|key| key.3.0 != task);
        self.tasks
            .push((has_dependents, slack, tail, Reverse(task)));
    }

    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Has a task go first as soon as what runs has ended.
    pub(crate) fn promote(&mut self, task: usize) {
        self.push(task, true, u64::MAX, u64::MAX);
        self.due = true;
    }

    /// Takes the next one.
    pub(crate) fn pop(&mut self) -> Option<usize> {
        let (_, _, _, Reverse(task)) = self.tasks.pop()?;
        self.in_block = true;
        // Another one may have been promoted in the meantime.
        self.due = self.tasks.peek().is_some_and(|key| key.2 == u64::MAX);
        Some(task)
    }

    /// Decides whose turn it is.
    pub(crate) fn turn(&mut self, rest: Rest) -> Turn {
        let Some(&(has_dependents, slack, _, _)) = self.tasks.peek() else {
            self.in_block = false;
            return Turn::Others;
        };
        if rest.running > 0 {
            if !self.due && has_dependents {
                // Worth it once the other work is no longer than what this holds up: until then it
                // can fill the slots beside it. Not worth it when what runs may take longer still.
                let other = clip(self.other_work / u128::from(rest.slots));
                self.due = rest.longest_running <= other && other <= slack;
            }
            return if self.due { Turn::Drain } else { Turn::Others };
        }
        let first = !rest.reserved && (self.in_block || has_dependents);
        if self.due || first || rest.ready == 0 {
            return Turn::Serial;
        }
        self.in_block = false;
        Turn::Others
    }

    /// Whether slots are being emptied.
    pub(crate) fn is_due(&self) -> bool {
        self.due
    }
}
