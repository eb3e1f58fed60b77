//! How long tasks are expected to take, and how much waits for each of them.

use std::collections::VecDeque;
use std::time::Duration;

use super::graph::Graph;
use super::pool::{Hold, Profile};

/// How many steps may be spent on finding the work that waits for each task. Plans with more
/// dependencies than that are scheduled by their longest chains alone.
const STEPS: usize = 250_000;

/// What a task is taken to need when no task's time is known.
const UNKNOWN: u64 = 1_000_000_000;

/// A duration in whole nanoseconds, at most 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) fn clip(nanos: u128) -> u64 {
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// Work that waits for a task, and what it will take: slots or a resource.
#[derive(Clone, Copy, Debug)]
struct Gated {
    /// `None` for slots.
    resource: Option<usize>,
    capacity: u32,
    /// Units × nanoseconds.
    work: u128,
}

/// Expected times, in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Forecast {
    slots: u32,
    capacities: Vec<u32>,
    longest_known: Option<u64>,
    steps: usize,
    time: Vec<u64>,
    tail: Vec<u64>,
    gated: Vec<Vec<Gated>>,
}

impl Forecast {
    pub(crate) fn new(slots: u32, capacities: Vec<u32>) -> Self {
        Self {
            slots,
            capacities,
            longest_known: None,
            steps: STEPS,
            time: Vec::new(),
            tail: Vec::new(),
            gated: Vec::new(),
        }
    }

    pub(crate) fn add_resource(&mut self, capacity: u32) {
        self.capacities.push(capacity);
    }

    /// The time of a task itself.
    pub(crate) fn time(&self, task: usize) -> u64 {
        self.time[task]
    }

    /// The least time from the start of a task to the end of all that waits for it.
    pub(crate) fn tail(&self, task: usize) -> u64 {
        self.tail[task]
    }

    /// By how much what waits for a task takes longer than its work spread over all slots: time in
    /// which other work could fill the slots.
    pub(crate) fn slack(&self, task: usize) -> u64 {
        let after = self.tail[task] - self.time[task];
        let slots = self.gated[task].iter().find(|g| g.resource.is_none());
        let spread = slots.map_or(0, |g| clip(g.work / u128::from(self.slots)));
        after.saturating_sub(spread)
    }

    /// Adds the tasks that are new in `graph`. Returns earlier ones whose tails have grown.
    pub(crate) fn extend(
        &mut self,
        graph: &mut Graph,
        profiles: &[&Profile],
        expected: impl Iterator<Item = Option<Duration>>,
    ) -> Vec<usize> {
        let first = self.time.len();
        let expected: Vec<Option<u64>> = expected.map(|time| time.map(nanos)).collect();
        self.longest_known = expected
            .iter()
            .flatten()
            .copied()
            .max()
            .max(self.longest_known);
        // Longer than any known one, so that it starts before them.
        let unknown = self.longest_known.map_or(UNKNOWN, |t| t.saturating_add(1));
        self.time
            .extend(expected.iter().map(|time| time.unwrap_or(unknown)));
        self.tail.extend_from_slice(&self.time[first..]);
        self.gated.resize(self.time.len(), Vec::new());
        for (task, profile) in (first..).zip(profiles) {
            self.gate(graph, task, profile);
        }
        if profiles.len() == 1 {
            return self.raise_above(graph, first);
        }
        for &task in graph.topological().iter().rev() {
            self.tail[task] = self.computed_tail(graph, task);
        }
        (0..first).collect()
    }

    /// Counts a task's work for all that it waits for.
    fn gate(&mut self, graph: &mut Graph, task: usize, profile: &Profile) {
        if graph.after(task).is_empty() {
            return;
        }
        let Some(ancestors) = graph.ancestors(task, &mut self.steps) else {
            self.steps = 0;
            return;
        };
        let time = u128::from(self.time[task]);
        for ancestor in ancestors {
            add(
                &mut self.gated[ancestor],
                None,
                self.slots,
                time * u128::from(profile.weight),
            );
            for &(resource, hold) in &profile.holds {
                if let Hold::Units(units) = hold {
                    let capacity = self.capacities[resource];
                    let work = time * u128::from(units);
                    add(&mut self.gated[ancestor], Some(resource), capacity, work);
                }
            }
        }
    }

    fn computed_tail(&self, graph: &Graph, task: usize) -> u64 {
        let chain = graph.dependents(task).iter().map(|&d| self.tail[d]).max();
        let spread = self.gated[task]
            .iter()
            .map(|g| clip(g.work / u128::from(g.capacity)));
        let after = chain.max(spread.max()).unwrap_or(0);
        self.time[task].saturating_add(after)
    }

    /// Passes the tail of a task that came later up to those it waits for.
    fn raise_above(&mut self, graph: &Graph, task: usize) -> Vec<usize> {
        let mut raised = Vec::new();
        let mut queue: VecDeque<usize> = graph.after(task).iter().copied().collect();
        while let Some(above) = queue.pop_front() {
            let tail = self.computed_tail(graph, above);
            if tail > self.tail[above] {
                self.tail[above] = tail;
                raised.push(above);
                queue.extend(graph.after(above));
            }
        }
        raised
    }
}

fn add(gated: &mut Vec<Gated>, resource: Option<usize>, capacity: u32, work: u128) {
    match gated.iter_mut().find(|g| g.resource == resource) {
        Some(entry) => entry.work += work,
        None => gated.push(Gated {
            resource,
            capacity,
            work,
        }),
    }
}
