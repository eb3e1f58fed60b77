//! Random workloads to measure scheduling by. The same seed makes the same workload everywhere.

use std::sync::Arc;
use std::time::Duration;

use crate::plan::{Constraints, Need, Resource, ResourceId};

use super::{Task, TaskId};

/// A small generator of random numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator that always makes the same numbers from the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Between 0 and 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of `from..=to`.
    fn between(&mut self, from: u32, to: u32) -> u32 {
        from + (self.next() % u64::from(to - from + 1)) as u32
    }

    /// Lognormal with median 1.
    fn lognormal(&mut self, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        (sigma * radius * (std::f64::consts::TAU * self.unit()).cos()).exp()
    }
}

/// A kind of workload. All durations are lognormal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Nothing but slots; a few tasks take very long.
    HeavyTailed,
    /// Three groups, the largest nearly as long as all work spread over the slots.
    Groups,
    /// Stages in which tasks depend on some of the stage before.
    Dependencies,
    /// Two resources that many share and a few need for themselves.
    Shared,
    /// Two resources of which tasks need one or several units.
    Counted,
    /// Tasks that take several slots, some of them all.
    Weights,
    /// Serial tasks, of which some have dependencies and dependents.
    Serial,
    /// All of these, but no task needs resources or slots for more than one reason.
    Mixed,
    /// All of these at once, so that a task may need a group and four resources.
    Dense,
}

impl Family {
    /// All families.
    pub const ALL: [Self; 9] = [
        Self::HeavyTailed,
        Self::Groups,
        Self::Dependencies,
        Self::Shared,
        Self::Counted,
        Self::Weights,
        Self::Serial,
        Self::Mixed,
        Self::Dense,
    ];

    /// What a table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::HeavyTailed => "heavy-tailed",
            Self::Groups => "groups",
            Self::Dependencies => "dependencies",
            Self::Shared => "shared/exclusive",
            Self::Counted => "counted",
            Self::Weights => "weights",
            Self::Serial => "serial",
            Self::Mixed => "mixed",
            Self::Dense => "dense",
        }
    }
}

/// What is known of durations before a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// All of them, exactly.
    Perfect,
    /// All of them, off by a lognormal factor of σ 0.4.
    Noisy,
    /// Nothing.
    Unknown,
}

/// Tasks and how long they will take.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Slots to run them on.
    pub slots: u32,
    /// Resources that they need.
    pub resources: Vec<Resource>,
    /// What each takes, in plan order.
    pub constraints: Vec<Constraints>,
    /// What each depends on.
    pub after: Vec<Vec<TaskId>>,
    /// How long each takes.
    pub durations: Vec<Duration>,
}

impl Workload {
    /// A workload of about `size` tasks.
    pub fn new(family: Family, slots: u32, size: usize, random: &mut Random) -> Self {
        let sigma = if family == Family::HeavyTailed {
            1.5
        } else {
            1.0
        };
        let durations = (0..size)
            .map(|_| Duration::from_secs_f64(random.lognormal(sigma)))
            .collect();
        let mut workload = Self {
            slots,
            resources: Vec::new(),
            constraints: vec![Constraints::default(); size],
            after: vec![Vec::new(); size],
            durations,
        };
        let kinds: Vec<u32> = match family {
            Family::Mixed => (0..size).map(|_| random.between(0, 5)).collect(),
            _ => Vec::new(),
        };
        // Which tasks may get the constraints of a family.
        let chosen = |kind: Family| -> Vec<bool> {
            let of = |task: usize| match family {
                Family::Mixed => kinds[task] == kind as u32,
                _ => true,
            };
            (0..size).map(of).collect()
        };
        let all = [Family::Mixed, Family::Dense].contains(&family);
        if all || family == Family::Groups {
            workload.add_groups(&chosen(Family::Groups), random);
        }
        if all || family == Family::Shared {
            workload.add_shared(&chosen(Family::Shared), random);
        }
        if all || family == Family::Counted {
            workload.add_counted(&chosen(Family::Counted), random);
        }
        if all || family == Family::Weights {
            workload.add_weights(&chosen(Family::Weights), random);
        }
        if all || family == Family::Dependencies {
            workload.add_stages(random);
        }
        if all || family == Family::Serial {
            workload.add_serial(random);
        }
        workload
    }

    /// The tasks as a scheduler sees them that knows this of their durations.
    pub fn tasks(&self, history: History, random: &mut Random) -> Vec<Task> {
        let tasks = self
            .constraints
            .iter()
            .zip(&self.after)
            .zip(&self.durations);
        let tasks = tasks.map(|((constraints, after), duration)| Task {
            constraints: constraints.clone(),
            after: after.clone(),
            expected: match history {
                History::Perfect => Some(*duration),
                History::Noisy => Some(duration.mul_f64(random.lognormal(0.4))),
                History::Unknown => None,
            },
        });
        tasks.collect()
    }

    fn add_resource(&mut self, name: &str, capacity: u32, is_group: bool) -> ResourceId {
        self.resources.push(Resource {
            name: Arc::from(name),
            capacity,
            is_group,
        });
        ResourceId(self.resources.len() - 1)
    }

    fn spread(&self) -> Duration {
        self.durations.iter().sum::<Duration>() / self.slots
    }

    /// Groups of random members; the longest is 0.96 of the work spread over the slots.
    fn add_groups(&mut self, chosen: &[bool], random: &mut Random) {
        for (name, share) in [("large", 0.96), ("middle", 0.5), ("small", 0.25)] {
            let group = self.add_resource(name, 1, true);
            let mut left = self.spread().mul_f64(share);
            let at = random.between(0, self.durations.len() as u32) as usize;
            for task in 0..self.durations.len() {
                let task = (task * 7 + at) % self.durations.len();
                let needs = &mut self.constraints[task].needs;
                if chosen[task] && needs.is_empty() && self.durations[task] <= left {
                    left -= self.durations[task];
                    needs.push((group, Need::Exclusive));
                }
            }
        }
    }

    /// Readers in number, and writers for up to half of the time.
    fn add_shared(&mut self, chosen: &[bool], random: &mut Random) {
        for name in ["cache", "schema"] {
            let resource = self.add_resource(name, 1, false);
            let mut writing = self.spread().mul_f64(0.1 + 0.4 * random.unit());
            for (task, chosen) in chosen.iter().enumerate() {
                if !chosen || random.chance(0.7) {
                    continue;
                }
                let duration = self.durations[task];
                let need = if random.chance(0.2) && duration <= writing {
                    writing -= duration;
                    Need::Exclusive
                } else {
                    Need::Shared
                };
                self.constraints[task].needs.push((resource, need));
            }
        }
    }

    /// Resources of several units that are used for up to 0.9 of the time.
    fn add_counted(&mut self, chosen: &[bool], random: &mut Random) {
        for name in ["ports", "databases"] {
            let capacity = random.between(2, 6);
            let resource = self.add_resource(name, capacity, false);
            let share = 0.4 + 0.5 * random.unit();
            let mut left = self.spread().mul_f64(share) * capacity;
            for (task, &chosen) in chosen.iter().enumerate() {
                let amount = random.between(1, 2).min(random.between(1, capacity));
                let fits = chosen && self.durations[task] * amount <= left;
                if fits && random.chance(0.5) {
                    left -= self.durations[task] * amount;
                    let need = Need::Amount(amount);
                    self.constraints[task].needs.push((resource, need));
                }
            }
        }
    }

    fn add_weights(&mut self, chosen: &[bool], random: &mut Random) {
        let slots = self.slots;
        for (constraints, chosen) in self.constraints.iter_mut().zip(chosen) {
            if !chosen {
                continue;
            }
            if random.chance(0.02) {
                constraints.weight = slots;
            } else if random.chance(0.2) {
                constraints.weight = random.between(1, slots.div_ceil(2)).max(2);
            }
        }
    }

    fn add_stages(&mut self, random: &mut Random) {
        let size = self.durations.len();
        let stages = random.between(2, 6) as usize;
        let stage = |at: usize| at * size / stages;
        for at in 1..stages {
            for task in stage(at)..stage(at + 1) {
                for _ in 0..random.between(0, 3) {
                    let before = random.between(stage(at - 1) as u32, stage(at) as u32 - 1);
                    self.after[task].push(TaskId(before as usize));
                }
            }
        }
    }

    /// A few serial tasks anywhere; some depend on a task before, some have dependents.
    fn add_serial(&mut self, random: &mut Random) {
        let size = self.durations.len() as u32;
        for _ in 0..random.between(2, 6) {
            let task = random.between(1, size - 2);
            self.constraints[task as usize].serial = true;
            if random.chance(0.3) {
                let before = random.between(0, task - 1) as usize;
                self.after[task as usize].push(TaskId(before));
            }
            if random.chance(0.5) {
                for _ in 0..random.between(1, 10) {
                    let dependent = random.between(task + 1, size - 1) as usize;
                    self.after[dependent].push(TaskId(task as usize));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::{MeasuredWork, lower_bound};
    use crate::schedule::simulate::simulate;

    /// The limit of a workload divided by the makespan of a run.
    fn efficiency(workload: &Workload, tasks: Vec<Task>) -> f64 {
        let work: Vec<MeasuredWork> = tasks
            .iter()
            .zip(&workload.durations)
            .map(|(task, &duration)| MeasuredWork {
                name: "task".into(),
                constraints: task.constraints.clone(),
                after: task.after.iter().map(|id| id.0).collect(),
                duration,
            })
            .collect();
        let Workload {
            slots,
            resources,
            durations,
            ..
        } = workload;
        let limit = lower_bound(*slots, resources, &work).unwrap().duration;
        let run = simulate(*slots, resources, tasks, durations, |_| true);
        assert_eq!(run.attempts.len(), durations.len());
        assert!(
            limit <= run.makespan,
            "limit {limit:?}, but {:?}",
            run.makespan
        );
        limit.as_secs_f64() / run.makespan.as_secs_f64()
    }

    /// Mean efficiencies over random workloads of all families, by family.
    fn means(history: History, workloads: usize) -> Vec<f64> {
        let mut random = Random::new(1);
        let mean = |family: &Family| {
            let count = workloads / Family::ALL.len();
            let sum: f64 = (0..count)
                .map(|at| {
                    let slots = [2, 8, 32][at % 3];
                    let size = random.between(200, 600) as usize;
                    let workload = Workload::new(*family, slots, size, &mut random);
                    let tasks = workload.tasks(history, &mut random);
                    efficiency(&workload, tasks)
                })
                .sum();
            sum / count as f64
        };
        Family::ALL.iter().map(mean).collect()
    }

    #[test]
    fn a_thousand_workloads_run_at_97_percent_of_the_limit() {
        let means = means(History::Perfect, 1008);
        let mean = means.iter().sum::<f64>() / means.len() as f64;
        assert!(mean >= 0.97, "{mean:.4}: {means:.4?}");
    }

    #[test]
    fn a_history_that_is_off_by_half_costs_little() {
        let means = means(History::Noisy, 252);
        let mean = means.iter().sum::<f64>() / means.len() as f64;
        assert!(mean >= 0.95, "{mean:.4}: {means:.4?}");
    }

    #[test]
    fn the_same_seed_makes_the_same_workload() {
        let workload = || Workload::new(Family::Dense, 8, 100, &mut Random::new(7));
        let (one, other) = (workload(), workload());
        assert_eq!(one.durations, other.durations);
        assert_eq!(one.constraints, other.constraints);
        assert_eq!(one.after, other.after);
        assert_ne!(
            one.durations,
            Workload::new(Family::Dense, 8, 100, &mut Random::new(8)).durations
        );
    }
}
