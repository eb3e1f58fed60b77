//! The state machine.

use std::collections::VecDeque;
use std::ops::Range;

use crate::plan::{Resource, ResourceId};

use super::demand::Demand;
use super::forecast::Forecast;
use super::graph::Graph;
use super::pool::{Pool, Profile};
use super::ready::Ready;
use super::reservation::Reservations;
use super::serial::{Rest, Serial, Turn};
use super::task::{State, Task, TaskId, Waiting};

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) class: usize,
    pub(super) state: State,
    /// Whether what depends on it may run; true until it finished otherwise.
    satisfied: bool,
    /// Dependencies that have not finished.
    missing: usize,
    /// With how many starts it is taken to have waited too long.
    deadline: u64,
    /// Whether its work counts as [`Serial::other_work`].
    is_other_work: bool,
    /// Whether it runs in name only, so that a serial task may run beside it.
    is_idle: bool,
    /// The task that gets its slots when it ends.
    pub(super) next: Option<usize>,
    /// The task whose slots it will get; it holds none until then.
    pub(super) behind: Option<usize>,
}

/// Decides which task starts next.
///
/// The [module](super) says by which policy. Whoever drives it calls [`start_next`] until that is
/// `None`, runs what it was given, reports every end by [`finish`] or [`requeue`], and begins
/// again.
///
/// [`start_next`]: Self::start_next
/// [`finish`]: Self::finish
/// [`requeue`]: Self::requeue
#[derive(Clone, Debug)]
pub struct Scheduler {
    slots: u32,
    pool: Pool,
    graph: Graph,
    forecast: Forecast,
    pub(super) demand: Demand,
    pub(super) ready: Ready,
    pub(super) serial: Serial,
    pub(super) tasks: Vec<Entry>,
    running: Vec<usize>,
    waiting: usize,
    pub(super) halted: bool,
    /// How many starts there have been.
    started: u64,
    /// How many starts there can be: tasks and retries.
    known: u64,
    /// Ready tasks with their deadlines, longest waiting first.
    ages: VecDeque<(u64, usize)>,
    pub(super) reservations: Reservations,
}

impl Scheduler {
    /// A scheduler for `tasks` in plan order; their ids are their positions.
    ///
    /// `slots` of 0 count as 1. `after` may name earlier and later tasks; tasks on a cycle never
    /// start, so whoever makes a plan refuses cycles.
    ///
    /// # Panics
    /// If `after` names a task, or `constraints` a resource, that is not there.
    pub fn new(slots: u32, resources: &[Resource], tasks: Vec<Task>) -> Self {
        let slots = slots.max(1);
        let capacities: Vec<u32> = resources.iter().map(|r| r.capacity.max(1)).collect();
        let mut scheduler = Self {
            slots,
            pool: Pool::new(slots, resources),
            graph: Graph::default(),
            demand: Demand::new(slots, &capacities),
            forecast: Forecast::new(slots, capacities),
            ready: Ready::new(resources.len()),
            serial: Serial::default(),
            tasks: Vec::with_capacity(tasks.len()),
            running: Vec::new(),
            waiting: 0,
            halted: false,
            started: 0,
            known: 0,
            ages: VecDeque::new(),
            reservations: Reservations::default(),
        };
        scheduler.extend(tasks);
        scheduler
    }

    /// Adds a resource while the run goes on, for tasks that are added after it. A `capacity` of 0
    /// counts as 1.
    pub fn add_resource(&mut self, capacity: u32) -> ResourceId {
        let capacity = capacity.max(1);
        self.demand.add_resource(capacity);
        self.forecast.add_resource(capacity);
        self.ready.add_resource();
        ResourceId(self.pool.add_resource(capacity))
    }

    /// Adds a task while the run goes on; its `after` names tasks that are there already.
    ///
    /// If one of those was not satisfied, the task is blocked from the start, and if the run was
    /// halted it is halted: see [`state`](Self::state).
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn add(&mut self, task: Task) -> TaskId {
        let id = TaskId(self.tasks.len());
        for above in self.extend(vec![task]) {
            let entry = &self.tasks[above];
            if entry.state == State::Waiting && entry.missing == 0 {
                self.queue(above);
            }
        }
        if self.tasks[id.0].state == State::Waiting {
            let profile = self.ready.profile(self.tasks[id.0].class).clone();
            self.ready.raise(&profile, &self.demand);
        }
        id
    }

    /// Adds tasks. Returns those that were there before and have become more urgent.
    fn extend(&mut self, tasks: Vec<Task>) -> Vec<usize> {
        let first = self.tasks.len();
        self.graph.extend(tasks.iter().map(|task| &*task.after));
        for task in &tasks {
            let class = self.ready.class(self.pool.profile(&task.constraints));
            self.tasks.push(Entry {
                class,
                state: State::Waiting,
                satisfied: true,
                missing: 0,
                deadline: 0,
                is_other_work: false,
                is_idle: false,
                next: None,
                behind: None,
            });
        }
        let new = first..self.tasks.len();
        let profiles: Vec<&Profile> = self.tasks[new.clone()]
            .iter()
            .map(|entry| self.ready.profile(entry.class))
            .collect();
        let expected = tasks.into_iter().map(|task| task.expected);
        let raised = self.forecast.extend(&mut self.graph, &profiles, expected);
        for (task, profile) in new.clone().zip(profiles) {
            self.demand.add(profile, self.forecast.time(task));
        }
        self.known += new.len() as u64;
        self.waiting += new.len();
        self.count_other_work(new.clone());
        for task in new {
            self.settle(task);
        }
        raised
    }

    /// Finds the new tasks that neither are serial nor wait for a serial one.
    fn count_other_work(&mut self, new: Range<usize>) {
        let order = if new.len() == 1 {
            vec![new.start]
        } else {
            self.graph.topological()
        };
        for task in order {
            let is_open = |&above: &usize| {
                let entry = &self.tasks[above];
                entry.is_other_work || entry.state == State::Finished
            };
            if !self.is_serial(task) && self.graph.after(task).iter().all(is_open) {
                self.open(task);
            }
        }
    }

    /// Puts a new task where it belongs.
    fn settle(&mut self, task: usize) {
        let above = || self.graph.after(task).iter().map(|&a| &self.tasks[a]);
        let is_blocked = above().any(|a| a.state == State::Blocked || !a.satisfied);
        let missing = above().filter(|a| a.state != State::Finished).count();
        self.tasks[task].missing = missing;
        if self.halted {
            self.drop_waiting(task, State::Halted);
        } else if is_blocked {
            self.drop_waiting(task, State::Blocked);
        } else if missing == 0 {
            self.enqueue(task);
        }
    }

    /// The next task to start, if one can: it holds its slots and resources from now on.
    ///
    /// To be called until it is `None`.
    pub fn start_next(&mut self) -> Option<TaskId> {
        if self.halted || self.pool.free() == 0 {
            return None;
        }
        self.reservations.grant(self.started, &mut self.ready);
        self.promote_the_oldest();
        let task = match self.serial.turn(self.rest()) {
            Turn::Serial => self.serial.pop()?,
            Turn::Drain => return None,
            Turn::Others => {
                let reserved = self
                    .reservations
                    .pick(&self.pool, &mut self.ready, &self.demand);
                reserved.or_else(|| self.pick())?
            }
        };
        self.pool.take(self.ready.profile(self.tasks[task].class));
        self.begin(task);
        Some(TaskId(task))
    }

    /// A task that waited runs from now on.
    pub(super) fn begin(&mut self, task: usize) {
        let entry = &mut self.tasks[task];
        entry.state = State::Running;
        let profile = self.ready.profile(entry.class);
        self.demand.remove(profile, self.forecast.time(task));
        self.running.push(task);
        self.waiting -= 1;
        self.started += 1;
    }

    /// A running task has run to its end.
    ///
    /// If it was not satisfied, all that waits for it, directly or not, is blocked and returned in
    /// plan order.
    ///
    /// # Panics
    /// If the task is not running.
    pub fn finish(&mut self, task: TaskId, satisfied: bool) -> Vec<TaskId> {
        self.release(task.0);
        self.close(task.0);
        self.tasks[task.0].state = State::Finished;
        if !satisfied {
            self.tasks[task.0].satisfied = false;
            return self.block_dependents(task.0);
        }
        for dependent in self.graph.dependents(task.0).to_vec() {
            let entry = &mut self.tasks[dependent];
            entry.missing -= 1;
            if entry.missing == 0 && entry.state == State::Waiting {
                self.enqueue(dependent);
            }
        }
        Vec::new()
    }

    /// A running task waits for another attempt; it frees what it holds. Returns whether it will
    /// get one: in a halted run it is halted too.
    ///
    /// # Panics
    /// If the task is not running.
    pub fn requeue(&mut self, task: TaskId) -> bool {
        self.release(task.0);
        self.tasks[task.0].state = State::Waiting;
        self.waiting += 1;
        self.known += 1;
        let profile = self.ready.profile(self.tasks[task.0].class).clone();
        self.demand.add(&profile, self.forecast.time(task.0));
        if self.halted {
            self.drop_waiting(task.0, State::Halted);
            return false;
        }
        self.enqueue(task.0);
        self.ready.raise(&profile, &self.demand);
        true
    }

    /// A running task has nothing to do but to hold its resources until it finishes: it gives its
    /// slots back, and serial tasks may run beside it.
    ///
    /// # Panics
    /// If there is no such task.
    pub fn idle(&mut self, task: TaskId) {
        self.tasks[task.0].is_idle = true;
        self.give_slots_back(task);
    }

    /// A running task is nearly done: it gives its slots back, and holds its resources until it
    /// finishes. No serial task starts before, and a serial task gives nothing back.
    ///
    /// # Panics
    /// If there is no such task.
    pub fn yield_slots(&mut self, task: TaskId) {
        if !self.is_serial(task.0) {
            self.give_slots_back(task);
        }
    }

    fn give_slots_back(&mut self, task: TaskId) {
        // Its work is counted by its slots.
        self.close(task.0);
        let class = self.tasks[task.0].class;
        let busy = self.ready.profile(class).clone();
        let idle = Profile {
            weight: 0,
            serial: false,
            ..busy.clone()
        };
        let is_passed_on = self.pass_on(task.0);
        if !is_passed_on {
            self.pool.release(&busy);
        }
        self.pool.take(&idle);
        self.tasks[task.0].class = self.ready.class(idle);
        if !is_passed_on {
            self.ready.released(class, self.pool.free(), &self.demand);
        }
    }

    /// How many slots nobody holds.
    pub fn free_slots(&self) -> u32 {
        self.pool.free()
    }

    /// Has nothing start any more. Returns everything that was waiting, in plan order; what runs is
    /// still to be finished.
    pub fn halt(&mut self) -> Vec<TaskId> {
        self.halted = true;
        let mut halted = Vec::with_capacity(self.waiting);
        for task in 0..self.tasks.len() {
            if self.tasks[task].state == State::Waiting {
                self.drop_waiting(task, State::Halted);
                halted.push(TaskId(task));
            }
        }
        halted
    }

    /// How many tasks run.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// How many tasks wait: for dependencies, slots, resources or another attempt.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether nothing runs and nothing waits.
    pub fn is_done(&self) -> bool {
        self.running.is_empty() && self.waiting == 0
    }

    /// Where a task is.
    ///
    /// # Panics
    /// If there is no such task.
    pub fn state(&self, task: TaskId) -> State {
        self.tasks[task.0].state
    }

    /// What keeps a task from starting; `None` if it does not wait, or is only waiting for
    /// [`start_next`](Self::start_next).
    ///
    /// # Panics
    /// If there is no such task.
    pub fn why_waiting(&self, task: TaskId) -> Option<Waiting> {
        let entry = &self.tasks[task.0];
        if entry.state != State::Waiting {
            return None;
        }
        let unfinished = |&&a: &&usize| self.tasks[a].state != State::Finished;
        if let Some(&above) = self.graph.after(task.0).iter().find(unfinished) {
            return Some(Waiting::Dependency(TaskId(above)));
        }
        let profile = self.ready.profile(entry.class);
        let serial_runs = self.busy().any(|task| self.is_serial(task));
        if serial_runs || (profile.serial && self.busy().next().is_some()) {
            return Some(Waiting::Serial);
        }
        if let Some(resource) = self.pool.lacks(profile) {
            return Some(Waiting::Resource(ResourceId(resource)));
        }
        if profile.weight > self.pool.free() {
            return Some(Waiting::Slots);
        }
        if self.serial.is_due() && !profile.serial {
            return Some(Waiting::Serial);
        }
        let class = entry.class;
        let may = self
            .reservations
            .permit_class(class, profile, &self.pool, &self.ready);
        (!may).then_some(Waiting::Reserved)
    }

    fn is_serial(&self, task: usize) -> bool {
        self.ready.profile(self.tasks[task].class).serial
    }

    /// What runs but for tasks that are idle, and for those that wait for the end of another.
    fn busy(&self) -> impl Iterator<Item = usize> {
        let running = self.running.iter().copied();
        running.filter(|&task| !self.tasks[task].is_idle && self.tasks[task].behind.is_none())
    }

    fn rest(&self) -> Rest {
        let times = self.busy().map(|task| self.forecast.time(task));
        Rest {
            slots: self.slots,
            running: self.busy().count(),
            longest_running: if self.serial.len() == 0 {
                0
            } else {
                times.max().unwrap_or(0)
            },
            ready: self.ready.len(),
            reserved: !self.reservations.is_empty(),
        }
    }

    /// The task with the highest priority that can start.
    fn pick(&mut self) -> Option<usize> {
        while let Some(class) = self.ready.top(&self.demand) {
            let profile = self.ready.profile(class);
            if let Some(resource) = self.pool.lacks(profile) {
                self.ready.park_on_resource(class, resource);
            } else if profile.weight > self.pool.free() {
                self.ready.park_on_slots(class);
            } else if self.reservations.permit(profile, &self.pool, &self.ready) {
                return self.ready.pop(class, &self.demand);
            } else {
                self.ready.park_on_reservation(class);
                continue;
            }
            self.reservations
                .pass_over(class, self.started, &self.pool, &mut self.ready);
        }
        None
    }

    /// Has tasks go first that have waited for longer than all others that were known.
    fn promote_the_oldest(&mut self) {
        while let Some(&(deadline, task)) = self.ages.front() {
            let entry = &self.tasks[task];
            let is_current = entry.state == State::Waiting && entry.deadline == deadline;
            if is_current && self.started < deadline {
                break;
            }
            self.ages.pop_front();
            if is_current && self.is_serial(task) {
                self.serial.promote(task);
            } else if is_current {
                let class = self.tasks[task].class;
                self.ready.promote(class, task, &self.demand);
                self.reservations.add(class);
            }
        }
    }

    /// A task waits for nothing but slots and resources from now on.
    fn enqueue(&mut self, task: usize) {
        self.queue(task);
        self.tasks[task].deadline = self.known;
        self.ages.push_back((self.known, task));
    }

    /// Puts a task into its queue, or where it belongs in there by now.
    fn queue(&mut self, task: usize) {
        let tail = self.forecast.tail(task);
        if self.is_serial(task) {
            let has_dependents = !self.graph.dependents(task).is_empty();
            let slack = self.forecast.slack(task);
            self.serial.push(task, has_dependents, slack, tail);
        } else {
            self.open(task);
            let class = self.tasks[task].class;
            self.ready.push(class, task, tail, &self.demand);
        }
    }

    /// Counts a task's work as other work than what waits for serial tasks.
    fn open(&mut self, task: usize) {
        if !self.tasks[task].is_other_work {
            self.tasks[task].is_other_work = true;
            self.serial.other_work += self.work(task);
        }
    }

    /// A task's work is done, or will not be.
    fn close(&mut self, task: usize) {
        if std::mem::take(&mut self.tasks[task].is_other_work) {
            self.serial.other_work -= self.work(task);
        }
    }

    /// Slots × nanoseconds.
    fn work(&self, task: usize) -> u128 {
        let weight = self.ready.profile(self.tasks[task].class).weight;
        u128::from(self.forecast.time(task)) * u128::from(weight)
    }

    /// A running task gives back what it holds.
    fn release(&mut self, task: usize) {
        let at = self.running.iter().position(|&running| running == task);
        let at = at.expect("only a running task can end");
        self.running.swap_remove(at);
        if self.pass_on(task) {
            return;
        }
        let class = self.tasks[task].class;
        self.pool.release(self.ready.profile(class));
        self.ready.released(class, self.pool.free(), &self.demand);
    }

    /// A waiting task will never start.
    fn drop_waiting(&mut self, task: usize, state: State) {
        self.tasks[task].state = state;
        self.waiting -= 1;
        let profile = self.ready.profile(self.tasks[task].class);
        self.demand.remove(profile, self.forecast.time(task));
        self.close(task);
    }

    fn block_dependents(&mut self, task: usize) -> Vec<TaskId> {
        let mut blocked = Vec::new();
        let mut next = self.graph.dependents(task).to_vec();
        while let Some(task) = next.pop() {
            if self.tasks[task].state == State::Waiting {
                self.drop_waiting(task, State::Blocked);
                blocked.push(TaskId(task));
                next.extend(self.graph.dependents(task));
            }
        }
        blocked.sort_unstable();
        blocked
    }
}
