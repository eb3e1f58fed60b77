//! Prints how close scheduling policies come to the limit, in simulated time.
//!
//! `cargo run --release -p paceline-engine --example schedule-table [WORKLOADS [SIZE]]`
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::time::Duration;

use paceline_engine::limit::{MeasuredWork, lower_bound};
use paceline_engine::plan::{Constraints, Need};
use paceline_engine::schedule::simulate::simulate;
use paceline_engine::schedule::workload::{Family, History, Random, Workload};

const SLOTS: [u32; 3] = [2, 8, 32];

#[derive(Clone, Copy)]
enum Policy {
    /// The scheduler's own.
    Paceline(History),
    /// Plan order; what cannot start is passed over.
    SkippingFifo,
    /// Plan order; a slot is taken first and held while waiting for locks.
    SlotFirst,
}

const POLICIES: [(&str, Policy); 5] = [
    ("paceline", Policy::Paceline(History::Perfect)),
    ("noisy history", Policy::Paceline(History::Noisy)),
    ("no history", Policy::Paceline(History::Unknown)),
    ("FIFO, skipping", Policy::SkippingFifo),
    ("FIFO, slot first", Policy::SlotFirst),
];

fn main() {
    let mut arguments = std::env::args().skip(1).map(|a| a.parse().ok());
    let workloads = arguments.next().flatten().unwrap_or(40);
    let size = arguments.next().flatten().unwrap_or(400);

    println!("efficiency = limit / makespan, mean and worst of {workloads} workloads");
    println!("of about {size} tasks each, in percent");
    println!();
    print!("{:<17}{:>3}", "", "P");
    for (name, _) in POLICIES {
        print!("  {name:>16}");
    }
    println!();
    for family in Family::ALL {
        for slots in SLOTS {
            let mut efficiencies = vec![Vec::new(); POLICIES.len()];
            for seed in 0..workloads {
                let mut random = Random::new(seed as u64);
                let workload = Workload::new(family, slots, size, &mut random);
                let limit = limit(&workload);
                for ((_, policy), efficiencies) in POLICIES.iter().zip(&mut efficiencies) {
                    let makespan = policy.makespan(&workload, &mut random);
                    efficiencies.push(100.0 * limit.as_secs_f64() / makespan.as_secs_f64());
                }
            }
            print!("{:<17}{slots:>3}", family.name());
            for of in &efficiencies {
                let mean = of.iter().sum::<f64>() / of.len() as f64;
                let worst = of.iter().copied().fold(f64::INFINITY, f64::min);
                print!("  {:>16}", format!("{mean:5.1} {worst:5.1}"));
            }
            println!();
        }
    }
}

fn limit(workload: &Workload) -> Duration {
    let work: Vec<MeasuredWork> = (0..workload.durations.len())
        .map(|task| MeasuredWork {
            name: "task".into(),
            constraints: workload.constraints[task].clone(),
            after: workload.after[task].iter().map(|id| id.0).collect(),
            duration: workload.durations[task],
        })
        .collect();
    lower_bound(workload.slots, &workload.resources, &work).map_or(Duration::ZERO, |l| l.duration)
}

impl Policy {
    fn makespan(self, workload: &Workload, random: &mut Random) -> Duration {
        match self {
            Self::Paceline(history) => {
                let tasks = workload.tasks(history, random);
                let resources = &workload.resources;
                let durations = &workload.durations;
                simulate(workload.slots, resources, tasks, durations, |_| true).makespan
            }
            Self::SkippingFifo => Fifo::new(workload).run(false),
            Self::SlotFirst => Fifo::new(workload).run(true),
        }
    }
}

/// A run in plan order.
struct Fifo<'a> {
    workload: &'a Workload,
    free: u32,
    /// Units held and holders that share, by resource.
    held: Vec<(u32, u32)>,
    done: Vec<bool>,
    /// Tasks that have not started, in plan order.
    queue: Vec<usize>,
    /// Tasks that hold slots and wait for locks.
    seated: Vec<usize>,
    running: Vec<(Duration, usize)>,
}

impl<'a> Fifo<'a> {
    fn new(workload: &'a Workload) -> Self {
        Self {
            workload,
            free: workload.slots,
            held: vec![(0, 0); workload.resources.len()],
            done: vec![false; workload.durations.len()],
            queue: (0..workload.durations.len()).collect(),
            seated: Vec::new(),
            running: Vec::new(),
        }
    }

    fn run(&mut self, slot_first: bool) -> Duration {
        let mut now = Duration::ZERO;
        loop {
            for task in std::mem::take(&mut self.queue) {
                let is_ready = self.workload.after[task]
                    .iter()
                    .all(|above| self.done[above.0]);
                let can_sit = is_ready && self.weight(task) <= self.free;
                if can_sit && (slot_first || self.locks_are_free(task)) {
                    self.free -= self.weight(task);
                    self.seated.push(task);
                    self.start_seated(now);
                } else {
                    self.queue.push(task);
                }
            }
            self.start_seated(now);
            let next = (0..self.running.len()).min_by_key(|&i| self.running[i]);
            let Some(next) = next else {
                return now;
            };
            let (end, task) = self.running.swap_remove(next);
            now = end;
            self.free += self.weight(task);
            self.lock(task, u32::wrapping_sub);
            self.done[task] = true;
        }
    }

    fn start_seated(&mut self, now: Duration) {
        for task in std::mem::take(&mut self.seated) {
            if self.locks_are_free(task) {
                self.lock(task, u32::wrapping_add);
                self.running
                    .push((now + self.workload.durations[task], task));
            } else {
                self.seated.push(task);
            }
        }
    }

    fn constraints(&self, task: usize) -> &'a Constraints {
        &self.workload.constraints[task]
    }

    /// Serial tasks take all slots.
    fn weight(&self, task: usize) -> u32 {
        let constraints = self.constraints(task);
        if constraints.serial {
            self.workload.slots
        } else {
            constraints.weight.min(self.workload.slots)
        }
    }

    /// Units held and whether it shares, by resource.
    fn needs(&self, task: usize) -> impl Iterator<Item = (usize, u32, bool)> + use<'a> {
        let resources = &self.workload.resources;
        self.constraints(task).needs.iter().map(|&(id, need)| {
            let capacity = resources[id.0].capacity;
            match need {
                Need::Amount(amount) => (id.0, amount.min(capacity), false),
                Need::Exclusive => (id.0, capacity, false),
                Need::Shared => (id.0, 0, true),
            }
        })
    }

    fn locks_are_free(&self, task: usize) -> bool {
        self.needs(task).all(|(id, units, shares)| {
            let (held, sharers) = self.held[id];
            if shares {
                held == 0
            } else {
                sharers == 0 && held + units <= self.workload.resources[id].capacity
            }
        })
    }

    fn lock(&mut self, task: usize, change: fn(u32, u32) -> u32) {
        for (id, units, shares) in self.needs(task) {
            let (held, sharers) = &mut self.held[id];
            *held = change(*held, units);
            *sharers = change(*sharers, u32::from(shares));
        }
    }
}
