//! What holds in every run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use proptest::prelude::*;

use crate::plan::{Constraints, Need, ResourceId};

use super::simulate::{Verdict, drive, simulate};
use super::testing::{Checker, RandomPlan, plans, resource};
use super::{PATIENCE, Scheduler, State, Task, TaskId};

/// Runs a plan to its end under the eyes of the checker.
fn run(plan: RandomPlan) {
    let (first, later) = plan.tasks.split_at(plan.at_first);
    let mut scheduler = Scheduler::new(plan.slots, &plan.resources, first.to_vec());
    let mut checker = Checker::new(plan.slots, &plan.resources, first);
    let mut later = later.iter();
    let mut verdicts = plan.verdicts.into_iter();
    let mut ends = BinaryHeap::new();
    let mut now = Duration::ZERO;
    loop {
        while let Some(TaskId(task)) = scheduler.start_next() {
            checker.starts(task);
            ends.push(Reverse((now + plan.durations[task], task)));
            assert_eq!(scheduler.running(), checker.running.len());
        }
        checker.check_idle(&scheduler);
        let end = ends.pop();
        if let Some(Reverse((end, task))) = end {
            now = end;
            match verdicts.next().unwrap_or(Verdict::Satisfied) {
                Verdict::Satisfied => {
                    let blocked = scheduler.finish(TaskId(task), true);
                    checker.finishes(task, true, &blocked);
                }
                Verdict::Unsatisfied => {
                    let blocked = scheduler.finish(TaskId(task), false);
                    checker.finishes(task, false, &blocked);
                }
                Verdict::Retry => {
                    let again = scheduler.requeue(TaskId(task));
                    assert_eq!(again, !checker.is_halted);
                    checker.requeues(task);
                    if !again {
                        checker.halted.insert(task);
                    }
                }
                Verdict::Halt => {
                    let blocked = scheduler.finish(TaskId(task), false);
                    checker.finishes(task, false, &blocked);
                    let halted = scheduler.halt();
                    checker.halts(&halted);
                }
            }
        }
        if let Some(task) = later.next() {
            let TaskId(id) = scheduler.add(task.clone());
            assert_eq!(id, checker.tasks.len());
            match scheduler.state(TaskId(id)) {
                State::Blocked => drop(checker.blocked.insert(id)),
                State::Halted => drop(checker.halted.insert(id)),
                state => assert_eq!(state, State::Waiting),
            }
            checker.add(std::slice::from_ref(task));
            checker.check_blocked();
            assert_eq!(checker.is_halted, checker.halted.contains(&id));
        } else if end.is_none() {
            break;
        }
    }
    checker.check_end(&scheduler);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_run_keeps_the_rules(plan in plans(40)) {
        run(plan);
    }

    #[test]
    fn small_runs_keep_the_rules(plan in plans(6)) {
        run(plan);
    }

    #[test]
    fn the_same_plan_runs_in_the_same_order(plan in plans(40)) {
        let simulate = || {
            let tasks = plan.tasks[..plan.at_first].to_vec();
            simulate(plan.slots, &plan.resources, tasks, &plan.durations, |t| t.0 % 7 != 3)
        };
        prop_assert_eq!(simulate(), simulate());
    }

    /// The longest-waiting task starts although tasks that are preferred to it keep coming.
    #[test]
    fn a_stream_of_preferred_tasks_starves_nobody(plan in plans(12), preferred in plans(6)) {
        let mut plan = plan;
        let duration = |task: usize| Duration::from_millis(1000 + 37 * task as u64 % 100);
        for task in &mut plan.tasks {
            task.after.clear();
            task.expected = Some(Duration::from_secs(1));
        }
        let victims = plan.tasks.len();
        let mut tasks = plan.tasks.clone();
        let mut scheduler = Scheduler::new(plan.slots, &plan.resources, tasks.clone());
        let mut checker = Checker::new(plan.slots, &plan.resources, &tasks);
        let mut ends = BinaryHeap::new();
        let mut now = Duration::ZERO;
        for step in 0.. {
            while let Some(TaskId(task)) = scheduler.start_next() {
                checker.starts(task);
                ends.push(Reverse((now + duration(task), task)));
            }
            let waiting = (0..victims).any(|v| scheduler.state(TaskId(v)) == State::Waiting);
            if !waiting {
                break;
            }
            // All are due after as many starts as there are victims. Then one after the other gets
            // its turn: within one duration nothing holds its resources any more, within another
            // nothing holds the slots.
            let most = victims + 3 * plan.slots as usize * (victims + 1);
            prop_assert!(step <= most, "still waiting after {} ends", step);
            for _ in 0..2 {
                let drawn = preferred.tasks.len();
                let mut task = preferred.tasks[tasks.len() % drawn].clone();
                task.after.clear();
                task.constraints.needs.retain(|(id, _)| id.0 < plan.resources.len());
                task.expected = Some(Duration::from_secs(1000));
                checker.add(std::slice::from_ref(&task));
                tasks.push(task.clone());
                scheduler.add(task);
            }
            if let Some(Reverse((end, task))) = ends.pop() {
                now = end;
                checker.finishes(task, true, &scheduler.finish(TaskId(task), true));
            }
        }
    }
}

fn task(expected: u64) -> Task {
    Task {
        expected: Some(Duration::from_secs(expected)),
        ..Task::default()
    }
}

fn needing(expected: u64, need: Need) -> Task {
    let mut task = task(expected);
    task.constraints.needs.push((ResourceId(0), need));
    task
}

fn seconds(of: &[u64]) -> Vec<Duration> {
    of.iter().map(|&s| Duration::from_secs(s)).collect()
}

fn order(simulation: &super::simulate::Simulation) -> Vec<usize> {
    simulation.attempts.iter().map(|a| a.task.0).collect()
}

#[test]
fn longest_first_and_unknown_before() {
    let mut tasks = vec![task(1), task(3), task(2), task(3)];
    tasks.push(Task::default());
    let simulation = simulate(1, &[], tasks, &seconds(&[1, 3, 2, 3, 9]), |_| true);
    assert_eq!(order(&simulation), [4, 1, 3, 2, 0]);
    assert_eq!(simulation.makespan, Duration::from_secs(18));
}

#[test]
fn without_history_plan_order() {
    let tasks = vec![Task::default(); 4];
    let simulation = simulate(2, &[], tasks, &seconds(&[1, 1, 1, 1]), |_| true);
    assert_eq!(order(&simulation), [0, 1, 2, 3]);
}

#[test]
fn a_group_goes_first_when_it_is_longest_together() {
    let mut tasks = vec![task(4), task(4)];
    tasks.extend(vec![needing(2, Need::Exclusive); 4]);
    let times = seconds(&[4, 4, 2, 2, 2, 2]);
    let simulation = simulate(2, &[resource("db", 1)], tasks, &times, |_| true);
    assert_eq!(simulation.attempts[0].task, TaskId(2));
    assert_eq!(simulation.makespan, Duration::from_secs(8));
}

#[test]
fn what_waits_for_a_lock_holds_no_slot() {
    // Three members of a group of 2 s each and three others of 1 s, three slots.
    let mut tasks = vec![needing(2, Need::Exclusive); 3];
    tasks.extend(vec![task(1); 3]);
    let times = seconds(&[2, 2, 2, 1, 1, 1]);
    let simulation = simulate(3, &[resource("db", 1)], tasks, &times, |_| true);
    assert_eq!(simulation.makespan, Duration::from_secs(6));
    let others = simulation.attempts.iter().filter(|a| a.task.0 >= 3);
    assert!(others.map(|a| a.end).max() <= Some(Duration::from_secs(2)));
}

#[test]
fn serial_tasks_run_last_in_one_block_unless_others_wait_for_them() {
    let mut tasks = vec![task(1); 6];
    for serial in [1, 4] {
        tasks[serial].constraints.serial = true;
    }
    let times = seconds(&[1; 6]);
    let last = simulate(2, &[], tasks.clone(), &times, |_| true);
    assert_eq!(order(&last), [0, 2, 3, 5, 1, 4]);
    tasks[5].after.push(TaskId(4));
    let first = simulate(2, &[], tasks, &times, |_| true);
    assert_eq!(order(&first), [4, 1, 0, 2, 3, 5]);
}

#[test]
fn slots_are_emptied_for_a_serial_task_that_holds_up_more_than_there_is_else() {
    // 0 → 1 (serial) → 2 takes 12 s; the others are 10 s of work for each slot.
    let mut tasks = vec![task(1), task(1), task(10)];
    tasks[1].constraints.serial = true;
    tasks[1].after.push(TaskId(0));
    tasks[2].after.push(TaskId(1));
    tasks.extend(vec![task(1); 20]);
    let mut times = vec![1, 1, 10];
    times.extend([1; 20]);
    let simulation = simulate(2, &[], tasks, &seconds(&times), |_| true);
    assert!(
        simulation.makespan <= Duration::from_secs(17),
        "{:?}",
        simulation.makespan
    );
}

#[test]
fn a_wide_task_is_passed_over_only_so_often() {
    let count = 4 * PATIENCE as usize;
    let mut tasks = vec![task(10); count];
    tasks[5].constraints.weight = 4;
    // No two end at the same time, so there are never four free slots by chance.
    let times: Vec<Duration> = (0..count)
        .map(|i| Duration::from_millis(1000 + i as u64))
        .collect();
    let wide = simulate(4, &[], tasks, &times, |_| true);
    let at = order(&wide).iter().position(|&t| t == 5).unwrap() as u64;
    assert!(
        (PATIENCE..PATIENCE + 8).contains(&at),
        "started as number {at}"
    );
}

#[test]
fn one_that_needs_all_of_a_resource_is_passed_over_only_so_often() {
    let count = 4 * PATIENCE as usize;
    let mut tasks = vec![needing(10, Need::Shared); count];
    tasks[5] = needing(10, Need::Exclusive);
    // It becomes ready when others hold the resource already.
    tasks[5].after.push(TaskId(0));
    let times: Vec<Duration> = (0..count)
        .map(|i| Duration::from_millis(1000 + i as u64))
        .collect();
    let simulation = simulate(4, &[resource("db", 1)], tasks, &times, |_| true);
    let at = order(&simulation).iter().position(|&t| t == 5).unwrap() as u64;
    assert!(
        (PATIENCE..PATIENCE + 8).contains(&at),
        "started as number {at}"
    );
}

#[test]
fn no_slot_idles_for_a_lock() {
    // The wide one waits for the lock for longer than anyone is patient; the others go on.
    let count = 3 * PATIENCE as usize;
    let mut tasks = vec![task(1); count];
    tasks[0] = needing(1000, Need::Exclusive);
    tasks[1] = needing(1000, Need::Exclusive);
    tasks[1].constraints.weight = 2;
    let mut times = vec![1; count];
    times[0] = 2000;
    let simulation = simulate(2, &[resource("db", 1)], tasks, &seconds(&times), |_| true);
    assert_eq!(simulation.makespan, Duration::from_secs(2001));
}

#[test]
fn amounts_and_weights_above_what_there_is_count_as_all() {
    let mut tasks = vec![
        needing(1, Need::Amount(9)),
        needing(1, Need::Amount(1)),
        task(1),
    ];
    tasks[2].constraints.weight = 99;
    let simulation = simulate(
        2,
        &[resource("ports", 4)],
        tasks,
        &seconds(&[1, 1, 1]),
        |_| true,
    );
    assert_eq!(simulation.makespan, Duration::from_secs(3));
}

#[test]
fn a_retry_goes_back_into_the_queue_and_dependents_wait_for_it() {
    let mut tasks = vec![task(1), task(5), task(1)];
    tasks[2].after.push(TaskId(0));
    let mut scheduler = Scheduler::new(1, &[], tasks);
    let mut attempts = 0;
    let simulation = drive(&mut scheduler, &seconds(&[1, 5, 1]), |task| {
        attempts += usize::from(task.0 == 0);
        if task.0 == 0 && attempts < 3 {
            Verdict::Retry
        } else {
            Verdict::Satisfied
        }
    });
    assert_eq!(order(&simulation), [1, 0, 0, 0, 2]);
}

#[test]
fn added_work_makes_what_it_waits_for_urgent() {
    let mut scheduler = Scheduler::new(1, &[], vec![task(1), task(2)]);
    let added = scheduler.add(Task {
        constraints: Constraints::default(),
        after: vec![TaskId(0)],
        expected: Some(Duration::from_secs(10)),
    });
    assert_eq!(scheduler.start_next(), Some(TaskId(0)));
    scheduler.finish(TaskId(0), true);
    assert_eq!(scheduler.start_next(), Some(added));
}

#[test]
fn a_resource_that_is_added_locks_as_others_do() {
    let mut scheduler = Scheduler::new(2, &[resource("db", 1)], vec![needing(1, Need::Amount(1))]);
    let lock = scheduler.add_resource(1);
    let mut locking = task(5);
    locking.constraints.needs.push((lock, Need::Exclusive));
    let first = scheduler.add(locking.clone());
    let second = scheduler.add(locking);
    assert_eq!(scheduler.start_next(), Some(first));
    assert_eq!(scheduler.start_next(), Some(TaskId(0)));
    scheduler.finish(TaskId(0), true);
    assert_eq!(scheduler.start_next(), None, "the lock is held");
    scheduler.finish(first, true);
    assert_eq!(scheduler.start_next(), Some(second));
}
