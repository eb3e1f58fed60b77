//! Shares the rest of a unit with a worker that has nothing to do.

use std::time::Duration;

use paceline_protocol::{TakeBack, ToWorker};

use super::host::HostState;
use super::suite::FrameworkSuite;
use crate::run::Core;

/// What a new worker costs: a fork, and the greeting.
const FORK_COST: Duration = Duration::from_millis(10);
/// What a worker costs that boots by itself.
const SPAWN_COST: Duration = Duration::from_millis(300);
/// What it costs to hand over in any case.
const HAND_OVER_COST: Duration = Duration::from_millis(2);

impl<'env> FrameworkSuite<'env> {
    /// Where slots are free and nothing waits for them, asks the worker with the most left to do to
    /// give half of it back, if that pays: with the set-up cost `c` of another worker and the rest
    /// `r` of the unit, if `c + r/2 < r`.
    pub(super) fn split_where_it_pays(&mut self, core: &mut Core<'_, '_, 'env>) {
        if core.scheduler.free_slots() == 0
            || self.host.state != HostState::Serving
            || self.ended_early.is_some()
            || core.stopping.is_some()
            || self.suite.constraints.serial
            || self.workers.values().any(|worker| worker.gives_back)
        {
            return;
        }
        let is_idle = self.workers.values().any(super::worker::Worker::is_idle);
        let usable = self
            .workers
            .values()
            .filter(|w| !w.is_ending && w.closed.is_none())
            .count();
        if !is_idle
            && self
                .framework
                .workers
                .is_some_and(|most| usable >= most as usize)
        {
            return;
        }
        let start_cost = match (is_idle, self.forks) {
            (true, _) => HAND_OVER_COST,
            (false, true) => FORK_COST,
            (false, false) => SPAWN_COST,
        };
        let mut best: Option<(Duration, u32, u32, Vec<u32>)> = None;
        for (number, worker) in &self.workers {
            let Some(task) = worker.queue.front().copied() else {
                continue;
            };
            let Some(part) = self.parts.get(&task) else {
                continue;
            };
            let is_fit = worker.has_begun && part.isolation.is_none() && worker.kill.is_none();
            if !is_fit || worker.link.is_none() {
                continue;
            }
            let waiting = self.units[part.unit].waiting_for(task);
            let rest = self.expected_of(part.unit, &waiting);
            let cost = start_cost + self.units[part.unit].collect_time;
            let is_best = best.as_ref().is_none_or(|(most, ..)| rest > *most);
            if rest > cost * 2 && is_best {
                let given = self.second_half(part.unit, &waiting);
                if !given.is_empty() {
                    best = Some((rest, *number, part.unit as u32, given));
                }
            }
        }
        let Some((_, number, unit, tests)) = best else {
            return;
        };
        if let Some(worker) = self.workers.get_mut(&number)
            && let Some(link) = &mut worker.link
        {
            worker.gives_back = true;
            link.send(&ToWorker::TakeBack(TakeBack {
                unit,
                tests: Some(tests),
            }));
        }
    }

    /// The later tests that are expected to take half of the time, without tearing apart what has
    /// to stay together.
    fn second_half(&self, unit: usize, waiting: &[u32]) -> Vec<u32> {
        let group = |index: u32| {
            let test = self.units[unit].test(index);
            test.and_then(|test| test.description.group.as_deref())
        };
        let half = self.expected_of(unit, waiting) / 2;
        let mut kept = Duration::ZERO;
        let mut cut = 0;
        for (place, index) in waiting.iter().enumerate() {
            if kept >= half {
                break;
            }
            kept += self.expected_of(unit, &[*index]);
            cut = place + 1;
        }
        // A group in which the worker may be already stays with it; one that is cut moves whole.
        let mut given = waiting[cut..].to_vec();
        let stays: Vec<&str> = self.units[unit]
            .tests()
            .iter()
            .zip(0..)
            .filter(|(_, index)| !given.contains(index))
            .filter_map(|(test, _)| test.description.group.as_deref())
            .collect();
        given.retain(|index| group(*index).is_none_or(|group| !stays.contains(&group)));
        given
    }
}
