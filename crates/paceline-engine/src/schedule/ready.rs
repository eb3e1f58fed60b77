//! The queues of tasks that wait for nothing but slots and resources.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use super::demand::Demand;
use super::pool::{Hold, Profile};

/// What queues are ordered by: the priority, then the tail of their first task, then plan order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    priority: u64,
    tail: u64,
    task: Reverse<usize>,
}

/// Where a queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nowhere: it was empty when it was looked at.
    Idle,
    /// To be looked at, in order of priority.
    Heap,
    /// On a list that is looked at again when what it lacks is released.
    Parked,
}

/// How a queue has been passed over since it last started something.
#[derive(Clone, Copy, Debug)]
struct Passed {
    /// How often its resources had been taken when it began.
    taken: u64,
    is_overdue: bool,
}

/// The tasks with one profile. As all of them fit or none does, only the first one matters.
#[derive(Clone, Debug)]
struct Class {
    profile: Profile,
    tasks: BinaryHeap<(u64, Reverse<usize>)>,
    place: Place,
    /// Tells its entry in the heap from older ones.
    version: u64,
    passed: Option<Passed>,
    /// Counts its starts.
    starts: u64,
    /// How many are queued.
    queued: usize,
}

/// All queues.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    classes: Vec<Class>,
    by_profile: HashMap<Profile, usize>,
    queued: Vec<bool>,
    len: usize,
    heap: BinaryHeap<(Key, usize, u64)>,
    lacking_resource: Vec<Vec<usize>>,
    lacking_slots: BTreeMap<u32, Vec<usize>>,
    reserved_against: Vec<usize>,
    /// The classes whose priority depends on each resource.
    competing: Vec<Vec<usize>>,
    wide: Vec<usize>,
}

impl Ready {
    pub(crate) fn new(resources: usize) -> Self {
        Self {
            classes: Vec::new(),
            by_profile: HashMap::new(),
            queued: Vec::new(),
            len: 0,
            heap: BinaryHeap::new(),
            lacking_resource: vec![Vec::new(); resources],
            lacking_slots: BTreeMap::new(),
            reserved_against: Vec::new(),
            competing: vec![Vec::new(); resources],
            wide: Vec::new(),
        }
    }

    pub(crate) fn add_resource(&mut self) {
        self.lacking_resource.push(Vec::new());
        self.competing.push(Vec::new());
    }

    /// The queue for tasks of this profile.
    pub(crate) fn class(&mut self, profile: Profile) -> usize {
        if let Some(&class) = self.by_profile.get(&profile) {
            return class;
        }
        let class = self.classes.len();
        for &(resource, hold) in &profile.holds {
            if let Hold::Units(_) = hold {
                self.competing[resource].push(class);
            }
        }
        if profile.weight > 1 {
            self.wide.push(class);
        }
        self.by_profile.insert(profile.clone(), class);
        self.classes.push(Class {
            profile,
            tasks: BinaryHeap::new(),
            place: Place::Idle,
            version: 0,
            passed: None,
            starts: 0,
            queued: 0,
        });
        class
    }

    pub(crate) fn profile(&self, class: usize) -> &Profile {
        &self.classes[class].profile
    }

    /// How many tasks are queued.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether no task of another class is queued.
    pub(crate) fn is_all_of(&self, class: usize) -> bool {
        self.classes[class].queued == self.len
    }

    /// Puts a task into its queue, or moves it further to the front.
    pub(crate) fn push(&mut self, class: usize, task: usize, tail: u64, demand: &Demand) {
        if self.queued.len() <= task {
            self.queued.resize(task + 1, false);
        }
        if !self.queued[task] {
            self.queued[task] = true;
            self.len += 1;
            self.classes[class].queued += 1;
        }
        let entry = &mut self.classes[class];
        let was_first = entry
            .tasks
            .peek()
            .is_none_or(|&first| first < (tail, Reverse(task)));
        entry.tasks.push((tail, Reverse(task)));
        if entry.place == Place::Idle || (entry.place == Place::Heap && was_first) {
            self.enter(class, demand);
        }
    }

    /// Puts a task that is queued before all others of its queue.
    pub(crate) fn promote(&mut self, class: usize, task: usize, demand: &Demand) {
        self.push(class, task, u64::MAX, demand);
    }

    pub(crate) fn first_is_promoted(&mut self, class: usize) -> bool {
        let first = self.first(class);
        let entry = self.classes[class].tasks.peek();
        first.is_some() && entry.is_some_and(|&(tail, _)| tail == u64::MAX)
    }

    /// The first task of a queue.
    pub(crate) fn first(&mut self, class: usize) -> Option<usize> {
        let tasks = &mut self.classes[class].tasks;
        while let Some(&(_, Reverse(task))) = tasks.peek() {
            if self.queued[task] {
                return Some(task);
            }
            tasks.pop();
        }
        None
    }

    /// Takes the first task out of a queue.
    pub(crate) fn pop(&mut self, class: usize, demand: &Demand) -> Option<usize> {
        let task = self.first(class)?;
        let entry = &mut self.classes[class];
        entry.tasks.pop();
        entry.passed = None;
        entry.starts += 1;
        entry.queued -= 1;
        self.queued[task] = false;
        self.len -= 1;
        if self.classes[class].place == Place::Heap {
            self.enter(class, demand);
        }
        Some(task)
    }

    /// The queue with the highest priority among those that are to be looked at. It stays where it
    /// is until it is parked or its first task is taken.
    pub(crate) fn top(&mut self, demand: &Demand) -> Option<usize> {
        while let Some(&(key, class, version)) = self.heap.peek() {
            let entry = &self.classes[class];
            if entry.place != Place::Heap || entry.version != version {
                self.heap.pop();
                continue;
            }
            // Priorities sink as work gets done, and are brought up to date here.
            if self.key(class, demand) == Some(key) {
                return Some(class);
            }
            self.heap.pop();
            self.enter(class, demand);
        }
        None
    }

    fn key(&mut self, class: usize, demand: &Demand) -> Option<Key> {
        self.first(class)?;
        let entry = &self.classes[class];
        let &(tail, task) = entry.tasks.peek()?;
        Some(Key {
            priority: demand.pressure(&entry.profile).max(tail),
            tail,
            task,
        })
    }

    fn enter(&mut self, class: usize, demand: &Demand) {
        let key = self.key(class, demand);
        let entry = &mut self.classes[class];
        entry.version += 1;
        match key {
            Some(key) => {
                entry.place = Place::Heap;
                self.heap.push((key, class, entry.version));
            }
            None => entry.place = Place::Idle,
        }
    }

    /// Brings the priorities of all that compete with `profile` up to date after they have grown.
    pub(crate) fn raise(&mut self, profile: &Profile, demand: &Demand) {
        let resources = profile.holds.iter().map(|&(resource, _)| resource);
        let mut classes: Vec<usize> = resources.flat_map(|r| self.competing[r].clone()).collect();
        if profile.weight > 1 {
            classes.extend(&self.wide);
        }
        for class in classes {
            if self.classes[class].place == Place::Heap {
                self.enter(class, demand);
            }
        }
    }

    pub(crate) fn park_on_resource(&mut self, class: usize, resource: usize) {
        self.classes[class].place = Place::Parked;
        self.lacking_resource[resource].push(class);
    }

    pub(crate) fn park_on_slots(&mut self, class: usize) {
        let entry = &mut self.classes[class];
        entry.place = Place::Parked;
        let weight = entry.profile.weight;
        self.lacking_slots.entry(weight).or_default().push(class);
    }

    pub(crate) fn park_on_reservation(&mut self, class: usize) {
        self.classes[class].place = Place::Parked;
        self.reserved_against.push(class);
    }

    /// Has those looked at again that could start now that a task of `class` has ended.
    pub(crate) fn released(&mut self, class: usize, free_slots: u32, demand: &Demand) {
        let holds = self.classes[class].profile.holds.len();
        for hold in 0..holds {
            let (resource, _) = self.classes[class].profile.holds[hold];
            for class in std::mem::take(&mut self.lacking_resource[resource]) {
                self.enter(class, demand);
            }
        }
        while let Some(entry) = self.lacking_slots.first_entry() {
            if *entry.key() > free_slots {
                break;
            }
            for class in entry.remove() {
                self.enter(class, demand);
            }
        }
        self.reservations_changed(demand);
    }

    pub(crate) fn reservations_changed(&mut self, demand: &Demand) {
        for class in std::mem::take(&mut self.reserved_against) {
            self.enter(class, demand);
        }
    }

    /// How often the queue's resources had been taken when it was first passed over after it last
    /// started something.
    pub(crate) fn passed_over_since(&self, class: usize) -> Option<u64> {
        self.classes[class].passed.map(|passed| passed.taken)
    }

    pub(crate) fn pass_over(&mut self, class: usize, taken: u64) {
        self.classes[class].passed = Some(Passed {
            taken,
            is_overdue: false,
        });
    }

    /// Notes that a queue was passed over too often; `false` if that was known.
    pub(crate) fn make_overdue(&mut self, class: usize) -> bool {
        let passed = self.classes[class].passed.as_mut();
        passed.is_some_and(|passed| !std::mem::replace(&mut passed.is_overdue, true))
    }

    /// Counts the starts from this queue.
    pub(crate) fn starts(&self, class: usize) -> u64 {
        self.classes[class].starts
    }
}
