//! What there is to take: slots and resources, and who may take them together.

use crate::plan::{Constraints, Need, Resource};

/// How a task holds a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Hold {
    /// This many units, between 1 and the capacity.
    Units(u32),
    /// Beside others that share it.
    Shared,
}

/// Constraints in the one form that equal constraints have: clipped to what there is, sorted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Profile {
    pub(crate) weight: u32,
    pub(crate) holds: Vec<(usize, Hold)>,
    pub(crate) serial: bool,
}

impl Profile {
    pub(crate) fn new(constraints: &Constraints, slots: u32, capacities: &[u32]) -> Self {
        if constraints.serial {
            // Alone on all slots, it holds every resource anyway.
            return Self {
                weight: slots,
                holds: Vec::new(),
                serial: true,
            };
        }
        let mut holds: Vec<(usize, Hold)> = Vec::with_capacity(constraints.needs.len());
        for &(resource, need) in &constraints.needs {
            let capacity = capacities[resource.0];
            let hold = match need {
                Need::Amount(0) => continue,
                Need::Amount(amount) => Hold::Units(amount.min(capacity)),
                Need::Exclusive => Hold::Units(capacity),
                Need::Shared => Hold::Shared,
            };
            holds.push((resource.0, hold));
        }
        holds.sort_unstable_by_key(|&(resource, _)| resource);
        Self {
            weight: constraints.weight.clamp(1, slots),
            holds,
            serial: false,
        }
    }
}

#[derive(Clone, Debug)]
struct Held {
    capacity: u32,
    units: u32,
    sharers: u32,
    /// Counts how often it was taken.
    taken: u64,
}

impl Held {
    fn new(capacity: u32) -> Self {
        Self {
            capacity: capacity.max(1),
            units: 0,
            sharers: 0,
            taken: 0,
        }
    }

    fn admits(&self, hold: Hold) -> bool {
        match hold {
            Hold::Units(units) => self.sharers == 0 && units <= self.capacity - self.units,
            Hold::Shared => self.units == 0,
        }
    }
}

/// The slots and resources of a run, and how much of them is held.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    slots: u32,
    free: u32,
    resources: Vec<Held>,
}

impl Pool {
    pub(crate) fn new(slots: u32, resources: &[Resource]) -> Self {
        Self {
            slots,
            free: slots,
            resources: resources
                .iter()
                .map(|resource| Held::new(resource.capacity))
                .collect(),
        }
    }

    pub(crate) fn add_resource(&mut self, capacity: u32) -> usize {
        self.resources.push(Held::new(capacity));
        self.resources.len() - 1
    }

    pub(crate) fn profile(&self, constraints: &Constraints) -> Profile {
        let capacities: Vec<u32> = self.resources.iter().map(|r| r.capacity).collect();
        Profile::new(constraints, self.slots, &capacities)
    }

    pub(crate) fn free(&self) -> u32 {
        self.free
    }

    /// The first resource that is not there for `profile`.
    pub(crate) fn lacks(&self, profile: &Profile) -> Option<usize> {
        let missing = |&&(resource, hold): &&(usize, Hold)| !self.resources[resource].admits(hold);
        profile.holds.iter().find(missing).map(|&(r, _)| r)
    }

    pub(crate) fn fits(&self, profile: &Profile) -> bool {
        profile.weight <= self.free && self.lacks(profile).is_none()
    }

    /// Whether `reserved` could take its resources as soon with `candidate` running as without.
    pub(crate) fn leaves_resources(&self, candidate: &Profile, reserved: &Profile) -> bool {
        candidate.holds.iter().all(|&(resource, taken)| {
            let wanted = reserved.holds.iter().find(|(r, _)| *r == resource);
            match (wanted, taken) {
                (None, _) | (Some((_, Hold::Shared)), Hold::Shared) => true,
                (Some((_, Hold::Units(wanted))), Hold::Units(taken)) => {
                    let held = &self.resources[resource];
                    held.admits(Hold::Units(wanted.saturating_add(taken)))
                }
                _ => false,
            }
        })
    }

    /// How often the resources of `profile` have been taken, together.
    pub(crate) fn taken(&self, profile: &Profile) -> u64 {
        let taken = profile.holds.iter().map(|&(r, _)| self.resources[r].taken);
        taken.sum()
    }

    pub(crate) fn take(&mut self, profile: &Profile) {
        debug_assert!(self.fits(profile), "taking what is not there");
        self.free -= profile.weight;
        for &(resource, hold) in &profile.holds {
            let held = &mut self.resources[resource];
            held.taken += 1;
            match hold {
                Hold::Units(units) => held.units += units,
                Hold::Shared => held.sharers += 1,
            }
        }
    }

    pub(crate) fn release(&mut self, profile: &Profile) {
        self.free += profile.weight;
        for &(resource, hold) in &profile.holds {
            let held = &mut self.resources[resource];
            match hold {
                Hold::Units(units) => held.units -= units,
                Hold::Shared => held.sharers -= 1,
            }
        }
    }
}
