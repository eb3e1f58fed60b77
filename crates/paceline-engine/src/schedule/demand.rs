//! How much of each resource the tasks that have not started will take.

use super::forecast::clip;
use super::pool::{Hold, Profile};

/// Tasks of which at most this many fit beside each other are counted like a resource.
const LANES: u32 = 3;

#[derive(Clone, Debug, Default)]
struct Resource {
    capacity: u32,
    /// Units × nanoseconds.
    units: u128,
    /// Slots × nanoseconds of those that share it.
    shared: u128,
    /// The longest that ever shared it.
    longest_shared: u64,
}

/// The work that is left to start, by resource.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    slots: u32,
    resources: Vec<Resource>,
    /// Nanoseconds of the tasks of which at most 1, 2, … run beside each other.
    lanes: [u128; LANES as usize],
}

impl Demand {
    pub(crate) fn new(slots: u32, capacities: &[u32]) -> Self {
        let resource = |&capacity| Resource {
            capacity,
            ..Resource::default()
        };
        Self {
            slots,
            resources: capacities.iter().map(resource).collect(),
            lanes: [0; LANES as usize],
        }
    }

    pub(crate) fn add_resource(&mut self, capacity: u32) {
        self.resources.push(Resource {
            capacity,
            ..Resource::default()
        });
    }

    pub(crate) fn add(&mut self, profile: &Profile, nanos: u64) {
        self.change(profile, nanos, |total, work| *total += work);
    }

    pub(crate) fn remove(&mut self, profile: &Profile, nanos: u64) {
        self.change(profile, nanos, |total, work| *total -= work);
    }

    fn change(&mut self, profile: &Profile, nanos: u64, change: impl Fn(&mut u128, u128)) {
        let time = u128::from(nanos);
        for &(resource, hold) in &profile.holds {
            let resource = &mut self.resources[resource];
            match hold {
                Hold::Units(units) => change(&mut resource.units, time * u128::from(units)),
                Hold::Shared => {
                    change(&mut resource.shared, time * u128::from(profile.weight));
                    resource.longest_shared = resource.longest_shared.max(nanos);
                }
            }
        }
        for lane in lanes(profile, self.slots) {
            change(&mut self.lanes[lane as usize - 1], time);
        }
    }

    /// The least time in nanoseconds until everything that competes with `profile` has run.
    pub(crate) fn pressure(&self, profile: &Profile) -> u64 {
        let mut most = 0;
        for &(resource, hold) in &profile.holds {
            // Those that share it wait for nobody but the others, and fill slots well at the end.
            if let Hold::Units(_) = hold {
                let resource = &self.resources[resource];
                let mut time = resource.units / u128::from(resource.capacity);
                if resource.shared > 0 {
                    let spread = resource.shared / u128::from(self.slots);
                    time += spread.max(u128::from(resource.longest_shared));
                }
                most = most.max(time);
            }
        }
        for lane in lanes(profile, self.slots) {
            most = most.max(self.lanes[lane as usize - 1] / u128::from(lane));
        }
        clip(most)
    }
}

/// The numbers of tasks of this weight that do not fit beside one more.
fn lanes(profile: &Profile, slots: u32) -> impl Iterator<Item = u32> + use<> {
    let weight = u64::from(profile.weight);
    let wide = weight > 1 && !profile.serial;
    (1..=LANES).filter(move |&lane| wide && weight * u64::from(lane + 1) > u64::from(slots))
}
