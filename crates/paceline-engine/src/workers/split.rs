//! Shares the rest of a unit with a worker that has nothing to do.

use std::collections::HashSet;
use std::time::Duration;

use paceline_protocol::{TakeBack, ToWorker};

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
            || !self.host.state.has_workers()
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
        if !is_idle && usable >= self.most as usize {
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

    /// The tests that another worker could take from the one that runs this part of a unit.
    fn second_half(&self, unit: usize, waiting: &[u32]) -> Vec<u32> {
        let tests = (0..).zip(self.units[unit].tests()).map(|(index, test)| {
            let is_waiting = waiting.binary_search(&index).is_ok();
            Share {
                index,
                group: test.description.group.as_deref(),
                expected: is_waiting.then(|| self.expected_of(unit, &[index])),
            }
        });
        later_half(&tests.collect::<Vec<_>>())
    }
}

/// A test of a unit that may be shared.
#[derive(Clone, Copy, Debug)]
struct Share<'a> {
    index: u32,
    group: Option<&'a str>,
    /// What it is expected to take, if it waits; `None` where it has been started.
    expected: Option<Duration>,
}

/// The later of the tests that wait and are expected to take half of the time, without tearing apart
/// what has to stay together: a group of which a test stays, stays, as its worker may be in it.
fn later_half(tests: &[Share<'_>]) -> Vec<u32> {
    let waiting: Vec<(&Share<'_>, Duration)> = tests
        .iter()
        .filter_map(|test| Some((test, test.expected?)))
        .collect();
    let half = waiting
        .iter()
        .map(|(_, expected)| *expected)
        .sum::<Duration>()
        / 2;
    let mut kept = Duration::ZERO;
    let first = waiting.iter().find(|(_, expected)| {
        let goes = kept >= half;
        kept += *expected;
        goes
    });
    let Some((first, _)) = first else {
        return Vec::new();
    };
    let goes = |test: &Share<'_>| test.expected.is_some() && test.index >= first.index;
    let stay: HashSet<&str> = tests
        .iter()
        .filter(|test| !goes(test))
        .filter_map(|test| test.group)
        .collect();
    let given = tests
        .iter()
        .filter(|test| goes(test) && test.group.is_none_or(|group| !stay.contains(group)));
    given.map(|test| test.index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests in their order: what each is expected to take, or `None` if it has been started, and its
    /// group.
    fn halved(tests: &[(Option<u64>, &'static str)]) -> Vec<u32> {
        let shares: Vec<Share<'_>> = (0..)
            .zip(tests)
            .map(|(index, (expected, group))| Share {
                index,
                group: (!group.is_empty()).then_some(*group),
                expected: expected.map(Duration::from_millis),
            })
            .collect();
        later_half(&shares)
    }

    #[test]
    fn half_of_the_time_goes_not_half_of_the_tests() {
        let one = (Some(1), "");
        assert_eq!(halved(&[one; 4]), [2, 3]);
        assert_eq!(halved(&[(Some(3), ""), one, one, one]), [1, 2, 3]);
        assert_eq!(halved(&[one, one, one, (Some(9), "")]), [] as [u32; 0]);
        assert_eq!(halved(&[(None, ""), (None, ""), one, one]), [3]);
    }

    #[test]
    fn nothing_goes_where_nothing_or_one_test_waits() {
        assert_eq!(halved(&[]), [] as [u32; 0]);
        assert_eq!(halved(&[(None, "a"), (Some(5), "a")]), [] as [u32; 0]);
    }

    #[test]
    fn a_group_goes_as_a_whole_or_not_at_all() {
        let of = |group| (Some(1), group);
        assert_eq!(halved(&[of("a"), of("a"), of("b"), of("b")]), [2, 3]);
        // The cut is within `a`, which has begun: it stays, and what is behind it goes.
        assert_eq!(
            halved(&[(None, "a"), of("a"), of("a"), of("b"), of("")]),
            [3, 4]
        );
        assert_eq!(
            halved(&[of("a"), of("a"), of("a"), of("a")]),
            [] as [u32; 0]
        );
    }
}
