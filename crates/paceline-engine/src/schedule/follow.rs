//! Tasks that are started in advance, to run in the slots of another one when that has ended.

use super::{Scheduler, State, TaskId};

impl Scheduler {
    /// The next task like `lead` (of the same constraints), if one waits and `wants` says yes to it.
    /// It counts as running, but holds nothing before `lead` has ended: then it holds the slots of
    /// `lead`, which so go to it whatever else waits. A task that follows can be followed.
    ///
    /// Nothing follows a task that holds resources or is serial, one that is followed, and while a task
    /// of other constraints is ready.
    ///
    /// # Panics
    /// If there is no such task.
    pub fn follow(&mut self, lead: TaskId, wants: impl FnOnce(TaskId) -> bool) -> Option<TaskId> {
        let entry = &self.tasks[lead.0];
        let class = entry.class;
        let profile = self.ready.profile(class);
        let is_plain = profile.weight > 0 && profile.holds.is_empty() && !profile.serial;
        if !is_plain
            || entry.state != State::Running
            || entry.next.is_some()
            || self.halted
            || self.serial.len() > 0
            || !self.reservations.is_empty()
        {
            return None;
        }
        let task = self.ready.first(class)?;
        // What others wait for, as several slots at once, could else not come together.
        if !self.ready.is_all_of(class) || !wants(TaskId(task)) {
            return None;
        }
        self.ready.pop(class, &self.demand);
        self.begin(task);
        self.tasks[lead.0].next = Some(task);
        self.tasks[task].behind = Some(lead.0);
        Some(TaskId(task))
    }

    /// A task gives its slots to what follows it; a task that holds none leaves its place. Returns
    /// whether there is nothing to release.
    pub(super) fn pass_on(&mut self, task: usize) -> bool {
        let next = self.tasks[task].next.take();
        let behind = self.tasks[task].behind.take();
        if let Some(lead) = behind {
            self.tasks[lead].next = next;
        }
        if let Some(next) = next {
            self.tasks[next].behind = behind;
        }
        behind.is_some() || next.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use crate::plan::{Constraints, Need, ResourceId};
    use crate::schedule::testing::resource;
    use crate::schedule::{Scheduler, State, Task, TaskId};

    fn weighing(weight: u32) -> Task {
        let constraints = Constraints {
            weight,
            ..Constraints::default()
        };
        Task {
            constraints,
            ..Task::default()
        }
    }

    fn started(scheduler: &mut Scheduler) -> Vec<usize> {
        std::iter::from_fn(|| scheduler.start_next().map(|task| task.0)).collect()
    }

    #[test]
    fn a_follower_holds_the_slot_of_its_lead_when_that_has_ended() {
        let mut scheduler = Scheduler::new(1, &[], vec![weighing(1); 4]);
        assert_eq!(started(&mut scheduler), [0]);
        assert_eq!(scheduler.follow(TaskId(0), |_| true), Some(TaskId(1)));
        assert_eq!(
            scheduler.follow(TaskId(0), |_| true),
            None,
            "it is followed"
        );
        assert_eq!(scheduler.follow(TaskId(1), |_| true), Some(TaskId(2)));
        assert_eq!(scheduler.running(), 3);
        scheduler.finish(TaskId(0), true);
        assert_eq!(started(&mut scheduler), [] as [usize; 0]);
        assert_eq!(scheduler.free_slots(), 0);
        scheduler.finish(TaskId(1), true);
        scheduler.finish(TaskId(2), true);
        assert_eq!(started(&mut scheduler), [3]);
    }

    #[test]
    fn a_follower_that_ends_first_leaves_the_slot_where_it_is() {
        let mut scheduler = Scheduler::new(1, &[], vec![weighing(1); 4]);
        assert_eq!(started(&mut scheduler), [0]);
        for lead in 0..2 {
            assert!(scheduler.follow(TaskId(lead), |_| true).is_some());
        }
        assert!(scheduler.requeue(TaskId(1)));
        assert_eq!(scheduler.state(TaskId(1)), State::Waiting);
        assert_eq!(started(&mut scheduler), [] as [usize; 0]);
        scheduler.finish(TaskId(0), true);
        assert_eq!(scheduler.free_slots(), 0, "the second follower has it");
        scheduler.finish(TaskId(2), true);
        assert_eq!(started(&mut scheduler), [1]);
    }

    #[test]
    fn slots_that_are_given_back_early_go_to_the_follower() {
        let mut scheduler = Scheduler::new(1, &[], vec![weighing(1); 3]);
        assert_eq!(started(&mut scheduler), [0]);
        assert!(scheduler.follow(TaskId(0), |_| true).is_some());
        scheduler.yield_slots(TaskId(0));
        assert_eq!(scheduler.free_slots(), 0);
        scheduler.finish(TaskId(1), true);
        assert_eq!(scheduler.free_slots(), 1);
        scheduler.finish(TaskId(0), true);
        assert_eq!(scheduler.free_slots(), 1);
        assert_eq!(started(&mut scheduler), [2]);
    }

    #[test]
    fn only_what_is_alike_and_wanted_follows() {
        let held = Constraints {
            needs: vec![(ResourceId(0), Need::Amount(1))],
            ..Constraints::default()
        };
        let holding = Task {
            constraints: held,
            ..Task::default()
        };
        let quick = Task {
            expected: Some(Duration::from_millis(1)),
            ..weighing(1)
        };
        let mut scheduler = Scheduler::new(
            4,
            &[resource("db", 2)],
            vec![holding.clone(), holding, weighing(2), quick.clone(), quick],
        );
        let mut order = started(&mut scheduler);
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2]);
        assert_eq!(
            scheduler.follow(TaskId(0), |_| true),
            None,
            "it holds something"
        );
        assert_eq!(
            scheduler.follow(TaskId(2), |_| true),
            None,
            "of another weight"
        );
        scheduler.finish(TaskId(2), true);
        assert_eq!(started(&mut scheduler), [3, 4]);
        let late = scheduler.add(weighing(1));
        let later = scheduler.add(weighing(1));
        assert_eq!(scheduler.follow(TaskId(3), |task| task == later), None);
        assert_eq!(scheduler.follow(TaskId(3), |task| task == late), Some(late));
        scheduler.add(Task {
            constraints: Constraints {
                serial: true,
                ..Constraints::default()
            },
            ..Task::default()
        });
        assert_eq!(
            scheduler.follow(TaskId(4), |_| true),
            None,
            "a serial task waits"
        );
        scheduler.halt();
        assert_eq!(
            scheduler.follow(TaskId(4), |_| true),
            None,
            "the run is over"
        );
    }

    #[test]
    fn a_wide_task_does_not_wait_for_all_that_could_follow() {
        let quick = Task {
            expected: Some(Duration::from_millis(1)),
            ..weighing(1)
        };
        let mut tasks = vec![quick; 3000];
        tasks.push(Task {
            after: vec![TaskId(0)],
            expected: Some(Duration::from_secs(2)),
            ..weighing(2)
        });
        let mut scheduler = Scheduler::new(2, &[], tasks);
        let mut chains: Vec<Vec<TaskId>> = Vec::new();
        let mut starts = 0;
        while scheduler.state(TaskId(3000)) != State::Running {
            while let Some(task) = scheduler.start_next() {
                chains.push(vec![task]);
                starts += 1;
            }
            for chain in &mut chains {
                while chain.len() < 4
                    && let Some(task) = scheduler.follow(chain[chain.len() - 1], |_| true)
                {
                    chain.push(task);
                    starts += 1;
                }
            }
            if scheduler.state(TaskId(3000)) != State::Running {
                chains.rotate_left(1);
                scheduler.finish(chains[0].remove(0), true);
                chains.retain(|chain| !chain.is_empty());
            }
        }
        assert!(starts < 3 * crate::schedule::PATIENCE as usize, "{starts}");
    }

    proptest! {
        /// Whatever is done in whatever order: no more tasks hold a slot than there are, everything
        /// runs, and the slots are all free at the end.
        #[test]
        fn chains_neither_lose_slots_nor_make_new_ones(
            slots in 1_u32..4,
            tasks in 1_usize..30,
            steps in proptest::collection::vec((0_u8..8, any::<prop::sample::Index>()), 0..200),
        ) {
            let mut scheduler = Scheduler::new(slots, &[], vec![weighing(1); tasks]);
            let mut chains: Vec<Vec<TaskId>> = Vec::new();
            let mut ends = 0;
            let mut steps = steps.into_iter();
            while !scheduler.is_done() {
                while let Some(task) = scheduler.start_next() {
                    chains.push(vec![task]);
                }
                prop_assert!(!chains.is_empty(), "nothing runs and something waits");
                prop_assert_eq!(scheduler.free_slots() as usize + chains.len(), slots as usize);
                // Without a step left, the first of a chain ends.
                let (step, at) = match steps.next() {
                    Some((step, at)) => (step, at.index(chains.len())),
                    None => (7, 0),
                };
                let chain = &mut chains[at];
                match step {
                    0..=3 => {
                        if let Some(task) = scheduler.follow(chain[chain.len() - 1], |_| true) {
                            chain.push(task);
                        }
                    }
                    4 => prop_assert!(scheduler.requeue(chain.remove(chain.len() / 2))),
                    5 => {
                        scheduler.finish(chain.pop().unwrap(), true);
                        ends += 1;
                    }
                    _ => {
                        scheduler.finish(chain.remove(0), true);
                        ends += 1;
                    }
                }
                chains.retain(|chain| !chain.is_empty());
            }
            prop_assert_eq!(ends, tasks);
            prop_assert_eq!(scheduler.free_slots(), slots);
        }
    }
}
