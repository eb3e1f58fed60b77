//! What is kept for tasks that were passed over too often.

use std::collections::VecDeque;

use super::demand::Demand;
use super::pool::{Pool, Profile};
use super::ready::Ready;

/// After how many starts of others what a task needs is kept for it. Keeping slots or resources
/// free costs time, so it is meant against starvation and not as a policy.
pub const PATIENCE: u64 = 512;

/// The queues that are owed something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reservations {
    /// Queues of wide tasks that were passed over: class, its starts and all starts by then.
    wide: VecDeque<(usize, u64, u64)>,
    /// Queues that were passed over often enough, with their starts by then.
    overdue: VecDeque<(usize, u64)>,
    /// With how many starts the next of them may get a reservation.
    next: u64,
    /// Those that have one, the oldest first.
    classes: Vec<usize>,
}

impl Reservations {
    pub(crate) fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Has a queue get what it needs as soon as it can be had.
    pub(crate) fn add(&mut self, class: usize) {
        if !self.classes.contains(&class) {
            self.classes.push(class);
        }
    }

    /// Counts that a queue could not start while others may.
    pub(crate) fn pass_over(&mut self, class: usize, started: u64, pool: &Pool, ready: &mut Ready) {
        let taken = pool.taken(ready.profile(class));
        match ready.passed_over_since(class) {
            None => {
                ready.pass_over(class, taken);
                if ready.profile(class).weight > 1 {
                    self.wide.push_back((class, ready.starts(class), started));
                }
            }
            Some(since) if taken - since >= PATIENCE => self.overdue(class, ready),
            Some(_) => {}
        }
    }

    fn overdue(&mut self, class: usize, ready: &mut Ready) {
        if ready.make_overdue(class) {
            self.overdue.push_back((class, ready.starts(class)));
        }
    }

    /// Gives the next overdue queue a reservation, if it is time for one.
    pub(crate) fn grant(&mut self, started: u64, ready: &mut Ready) {
        while let Some(&(class, starts, since)) = self.wide.front() {
            let is_current = ready.starts(class) == starts;
            if is_current && started - since < PATIENCE {
                break;
            }
            self.wide.pop_front();
            if is_current {
                self.overdue(class, ready);
            }
        }
        while let Some(&(class, starts)) = self.overdue.front() {
            let is_current = ready.starts(class) == starts;
            if is_current && started < self.next {
                break;
            }
            self.overdue.pop_front();
            if is_current {
                self.add(class);
                self.next = started + PATIENCE;
            }
        }
    }

    /// Takes the first task that something is reserved for and that can start.
    pub(crate) fn pick(
        &mut self,
        pool: &Pool,
        ready: &mut Ready,
        demand: &Demand,
    ) -> Option<usize> {
        let mut at = 0;
        while let Some(&class) = self.classes.get(at) {
            let is_empty = ready.first(class).is_none();
            let profile = ready.profile(class);
            let can = pool.fits(profile) && permit(&self.classes[..at], profile, pool, ready);
            if is_empty || can {
                self.classes.remove(at);
                ready.reservations_changed(demand);
            } else {
                at += 1;
            }
            if can && !is_empty {
                let task = ready.pop(class, demand);
                if ready.first_is_promoted(class) {
                    self.classes.push(class);
                }
                return task;
            }
        }
        None
    }

    /// Whether a task that fits may start in spite of all reservations.
    pub(crate) fn permit(&self, candidate: &Profile, pool: &Pool, ready: &Ready) -> bool {
        permit(&self.classes, candidate, pool, ready)
    }

    /// Whether a task of this class that fits may start in spite of older reservations than its own.
    pub(crate) fn permit_class(
        &self,
        class: usize,
        candidate: &Profile,
        pool: &Pool,
        ready: &Ready,
    ) -> bool {
        let own = self.classes.iter().position(|&c| c == class);
        let older = &self.classes[..own.unwrap_or(self.classes.len())];
        permit(older, candidate, pool, ready)
    }
}

fn permit(reserved: &[usize], candidate: &Profile, pool: &Pool, ready: &Ready) -> bool {
    !drains(reserved, pool, ready) && leaves_resources(reserved, candidate, pool, ready)
}

fn leaves_resources(reserved: &[usize], candidate: &Profile, pool: &Pool, ready: &Ready) -> bool {
    let mut profiles = reserved.iter().map(|&class| ready.profile(class));
    profiles.all(|profile| pool.leaves_resources(candidate, profile))
}

/// Whether slots are kept free. They are only once one of the reservations lacks nothing else, so
/// that no slot idles for a lock.
fn drains(reserved: &[usize], pool: &Pool, ready: &Ready) -> bool {
    reserved.iter().enumerate().any(|(at, &class)| {
        let profile = ready.profile(class);
        profile.weight > pool.free()
            && pool.lacks(profile).is_none()
            && leaves_resources(&reserved[..at], profile, pool, ready)
    })
}
