//! What was measured of a suite, and its rows of the tables.

use std::fmt::Write as _;

use super::runners::Runner;
use super::spent::Spent;
use super::suites::Suite;
use crate::bench::measure::Measured;
use crate::bench::rounds::{Sample, Tried};

pub(super) struct Times {
    pub(super) measured: Vec<(Runner, Tried)>,
    /// Those that cannot run the suite, and were not measured.
    pub(super) failing: Vec<(Runner, String)>,
    /// How often each runner was run.
    pub(super) runs: usize,
    pub(super) spent: Vec<Spent>,
    pub(super) own_cpu: OwnCpu,
}

/// What the process that is paceline has used itself.
#[derive(Default)]
pub(super) struct OwnCpu {
    pub(super) milliseconds: Sample,
    /// In percent of it and all that it started.
    pub(super) share: Sample,
}

impl OwnCpu {
    pub(super) fn add(&mut self, measured: &Measured) {
        if let Some(own) = measured.own_cpu {
            self.milliseconds.push(own.as_secs_f64() * 1000.0);
            self.share
                .push(100.0 * own.as_secs_f64() / measured.cpu.as_secs_f64());
        }
    }
}

impl Times {
    /// The median of a runner's rounds; `None` where it has failed in all.
    fn median(&self, of: Runner) -> Option<f64> {
        let mut found = self.measured.iter().filter(|(runner, _)| *runner == of);
        let (_, tried) = found.next()?;
        Some(tried.sample.median()).filter(|median| median.is_finite())
    }

    /// paceline's time as a part of another runner's, where both have one.
    pub(super) fn ratio(&self, to: Runner) -> Option<f64> {
        Some(self.median(Runner::Paceline)? / self.median(to)?)
    }

    /// Rows of the columns suite, runner, median, range, ratio, target.
    pub(super) fn rows(&self, suite: &Suite) -> String {
        let mut rows = String::new();
        // Writing to a string does not fail.
        for (runner, tried) in &self.measured {
            let _ = write!(rows, "| {} | {}", suite.name, runner.name());
            if !tried.failures.is_empty() {
                let (failed, runs) = (tried.failures.len(), self.runs);
                let _ = write!(rows, " (failed in {failed} of {runs} rounds)");
            }
            let Some(median) = self.median(*runner) else {
                rows.push_str(" | fails | | | |\n");
                continue;
            };
            let ratio = self.ratio(*runner).filter(|_| *runner != Runner::Paceline);
            let target = suite.target(*runner);
            let verdict = match (target, ratio) {
                (Some(target), Some(ratio)) if ratio <= target => format!("{target:.2}"),
                (Some(target), _) => format!("**{target:.2}**"),
                (None, _) => String::new(),
            };
            let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            let _ = writeln!(
                rows,
                " | {median:.2} | {:.2} | {ratio} | {verdict} |",
                tried.sample
            );
        }
        for (runner, _) in &self.failing {
            let _ = writeln!(rows, "| {} | {} | fails | | | |", suite.name, runner.name());
        }
        rows
    }

    /// What went wrong, of each runner that has to be able to run every suite once: a line each.
    pub(super) fn problems(&self, suite: &Suite) -> Vec<String> {
        let later = self.measured.iter().filter_map(|(runner, tried)| {
            let why = tried.failures.first()?;
            Some((*runner, why))
        });
        let all = self.failing.iter().map(|(runner, why)| (*runner, why));
        all.chain(later)
            .filter(|(runner, _)| runner.is_required())
            .map(|(runner, why)| format!("{} on suite {}: {why}", runner.name(), suite.name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(seconds: &[f64], failures: &[&str]) -> Tried {
        let mut tried = Tried::default();
        for second in seconds {
            tried.sample.push(*second);
        }
        tried.failures = failures.iter().map(|&why| why.to_owned()).collect();
        tried
    }

    fn times(measured: Vec<(Runner, Tried)>, failing: Vec<(Runner, String)>) -> Times {
        Times {
            measured,
            failing,
            runs: 4,
            spent: Vec::new(),
            own_cpu: OwnCpu::default(),
        }
    }

    #[test]
    fn a_runner_that_fails_in_a_round_keeps_its_row_and_everybody_elses() {
        let suite = Suite::for_test("a", Some(0.5), Some(0.1));
        let found = times(
            vec![
                (Runner::Paceline, tried(&[1.0, 1.0, 1.0], &[])),
                (Runner::Pytest, tried(&[4.0, 6.0], &["ended with 1", "2"])),
                (Runner::Xdist, tried(&[], &["ended with 3"; 4])),
                (Runner::Karva, tried(&[0.5], &["ended with 4"; 3])),
            ],
            vec![(Runner::Rtest, "no".to_owned())],
        );
        assert_eq!(
            found.rows(&suite),
            "| a | `paceline -j 2` | 1.00 | 1.00-1.00 |  |  |\n\
             | a | `pytest` (failed in 2 of 4 rounds) | 5.00 | 4.00-6.00 | 0.20 | **0.10** |\n\
             | a | `pytest -n 2` (failed in 4 of 4 rounds) | fails | | | |\n\
             | a | `karva test --num-workers 2` (failed in 3 of 4 rounds) | 0.50 | 0.50-0.50 | 2.00 |  |\n\
             | a | `rtest --runner native -n 2` | fails | | | |\n"
        );
        assert_eq!(found.ratio(Runner::Xdist), None);
        assert_eq!(
            found.problems(&suite),
            [
                "`pytest` on suite a: ended with 1",
                "`pytest -n 2` on suite a: ended with 3"
            ]
        );
    }

    #[test]
    fn without_paceline_nothing_is_reached() {
        let suite = Suite::for_test("a", None, Some(0.65));
        let found = times(
            vec![(Runner::Pytest, tried(&[4.0], &[]))],
            vec![(Runner::Paceline, "ended with 5".to_owned())],
        );
        assert_eq!(
            found.rows(&suite),
            "| a | `pytest` | 4.00 | 4.00-4.00 |  | **0.65** |\n\
             | a | `paceline -j 2` | fails | | | |\n"
        );
        assert_eq!(
            found.problems(&suite),
            ["`paceline -j 2` on suite a: ended with 5"]
        );
    }
}
