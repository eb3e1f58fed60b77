//! Workers that are killed while a run goes on, whatever the framework.

use std::collections::BTreeSet;

use rustix::process::{Pid, Signal};
use serde_json::Value;

use crate::environment::TestEnvironment;

/// How many runs.
const KILLS: &str = "PACELINE_TEST_KILLS";
/// The seed of each of those runs, to see one of them again.
const SEED: &str = "PACELINE_TEST_SEED";

/// Numbers that look random and are the same each time (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// In each of `PACELINE_TEST_KILLS` runs (`usual` without it) of the suite `unit`, whose `tests` tests
/// would all pass, kills a worker at some moment: no test is lost, and none is reported twice. Each
/// fourth run has spawned workers; `suite` makes the repository, with a line for its suite's table.
pub(crate) fn lose_no_test_and_report_none_twice(
    usual: u64,
    tests: usize,
    suite: impl Fn(&str) -> TestEnvironment,
) {
    let kills = std::env::var(KILLS).map_or(usual, |text| text.parse().unwrap());
    let seeds = match std::env::var(SEED) {
        Ok(seed) => vec![seed.parse().unwrap(); usize::try_from(kills).unwrap()],
        Err(_) => (0..kills).collect(),
    };
    for seed in seeds {
        let mut random = Random(seed);
        let env = suite(if seed % 4 == 3 { "start = 'spawn'" } else { "" });
        let mut run = env.follow(&["-j", "2"]);
        // The run may be ahead of what has been read, so the moment differs from run to run too.
        let mut left = 3 + random.below(2 * tests as u64 - 6);
        let mut pids: Vec<i64> = Vec::new();
        run.until(|event| {
            if event["kind"] == "attempt-started" {
                let pid = event["pid"].as_i64().unwrap();
                if !pids.contains(&pid) {
                    pids.push(pid);
                }
            }
            left = left.saturating_sub(1);
            left == 0 && !pids.is_empty()
        });
        let place = random.below(pids.len() as u64) as usize;
        let pid = Pid::from_raw(i32::try_from(pids[place]).unwrap()).unwrap();
        // It may have ended by itself in the meantime.
        let _ = rustix::process::kill_process(pid, Signal::KILL);
        let code = run.end();

        let report = env.report();
        let found = report.suite("unit")["tests"].as_array().unwrap();
        let ids: BTreeSet<&str> = found
            .iter()
            .map(|test| test["native_id"].as_str().unwrap())
            .collect();
        let not_passed: Vec<&Value> = found
            .iter()
            .filter(|test| test["outcome"] != "passed")
            .collect();
        assert_eq!(
            (found.len(), ids.len()),
            (tests, tests),
            "seed {seed}: {not_passed:?}"
        );
        assert!(
            not_passed.len() <= 1 && not_passed.iter().all(|test| test["outcome"] == "crashed"),
            "seed {seed}: {not_passed:?}"
        );
        assert_eq!(code, Some(i32::from(!not_passed.is_empty())), "seed {seed}");
    }
}
