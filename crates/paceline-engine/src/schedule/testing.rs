//! Random plans, and a checker that knows the rules but nothing of the scheduler's insides.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::plan::{Constraints, Need, Resource, ResourceId};

use super::simulate::Verdict;
use super::{PATIENCE, Scheduler, State, Task, TaskId, Waiting};

/// A plan, and what will happen in it.
#[derive(Clone, Debug)]
pub(crate) struct RandomPlan {
    pub(crate) slots: u32,
    pub(crate) resources: Vec<Resource>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) durations: Vec<Duration>,
    /// One for each attempt that ends, in turn.
    pub(crate) verdicts: Vec<Verdict>,
    /// How many tasks are there from the start; one of the others is added at every end.
    pub(crate) at_first: usize,
}

pub(crate) fn resource(name: &str, capacity: u32) -> Resource {
    Resource {
        name: name.into(),
        capacity,
        is_group: false,
    }
}

fn constraints(resources: usize) -> impl Strategy<Value = Constraints> {
    let need = prop_oneof![
        (0_u32..6).prop_map(Need::Amount),
        Just(Need::Shared),
        Just(Need::Exclusive),
    ];
    let needs = vec(prop::option::weighted(0.3, need), resources);
    let weight = prop_oneof![3 => Just(1_u32), 1 => 0_u32..10];
    (weight, needs, prop::bool::weighted(0.1)).prop_map(|(weight, needs, serial)| {
        let needs = needs.into_iter().enumerate();
        Constraints {
            weight,
            needs: needs
                .filter_map(|(id, need)| Some((ResourceId(id), need?)))
                .collect(),
            serial,
        }
    })
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        40 => Just(Verdict::Satisfied),
        4 => Just(Verdict::Unsatisfied),
        4 => Just(Verdict::Retry),
        1 => Just(Verdict::Halt),
    ]
}

/// Plans of up to `most` tasks.
pub(crate) fn plans(most: usize) -> impl Strategy<Value = RandomPlan> {
    let resources = vec(1_u32..5, 0..4);
    (1_u32..9, resources, 1..=most, any::<bool>()).prop_flat_map(
        move |(slots, capacities, size, adds)| {
            let task = (
                constraints(capacities.len()),
                prop::option::of(0_u64..20),
                0_u64..20,
                vec(any::<prop::sample::Index>(), 0..3),
                any::<u32>(),
            );
            let verdicts = vec(verdict(), 0..size);
            let at_first = if adds { 0..=size } else { size..=size };
            (vec(task, size), verdicts, at_first).prop_map(move |(drawn, verdicts, at_first)| {
                let rank: Vec<u32> = drawn.iter().map(|task| task.4).collect();
                let mut tasks = Vec::new();
                let mut durations = Vec::new();
                for (id, (constraints, expected, duration, after, _)) in
                    drawn.into_iter().enumerate()
                {
                    // Dependencies follow a random order, so that they point both ways; those of
                    // tasks that are added later point backwards.
                    let may = |&above: &usize| {
                        let is_before = (rank[above], above) < (rank[id], id);
                        if id < at_first {
                            above < at_first && is_before
                        } else {
                            above < id
                        }
                    };
                    let after = after.iter().map(|index| index.index(size)).filter(may);
                    tasks.push(Task {
                        constraints,
                        after: after.map(TaskId).collect(),
                        expected: expected.map(Duration::from_secs),
                    });
                    durations.push(Duration::from_secs(duration));
                }
                RandomPlan {
                    slots,
                    resources: capacities.iter().map(|&c| resource("r", c)).collect(),
                    tasks,
                    durations,
                    verdicts,
                    at_first,
                }
            })
        },
    )
}

/// Whether tasks with these constraints may run at the same time.
pub(crate) fn fit_together(slots: u32, resources: &[Resource], set: &[&Constraints]) -> bool {
    if set.iter().any(|c| c.serial) {
        return set.len() == 1;
    }
    let weight: u32 = set.iter().map(|c| c.weight.clamp(1, slots)).sum();
    let fit_on = |(id, resource): (usize, &Resource)| {
        let needs = set.iter().flat_map(|c| &c.needs);
        let needs = needs.filter(|(r, need)| r.0 == id && *need != Need::Amount(0));
        let needs: Vec<Need> = needs.map(|(_, need)| *need).collect();
        let amount = |need: &Need| match need {
            Need::Amount(amount) => (*amount).min(resource.capacity),
            Need::Shared | Need::Exclusive => 0,
        };
        if needs.contains(&Need::Exclusive) {
            return needs.len() == 1;
        }
        if needs.contains(&Need::Shared) {
            return needs.iter().all(|need| *need == Need::Shared);
        }
        needs.iter().map(amount).sum::<u32>() <= resource.capacity
    };
    weight <= slots && resources.iter().enumerate().all(fit_on)
}

/// What has happened in a run, from outside.
#[derive(Debug)]
pub(crate) struct Checker {
    pub(crate) slots: u32,
    pub(crate) resources: Vec<Resource>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) running: BTreeSet<usize>,
    pub(crate) satisfied: BTreeSet<usize>,
    pub(crate) unsatisfied: BTreeSet<usize>,
    pub(crate) blocked: BTreeSet<usize>,
    pub(crate) halted: BTreeSet<usize>,
    pub(crate) is_halted: bool,
    pub(crate) starts: u64,
    /// How many starts there could be, with retries.
    known: u64,
    /// When each task became ready: starts by then, and starts known.
    ready: Vec<Option<(u64, u64)>>,
}

impl Checker {
    pub(crate) fn new(slots: u32, resources: &[Resource], tasks: &[Task]) -> Self {
        let mut checker = Self {
            slots,
            resources: resources.to_vec(),
            tasks: Vec::new(),
            running: BTreeSet::new(),
            satisfied: BTreeSet::new(),
            unsatisfied: BTreeSet::new(),
            blocked: BTreeSet::new(),
            halted: BTreeSet::new(),
            is_halted: false,
            starts: 0,
            known: 0,
            ready: Vec::new(),
        };
        checker.add(tasks);
        checker
    }

    pub(crate) fn add(&mut self, tasks: &[Task]) {
        self.tasks.extend_from_slice(tasks);
        self.ready.resize(self.tasks.len(), None);
        self.known += tasks.len() as u64;
        self.note_ready();
    }

    fn note_ready(&mut self) {
        for task in 0..self.tasks.len() {
            if self.ready[task].is_none() && self.is_ready(task) {
                self.ready[task] = Some((self.starts, self.known));
            }
        }
    }

    fn is_waiting(&self, task: usize) -> bool {
        ![
            &self.running,
            &self.satisfied,
            &self.unsatisfied,
            &self.blocked,
            &self.halted,
        ]
        .iter()
        .any(|set| set.contains(&task))
    }

    fn is_ready(&self, task: usize) -> bool {
        let mut after = self.tasks[task].after.iter();
        self.is_waiting(task) && after.all(|above| self.satisfied.contains(&above.0))
    }

    fn fits(&self, task: usize) -> bool {
        let running = self.running.iter().chain([&task]);
        let set: Vec<&Constraints> = running.map(|&t| &self.tasks[t].constraints).collect();
        fit_together(self.slots, &self.resources, &set)
    }

    pub(crate) fn starts(&mut self, task: usize) {
        assert!(!self.is_halted, "{task} started after the halt");
        assert!(
            self.is_ready(task),
            "{task} started before its dependencies, or twice"
        );
        assert!(self.fits(task), "{task} started beside {:?}", self.running);
        self.running.insert(task);
        self.starts += 1;
    }

    pub(crate) fn finishes(&mut self, task: usize, satisfied: bool, blocked: &[TaskId]) {
        assert!(self.running.remove(&task));
        assert!(blocked.is_sorted());
        if satisfied {
            self.satisfied.insert(task);
        } else {
            self.unsatisfied.insert(task);
        }
        for id in blocked {
            assert!(
                self.is_waiting(id.0),
                "{id:?} blocked twice, or while it ran"
            );
            self.blocked.insert(id.0);
        }
        self.check_blocked();
        self.note_ready();
    }

    /// Blocked is exactly what waits for something that was not satisfied, or for what is blocked.
    pub(crate) fn check_blocked(&self) {
        for (id, task) in self.tasks.iter().enumerate() {
            let mut after = task.after.iter();
            let should = after.any(|above| {
                self.unsatisfied.contains(&above.0) || self.blocked.contains(&above.0)
            });
            let should = should && !self.halted.contains(&id);
            assert_eq!(self.blocked.contains(&id), should, "{id} blocked");
        }
    }

    pub(crate) fn requeues(&mut self, task: usize) {
        assert!(self.running.remove(&task));
        self.known += 1;
        self.ready[task] = None;
        self.note_ready();
    }

    pub(crate) fn halts(&mut self, halted: &[TaskId]) {
        assert!(halted.is_sorted());
        let waiting = (0..self.tasks.len()).filter(|&task| self.is_waiting(task));
        let waiting: Vec<TaskId> = waiting.map(TaskId).collect();
        assert_eq!(halted, waiting);
        self.halted.extend(halted.iter().map(|id| id.0));
        self.is_halted = true;
    }

    /// To be called when the scheduler starts nothing more for now: nothing that could start waits,
    /// unless there is a reason that the policy names. The scheduler gives the same reasons.
    pub(crate) fn check_idle(&self, scheduler: &Scheduler) {
        if self.is_halted {
            return;
        }
        for task in 0..self.tasks.len() {
            let why = scheduler.why_waiting(TaskId(task));
            if !self.is_waiting(task) {
                assert_eq!(why, None);
            } else if !self.is_ready(task) {
                assert!(
                    matches!(why, Some(Waiting::Dependency(_))),
                    "{task}: {why:?}"
                );
            } else if self.fits(task) {
                assert!(
                    matches!(why, Some(Waiting::Reserved | Waiting::Serial)),
                    "{task} could start beside {:?}: {why:?}",
                    self.running
                );
                let reason = (0..self.tasks.len()).any(|other| self.may_hold_up(other));
                assert!(reason, "{task} is held up for nobody");
                assert!(!self.running.is_empty(), "{task} waits and nothing runs");
            } else {
                assert!(
                    matches!(
                        why,
                        Some(Waiting::Resource(_) | Waiting::Slots | Waiting::Serial)
                    ),
                    "{task}: {why:?}"
                );
            }
        }
    }

    /// Whether the policy lets others wait for this task.
    fn may_hold_up(&self, task: usize) -> bool {
        let Some((starts, known)) = self.ready[task].filter(|_| self.is_ready(task)) else {
            return false;
        };
        let mut after = self.tasks.iter().flat_map(|t| &t.after);
        let serial = self.tasks[task].constraints.serial && after.any(|above| above.0 == task);
        let is_old = self.starts >= known || self.starts - starts >= PATIENCE;
        !self.fits(task) && (serial || is_old)
    }

    pub(crate) fn check_end(&self, scheduler: &Scheduler) {
        assert!(scheduler.is_done());
        assert_eq!((scheduler.running(), scheduler.waiting()), (0, 0));
        for task in 0..self.tasks.len() {
            let finished = self.satisfied.contains(&task) || self.unsatisfied.contains(&task);
            let ends = [
                (finished, State::Finished),
                (self.blocked.contains(&task), State::Blocked),
                (self.halted.contains(&task), State::Halted),
            ];
            let ends: Vec<State> = ends.iter().filter(|end| end.0).map(|end| end.1).collect();
            assert_eq!(ends, [scheduler.state(TaskId(task))], "ends of {task}");
        }
    }
}
