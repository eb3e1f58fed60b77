//! The computation of the limit.
//!
//! Each term holds for every schedule that runs work of these durations under its constraints,
//! however clever. The terms:
//!
//! - Serial work runs beside nothing, so all of it is added to the bound for the rest.
//! - *Work*: slots × time of all, divided by the slots.
//! - *Longest* and *chain*.
//! - *Lanes*: of those that take more than P/(k+1) of P slots at most k run at once, so they need
//!   their sum divided by k. And as one of k lanes runs i+1 of the ik+1 longest, they need the sum
//!   of the i+1 shortest among these. The same holds for units of a resource.
//! - *Resource*: those that need all of it, those that need some units and those that share it run
//!   at different times, so the bounds for each of the three add up. Those that share it may all
//!   run at once, as far as the slots go.
//!
//! Sums also hold with what must run before and after: for any set of work, the shortest chain
//! before one of it, the bound of the set, and the shortest chain after one of it.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use crate::plan::{Constraints, Resource};
use crate::schedule::pool::{Hold, Profile};

use super::{Limit, LimitTerm};

/// Work that was done without interruption, and under which constraints: an attempt.
///
/// A suite that was retried is one for each attempt, each after the one before. As one with the sum
/// of their durations it would count as something that nobody could have interrupted.
#[derive(Clone, Debug)]
pub struct MeasuredWork {
    /// The suite's name.
    pub name: Arc<str>,
    /// What it took while it ran.
    pub constraints: Constraints,
    /// The positions of the work that had to be done before.
    pub after: Vec<usize>,
    /// How long it took, all attempts together.
    pub duration: Duration,
}

/// The least time in which `work` can be done with these slots and resources; `None` if there is
/// none.
///
/// # Panics
/// If `after` names work, or `constraints` a resource, that is not there.
pub fn lower_bound(slots: u32, resources: &[Resource], work: &[MeasuredWork]) -> Option<Limit> {
    let slots = slots.max(1);
    let items = Items::new(slots, resources, work)?;
    let mut best = Best::default();

    let longest = (0..work.len()).max_by_key(|&i| (items.time[i], Reverse(i)))?;
    best.offer(items.time[longest], || LimitTerm::Longest {
        suite: work[longest].name.clone(),
    });
    let all: Vec<Part> = items.parts(|profile| Some(profile.weight));
    best.offer(windows(&all, slots), || LimitTerm::Work);
    // Before the resources, whose bounds include the chain to what needs them: of equal ones, the
    // chain is the reason.
    let end = (0..work.len()).max_by_key(|&i| (items.head[i] + items.time[i], Reverse(i)))?;
    best.offer(items.head[end] + items.time[end], || {
        let mut suites = items.chain_to(end, work);
        // The attempts of one suite.
        suites.dedup();
        match suites.as_slice() {
            [suite] => LimitTerm::Longest {
                suite: suite.clone(),
            },
            _ => LimitTerm::Chain { suites },
        }
    });
    for (id, resource) in resources.iter().enumerate() {
        best.offer(items.resource(id, resource.capacity.max(1)), || {
            let name = resource.name.clone();
            if resource.is_group {
                LimitTerm::Group { group: name }
            } else {
                LimitTerm::Resource { resource: name }
            }
        });
    }
    best.offer(lanes(&all, slots), || LimitTerm::Sizes);

    let (rest, due_to) = best.0?;
    let serial = items.serial;
    // With much serial work, that is what to tell; with little, what holds up the rest.
    let is_serial = serial > 0 && (serial >= rest || due_to == LimitTerm::Work);
    let longest_serial = work
        .iter()
        .max_by_key(|w| w.duration)
        .filter(|w| w.constraints.serial && w.duration.as_nanos() == rest + serial);
    let due_to = match longest_serial {
        Some(alone) => LimitTerm::Longest {
            suite: alone.name.clone(),
        },
        None if is_serial => LimitTerm::Serial,
        None => due_to,
    };
    Some(Limit {
        duration: duration(rest + serial),
        due_to,
    })
}

/// The largest term so far, and of equal ones the first.
#[derive(Default)]
struct Best(Option<(u128, LimitTerm)>);

impl Best {
    fn offer(&mut self, nanos: u128, term: impl FnOnce() -> LimitTerm) {
        if self.0.as_ref().is_none_or(|(most, _)| nanos > *most) {
            self.0 = Some((nanos, term()));
        }
    }
}

/// What work takes of something that has a capacity.
#[derive(Clone, Copy, Debug)]
struct Part {
    units: u32,
    time: u128,
    /// The longest chain that must be over before.
    head: u128,
    /// The longest chain that must follow.
    tail: u128,
}

/// Work on the time line from which the serial work is cut out.
struct Items {
    slots: u32,
    profiles: Vec<Profile>,
    /// Nanoseconds; 0 for serial work.
    time: Vec<u128>,
    head: Vec<u128>,
    tail: Vec<u128>,
    /// What each head is due to.
    before: Vec<Option<usize>>,
    /// Nanoseconds of all serial work.
    serial: u128,
}

impl Items {
    fn new(slots: u32, resources: &[Resource], work: &[MeasuredWork]) -> Option<Self> {
        if work.is_empty() {
            return None;
        }
        let capacities: Vec<u32> = resources.iter().map(|r| r.capacity.max(1)).collect();
        let profile = |w: &MeasuredWork| Profile::new(&w.constraints, slots, &capacities);
        let profiles: Vec<Profile> = work.iter().map(profile).collect();
        let nanos = |serial: bool| {
            let of = move |(w, p): (&MeasuredWork, &Profile)| {
                if p.serial == serial {
                    w.duration.as_nanos()
                } else {
                    0
                }
            };
            work.iter().zip(&profiles).map(of)
        };
        let serial = nanos(true).sum();
        let time: Vec<u128> = nanos(false).collect();

        let mut head = vec![0; work.len()];
        let mut tail = vec![0; work.len()];
        let mut before = vec![None; work.len()];
        let order = topological(work);
        for &item in &order {
            for &above in &work[item].after {
                let end = head[above] + time[above];
                if before[item].is_none() || end > head[item] {
                    head[item] = end;
                    before[item] = Some(above);
                }
            }
        }
        for &item in order.iter().rev() {
            for &above in &work[item].after {
                tail[above] = tail[above].max(tail[item] + time[item]);
            }
        }
        Some(Self {
            slots,
            profiles,
            time,
            head,
            tail,
            before,
            serial,
        })
    }

    /// What those take that are not serial.
    fn parts(&self, units: impl Fn(&Profile) -> Option<u32>) -> Vec<Part> {
        let of = |(item, profile): (usize, &Profile)| {
            Some(Part {
                units: units(profile).filter(|_| !profile.serial)?,
                time: self.time[item],
                head: self.head[item],
                tail: self.tail[item],
            })
        };
        self.profiles.iter().enumerate().filter_map(of).collect()
    }

    fn resource(&self, id: usize, capacity: u32) -> u128 {
        let hold = |profile: &Profile| profile.holds.iter().find(|h| h.0 == id).map(|h| h.1);
        let units = |profile: &Profile| match hold(profile)? {
            Hold::Units(units) => Some(units),
            Hold::Shared => None,
        };
        let some = |profile: &Profile| units(profile).filter(|&units| units < capacity);
        let shares = |profile: &Profile| hold(profile) == Some(Hold::Shared);

        let all = self.parts(units);
        let exclusive: u128 = all
            .iter()
            .filter(|p| p.units == capacity)
            .map(|p| p.time)
            .sum();
        // The slots bound those that run in each phase, too. What comes before and after is added
        // once, at the end.
        let counted = bare(self.parts(some));
        let counted_slots = bare(self.parts(|p| some(p).map(|_| p.weight)));
        let shared_slots = bare(self.parts(|p| shares(p).then_some(p.weight)));
        let phases = exclusive
            + densest(&counted, capacity).max(densest(&counted_slots, self.slots))
            + densest(&shared_slots, self.slots);
        let ends = self.parts(|p| hold(p).map(|_| 1));
        let around = min(&ends, |p| p.head) + min(&ends, |p| p.tail);
        (phases + around)
            .max(windows(&all, capacity))
            .max(lanes(&all, capacity))
    }

    /// The chain of which `end` is the end.
    fn chain_to(&self, end: usize, work: &[MeasuredWork]) -> Vec<Arc<str>> {
        let chain = std::iter::successors(Some(end), |&item| self.before[item]);
        let mut names: Vec<Arc<str>> = chain.map(|item| work[item].name.clone()).collect();
        names.reverse();
        names
    }
}

/// Parts without what must run before and after.
fn bare(mut parts: Vec<Part>) -> Vec<Part> {
    for part in &mut parts {
        part.head = 0;
        part.tail = 0;
    }
    parts
}

/// The least time for these parts of a capacity.
fn densest(parts: &[Part], capacity: u32) -> u128 {
    let longest = parts.iter().map(|p| p.time).max().unwrap_or(0);
    longest
        .max(windows(parts, capacity))
        .max(lanes(parts, capacity))
}

fn min(parts: &[Part], of: impl Fn(&Part) -> u128) -> u128 {
    parts.iter().map(of).min().unwrap_or(0)
}

/// Units × time, divided by the capacity, of those with the longest chains before them, or after
/// them, and these chains.
fn windows(parts: &[Part], capacity: u32) -> u128 {
    let window = |far: fn(&Part) -> u128, near: fn(&Part) -> u128| {
        let mut parts: Vec<&Part> = parts.iter().collect();
        parts.sort_unstable_by_key(|part| Reverse(far(part)));
        let mut work = 0;
        let mut nearest = u128::MAX;
        let bounds = parts.into_iter().map(|part| {
            work += part.time * u128::from(part.units);
            nearest = nearest.min(near(part));
            far(part) + work / u128::from(capacity) + nearest
        });
        bounds.max().unwrap_or(0)
    };
    window(|p| p.head, |p| p.tail).max(window(|p| p.tail, |p| p.head))
}

/// The bounds from at most k parts at once, for all k.
fn lanes(parts: &[Part], capacity: u32) -> u128 {
    let mut units: Vec<u32> = parts.iter().map(|p| p.units).collect();
    units.sort_unstable();
    units.dedup();
    let mut counts: Vec<u32> = units.iter().map(|units| capacity / units).collect();
    counts.dedup();
    let bound = |lanes: u32| {
        let wide = parts
            .iter()
            .filter(|p| capacity / p.units <= lanes)
            .copied();
        let single: Vec<Part> = wide.map(|part| Part { units: 1, ..part }).collect();
        let mut times: Vec<u128> = single.iter().map(|p| p.time).collect();
        times.sort_unstable_by_key(|&time| Reverse(time));
        windows(&single, lanes).max(sizes(&times, lanes as usize))
    };
    counts.into_iter().map(bound).max().unwrap_or(0)
}

/// The most that one lane must take of the longest: the sum of the i+1 shortest of the ik+1 longest.
fn sizes(longest_first: &[u128], lanes: usize) -> u128 {
    let mut sums = Vec::with_capacity(longest_first.len() + 1);
    sums.push(0);
    for time in longest_first {
        sums.push(sums[sums.len() - 1] + time);
    }
    let rounds = 1..=longest_first.len().saturating_sub(1) / lanes;
    let bounds = rounds.map(|i| sums[i * lanes + 1] - sums[i * lanes - i]);
    bounds.max().unwrap_or(0)
}

/// All work, each after what had to be done before.
fn topological(work: &[MeasuredWork]) -> Vec<usize> {
    let mut dependents = vec![Vec::new(); work.len()];
    for (item, w) in work.iter().enumerate() {
        for &above in &w.after {
            dependents[above].push(item);
        }
    }
    let mut missing: Vec<usize> = work.iter().map(|w| w.after.len()).collect();
    let mut order: Vec<usize> = (0..work.len()).filter(|&i| missing[i] == 0).collect();
    let mut next = 0;
    while let Some(&item) = order.get(next) {
        next += 1;
        for &dependent in &dependents[item] {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                order.push(dependent);
            }
        }
    }
    order
}

fn duration(nanos: u128) -> Duration {
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
    Duration::new(seconds, (nanos % 1_000_000_000) as u32)
}
