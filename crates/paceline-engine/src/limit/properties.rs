//! The limit against the best of all schedules, and against what the scheduler does.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use crate::plan::{Constraints, Need, Resource, ResourceId};
use crate::schedule::TaskId;
use crate::schedule::simulate::simulate;
use crate::schedule::testing::{RandomPlan, fit_together, plans, resource};

use super::{LimitTerm, MeasuredWork, lower_bound};

fn measured(plan: &RandomPlan) -> Vec<MeasuredWork> {
    let tasks = plan.tasks.iter().zip(&plan.durations).enumerate();
    tasks
        .map(|(id, (task, &duration))| MeasuredWork {
            name: Arc::from(format!("t{id}")),
            constraints: task.constraints.clone(),
            after: task.after.iter().map(|id| id.0).collect(),
            duration,
        })
        .collect()
}

/// The shortest of all schedules: places tasks in every order, each as early as it fits. What may
/// run together stays possible when something is taken away, so the best schedule is among these.
fn optimum(plan: &RandomPlan) -> Duration {
    fn place(plan: &RandomPlan, placed: &mut Vec<(usize, Duration)>, best: &mut Duration) {
        let end = |&(task, start): &(usize, Duration)| start + plan.durations[task];
        if placed.len() == plan.tasks.len() {
            *best = (*best).min(placed.iter().map(end).max().unwrap_or_default());
            return;
        }
        for task in 0..plan.tasks.len() {
            let start_of = |id: usize| placed.iter().find(|p| p.0 == id);
            let after = plan.tasks[task].after.iter().map(|above| start_of(above.0));
            let Some(ready) = after.map(|p| p.map(end)).collect::<Option<Vec<_>>>() else {
                continue;
            };
            if start_of(task).is_some() {
                continue;
            }
            let ready = ready.into_iter().max().unwrap_or_default();
            let mut starts: Vec<Duration> = placed.iter().map(end).chain([ready]).collect();
            starts.retain(|&start| start >= ready);
            starts.sort_unstable();
            let start = starts
                .into_iter()
                .find(|&start| fits(plan, placed, task, start));
            placed.push((task, start.expect("it fits after all others")));
            place(plan, placed, best);
            placed.pop();
        }
    }
    let mut best = Duration::MAX;
    place(plan, &mut Vec::new(), &mut best);
    best
}

/// Whether a task fits beside what is placed, from its start to its end.
fn fits(plan: &RandomPlan, placed: &[(usize, Duration)], task: usize, start: Duration) -> bool {
    let end = start + plan.durations[task];
    let begins = placed.iter().map(|p| p.1).filter(|&t| start < t && t < end);
    begins.chain([start]).filter(|_| start < end).all(|at| {
        let runs = |p: &&(usize, Duration)| p.1 <= at && at < p.1 + plan.durations[p.0];
        let beside = placed.iter().filter(runs).map(|p| p.0);
        let set: Vec<&Constraints> = beside
            .chain([task])
            .map(|id| &plan.tasks[id].constraints)
            .collect();
        fit_together(plan.slots, &plan.resources, &set)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_schedule_of_few_tasks_is_faster(plan in plans(5)) {
        let limit = lower_bound(plan.slots, &plan.resources, &measured(&plan)).unwrap();
        let optimum = optimum(&plan);
        prop_assert!(limit.duration <= optimum, "{:?}, but {:?} is possible", limit, optimum);
    }

    #[test]
    fn the_scheduler_is_not_faster(plan in plans(40)) {
        let limit = lower_bound(plan.slots, &plan.resources, &measured(&plan)).unwrap();
        let tasks = plan.tasks.clone();
        let run = simulate(plan.slots, &plan.resources, tasks, &plan.durations, |_: TaskId| true);
        prop_assert!(limit.duration <= run.makespan, "{:?}, but {:?}", limit, run.makespan);
    }
}

fn work(name: &str, seconds: u64) -> MeasuredWork {
    MeasuredWork {
        name: name.into(),
        constraints: Constraints::default(),
        after: Vec::new(),
        duration: Duration::from_secs(seconds),
    }
}

fn needing(name: &str, seconds: u64, need: Need) -> MeasuredWork {
    let mut work = work(name, seconds);
    work.constraints.needs.push((ResourceId(0), need));
    work
}

fn limit(slots: u32, resources: &[Resource], work: &[MeasuredWork]) -> (u64, LimitTerm) {
    let limit = lower_bound(slots, resources, work).unwrap();
    assert_eq!(limit.duration.subsec_nanos(), 0);
    (limit.duration.as_secs(), limit.due_to)
}

#[test]
fn no_work_has_no_limit() {
    assert_eq!(lower_bound(2, &[], &[]), None);
}

#[test]
fn work_is_spread_over_the_slots() {
    let all = [work("a", 2), work("b", 2), work("c", 2), work("d", 2)];
    assert_eq!(limit(2, &[], &all), (4, LimitTerm::Work));
    assert_eq!(limit(1, &[], &all), (8, LimitTerm::Work));
}

#[test]
fn one_suite_is_its_own_limit() {
    let longest = LimitTerm::Longest { suite: "a".into() };
    assert_eq!(limit(1, &[], &[work("a", 3)]), (3, longest.clone()));
    assert_eq!(
        limit(4, &[], &[work("b", 1), work("a", 3)]),
        (3, longest.clone())
    );
    let mut alone = work("a", 3);
    alone.constraints.serial = true;
    assert_eq!(limit(4, &[], &[alone]), (3, longest));
}

#[test]
fn chains_are_named_from_their_beginning() {
    let mut all = [work("a", 2), work("b", 3), work("c", 1), work("d", 4)];
    all[2].after = vec![0, 1];
    all[0].after = vec![3];
    let suites = vec!["d".into(), "a".into(), "c".into()];
    assert_eq!(limit(8, &[], &all), (7, LimitTerm::Chain { suites }));
}

#[test]
fn a_chain_is_named_and_not_what_its_end_needs() {
    let mut all = vec![work("build", 2), needing("api", 3, Need::Amount(1))];
    all[1].after = vec![0];
    let postgres = [resource("postgres", 1)];
    let suites = vec!["build".into(), "api".into()];
    assert_eq!(limit(8, &postgres, &all), (5, LimitTerm::Chain { suites }));
    // With another one that needs it, that is what takes longest.
    all.push(needing("db", 3, Need::Amount(1)));
    let due_to = LimitTerm::Resource {
        resource: "postgres".into(),
    };
    assert_eq!(limit(8, &postgres, &all), (6, due_to));
}

#[test]
fn a_group_takes_its_sum_and_what_must_come_before() {
    let mut all = vec![
        needing("a", 2, Need::Exclusive),
        needing("b", 2, Need::Exclusive),
        needing("c", 3, Need::Exclusive),
        work("build", 5),
    ];
    let group = Resource {
        is_group: true,
        ..resource("db", 1)
    };
    let due_to = LimitTerm::Group { group: "db".into() };
    assert_eq!(
        limit(8, std::slice::from_ref(&group), &all),
        (7, due_to.clone())
    );
    for member in &mut all[..3] {
        member.after.push(3);
    }
    assert_eq!(limit(8, &[group], &all), (12, due_to));
}

#[test]
fn units_of_a_resource_are_shared_out() {
    let due_to = LimitTerm::Resource {
        resource: "ports".into(),
    };
    let ports = [resource("ports", 4)];
    // 2 × 6 and 1 × 4 of 4 units.
    let mut all = vec![
        needing("a", 3, Need::Amount(2)),
        needing("b", 3, Need::Amount(2)),
    ];
    all.push(needing("c", 4, Need::Amount(1)));
    all.push(needing("d", 4, Need::Amount(1)));
    assert_eq!(limit(8, &ports, &all), (5, due_to.clone()));
    // No two of three fit beside each other.
    let wide: Vec<_> = ["a", "b", "c"]
        .map(|name| needing(name, 2, Need::Amount(3)))
        .into();
    assert_eq!(limit(8, &ports, &wide), (6, due_to));
}

#[test]
fn those_that_share_count_once_and_apart_from_the_others() {
    let all = [
        needing("r1", 2, Need::Shared),
        needing("r2", 3, Need::Shared),
        needing("w1", 4, Need::Exclusive),
        needing("w2", 1, Need::Exclusive),
    ];
    let due_to = LimitTerm::Resource {
        resource: "db".into(),
    };
    assert_eq!(limit(8, &[resource("db", 1)], &all), (8, due_to));
    let readers = LimitTerm::Longest { suite: "r2".into() };
    assert_eq!(limit(8, &[resource("db", 1)], &all[..2]), (3, readers));
}

#[test]
fn serial_suites_come_on_top_of_the_rest() {
    let mut all = vec![work("a", 4), work("b", 4), work("c", 4), work("alone", 1)];
    all[3].constraints.serial = true;
    assert_eq!(
        limit(3, &[], &all[1..]),
        (5, LimitTerm::Longest { suite: "b".into() })
    );
    all.push(work("d", 4));
    assert_eq!(limit(2, &[], &all), (9, LimitTerm::Serial));
}

#[test]
fn suites_that_do_not_fit_beside_each_other() {
    // Three of two slots: one slot gets two of them.
    let all = [work("a", 4), work("b", 4), work("c", 4)];
    assert_eq!(limit(2, &[], &all), (8, LimitTerm::Sizes));
    // No two fit beside each other.
    let mut wide = [work("a", 2), work("b", 3), work("c", 4)];
    for work in &mut wide {
        work.constraints.weight = 3;
    }
    assert_eq!(limit(5, &[], &wide), (9, LimitTerm::Sizes));
}

#[test]
fn attempts_of_a_suite_can_be_spread_out() {
    // Three suites of 4 s do not fit into 6 s on two slots, but their attempts of 2 s do.
    let mut all = Vec::new();
    for name in ["a", "b", "c"] {
        all.push(work(name, 2));
        let mut retry = work(name, 2);
        retry.after.push(all.len() - 1);
        all.push(retry);
    }
    assert_eq!(limit(2, &[], &all), (6, LimitTerm::Work));
    let longest = LimitTerm::Longest { suite: "a".into() };
    assert_eq!(limit(8, &[], &all), (4, longest));
}
