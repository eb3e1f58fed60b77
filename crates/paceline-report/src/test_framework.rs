//! Events of made-up runs in which a framework runs tests.

use std::sync::Arc;

use paceline_engine::event::{
    AttemptFinished, AttemptResult, AttemptStarted, EVENT_FORMAT_VERSION, Event, EventKind,
    Problem, RunFinished, RunStarted, Subtest, SuiteFinished, SuiteInfo, SuiteReported,
    SuiteStarted, TestDetails, TestFinished, TestWarning, UnitCollected, UnitReported, Usage,
};
use paceline_engine::limit::{Limit, LimitTerm};
use paceline_engine::outcome::{Counts, Exit, Outcome};

use crate::test_events::{passed, seconds, suite};

/// A suite that pytest runs in the root.
pub(crate) fn framework_suite(name: &str) -> SuiteInfo {
    let mut suite = suite(name);
    suite.framework = "pytest".to_owned();
    suite.command = "python -m pytest".to_owned();
    suite
}

/// A test that passed within 30 ms.
pub(crate) fn test_of(suite: &str, native_id: &str) -> TestFinished {
    let unit = native_id.split("::").next().unwrap();
    TestFinished {
        suite: suite.into(),
        test: format!("{suite}::{native_id}").into(),
        outcome: Outcome::Passed,
        flaky: false,
        message: None,
        not_run: None,
        attempts: vec![passed(1, 0.0, 0.03)],
        position: [0, 0],
        details: Some(Box::new(TestDetails {
            native_id: native_id.to_owned(),
            unit: unit.into(),
            file: Some(unit.to_owned()),
            line: Some(10),
            worker: Some(0),
            phases: Some([0.01, 0.015, 0.005]),
            rerun: Some(format!("python -m pytest '{native_id}'")),
            ..TestDetails::default()
        })),
    }
}

/// Changes to a test that passed.
pub(crate) trait Story: Sized {
    fn ended(self, outcome: Outcome, message: &str) -> Self;
    fn with(self, change: impl FnOnce(&mut TestDetails)) -> Self;
    fn problem(self, phase: &str, outcome: &str, text: &str, message: &str) -> Self;
    fn reason(self, phase: &str, outcome: &str, reason: &str) -> Self;
    fn lasting(self, duration: f64) -> Self;
}

impl Story for TestFinished {
    fn ended(mut self, outcome: Outcome, message: &str) -> Self {
        self.outcome = outcome;
        self.message = Some(message.to_owned());
        for attempt in &mut self.attempts {
            attempt.outcome = outcome;
            attempt.message = Some(message.to_owned());
        }
        self
    }

    fn with(mut self, change: impl FnOnce(&mut TestDetails)) -> Self {
        change(self.details.as_mut().unwrap());
        self
    }

    fn problem(self, phase: &str, outcome: &str, text: &str, message: &str) -> Self {
        self.with(|details| {
            details.problems.push(Problem {
                phase: phase.to_owned(),
                outcome: outcome.to_owned(),
                kind: None,
                message: Some(message.to_owned()),
                reason: None,
                text: Some(text.to_owned()),
                location: Some((format!("/repo/{}", details.unit), Some(12))),
            });
        })
    }

    fn reason(self, phase: &str, outcome: &str, reason: &str) -> Self {
        self.with(|details| {
            details.problems.push(Problem {
                phase: phase.to_owned(),
                outcome: outcome.to_owned(),
                reason: Some(reason.to_owned()),
                location: Some((format!("/repo/{}", details.unit), Some(7))),
                ..Problem::default()
            });
        })
    }

    fn lasting(mut self, duration: f64) -> Self {
        for attempt in &mut self.attempts {
            attempt.duration = seconds(duration);
        }
        self
    }
}

/// The tests of a suite in which everything happens, in plan order.
pub(crate) fn eventful_tests(suite: &str) -> Vec<TestFinished> {
    let test = |id: &str| test_of(suite, id);
    let mut flaky = test("tests/test_flaky.py::test_network");
    flaky.flaky = true;
    flaky.attempts.insert(
        0,
        AttemptResult {
            outcome: Outcome::Failed,
            message: Some("ConnectionError: refused".to_owned()),
            ..passed(1, 0.0, 0.02)
        },
    );
    flaky.attempts[1].attempt = 2;
    let mut crashed =
        test("tests/test_faults.py::test_segfault").ended(Outcome::Crashed, "signal 11 (SIGSEGV)");
    crashed.attempts[0].exit = Some(Exit::Signal(11));
    crashed.attempts[0].output_bytes = 39;
    crashed.attempts[0].tail = b"Fatal Python error: Segmentation fault\n".to_vec();
    vec![
        test("tests/test_auth.py::test_login"),
        test("tests/test_auth.py::TestToken::test_expiry[1::2]").lasting(2.5),
        test("tests/test_auth.py::TestToken::test_renewal"),
        crashed,
        test("tests/test_faults.py::test_hang")
            .ended(Outcome::TimedOut, "timed out after 5s")
            .problem("call", "timed-out", "File \"tests/test_faults.py\", line 12 in test_hang", "timed out after 5s")
            .lasting(5.0),
        flaky,
        test("tests/test_orders.py::test_refund")
            .ended(Outcome::Failed, "assert 10 == 11\n +  where 10 = total()")
            .problem(
                "call",
                "failed",
                "    def test_refund():\n>       assert total() == 11\nE       assert 10 == 11\nE        +  where 10 = total()\n\ntests/test_orders.py:12: AssertionError",
                "assert 10 == 11\n +  where 10 = total()",
            )
            .problem("teardown", "errored", "E   OSError: disk full", "OSError: disk full")
            .with(|details| {
                details.worker = Some(1);
                details.sections = vec![
                    ("Captured stdout call".to_owned(), "refunding\n\u{1b}[31mred\u{1b}[0m\n".to_owned()),
                    ("Captured stderr call".to_owned(), "careful\n".to_owned()),
                    ("Captured log call".to_owned(), "INFO     orders:orders.py:3 refund".to_owned()),
                ];
                details.properties = vec![("ticket".to_owned(), "17".to_owned())];
                details.assertions = Some(2);
                details.markers = vec!["slow".to_owned()];
            })
            .lasting(0.41),
        test("tests/test_orders.py::test_set_up")
            .ended(Outcome::Errored, "RuntimeError: no database")
            .problem("setup", "errored", "E   RuntimeError: no database", "RuntimeError: no database"),
        test("tests/test_orders.py::test_skipped")
            .ended(Outcome::Skipped, "needs a network")
            .reason("setup", "skipped", "needs a network"),
        test("tests/test_orders.py::test_skipped_too")
            .ended(Outcome::Skipped, "needs a network")
            .reason("setup", "skipped", "needs a network"),
        test("tests/test_orders.py::test_xfailed")
            .ended(Outcome::Xfailed, "ticket 42")
            .problem("call", "xfailed", "E   assert 0", "assert 0")
            .with(|details| details.problems[0].reason = Some("reason: ticket 42".to_owned())),
        test("tests/test_orders.py::test_xpassed").ended(Outcome::Xpassed, "ticket 43"),
        test("tests/test_orders.py::test_parts")
            .ended(Outcome::Failed, "contains 1 failed subtest")
            .problem("call", "failed", "contains 1 failed subtest", "contains 1 failed subtest")
            .with(|details| {
                details.subtests = vec![Subtest {
                    name: "[second] (n=2)".to_owned(),
                    outcome: "failed".to_owned(),
                    duration: 0.001,
                    message: Some("assert 2 == 3".to_owned()),
                    text: Some("E   assert 2 == 3".to_owned()),
                }];
                details.subtests_passed = 1;
            }),
        test("tests/test_broken.py")
            .ended(Outcome::Errored, "ModuleNotFoundError: No module named 'nope'")
            .problem(
                "collect",
                "errored",
                "tests/test_broken.py:1: in <module>\nE   ModuleNotFoundError: No module named 'nope'",
                "ModuleNotFoundError: No module named 'nope'",
            ),
    ]
}

/// Plays a run of suites that frameworks run, and of commands, which pass. Tests run one after the
/// other in the order of `wall`, which has indexes of `tests`; all tests of all suites are in plan
/// order in `tests`.
pub(crate) fn play(
    jobs: u32,
    suites: &[SuiteInfo],
    tests: &[TestFinished],
    wall: &[usize],
) -> Vec<Event> {
    let mut play = Play::new(suites, tests);
    play.push(EventKind::RunStarted(RunStarted {
        run: "01K3F9".to_owned(),
        version: "0.1.0".to_owned(),
        started: "2026-11-20T15:00:00Z".parse().unwrap(),
        root: "/repo".to_owned(),
        jobs,
        suites: suites.to_vec(),
    }));
    for suite in suites {
        let suite = suite.name.clone();
        play.push(EventKind::SuiteStarted(SuiteStarted { suite }));
    }
    for suite in suites.iter().filter(|suite| suite.framework == "command") {
        play.command(&suite.name);
    }
    for &index in wall {
        play.test(index);
    }
    play.finish(suites);
    play.events
}

struct Play {
    events: Vec<Event>,
    at: f64,
    tests: Vec<TestFinished>,
    done: Vec<bool>,
    /// Suite and unit of each unit in plan order.
    units: Vec<(Arc<str>, Arc<str>)>,
    collected: Vec<bool>,
    reported: usize,
    suites: Vec<SuiteInfo>,
    finished: Vec<Arc<str>>,
    suites_reported: usize,
    sum: f64,
}

impl Play {
    fn new(suites: &[SuiteInfo], tests: &[TestFinished]) -> Self {
        let mut units: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        let mut tests = tests.to_vec();
        let mut within = 0;
        for test in &mut tests {
            let unit = (
                test.suite.clone(),
                test.details.as_ref().unwrap().unit.clone(),
            );
            if units.last() == Some(&unit) {
                within += 1;
            } else {
                units.push(unit);
                within = 0;
            }
            test.position = [units.len() as u32 - 1, within];
        }
        assert!(suites.iter().any(|suite| suite.framework != "command"));
        Self {
            events: Vec::new(),
            at: 0.0,
            done: vec![false; tests.len()],
            tests,
            collected: vec![false; units.len()],
            units,
            reported: 0,
            suites: suites.to_vec(),
            finished: Vec::new(),
            suites_reported: 0,
            sum: 0.0,
        }
    }

    fn push(&mut self, kind: EventKind) {
        self.events.push(Event {
            v: EVENT_FORMAT_VERSION,
            seq: self.events.len() as u64,
            at: seconds(self.at),
            kind,
        });
    }

    fn command(&mut self, name: &Arc<str>) {
        let result = passed(1, self.at, 1.0);
        self.at += 1.0;
        self.sum += 1.0;
        self.push(EventKind::AttemptFinished(AttemptFinished {
            suite: name.clone(),
            test: name.clone(),
            result: result.clone(),
            retrying: false,
        }));
        self.push(EventKind::TestFinished(TestFinished {
            suite: name.clone(),
            test: name.clone(),
            outcome: Outcome::Passed,
            flaky: false,
            message: None,
            not_run: None,
            attempts: vec![result],
            position: [0, 0],
            details: None,
        }));
        let mut counts = Counts::default();
        counts.add(Outcome::Passed, false, false);
        self.suite_finished(name, counts);
        self.report();
    }

    fn test(&mut self, index: usize) {
        let test = self.tests[index].clone();
        let unit = test.position[0] as usize;
        if !self.collected[unit] {
            self.collected[unit] = true;
            let (suite, name) = self.units[unit].clone();
            let tests = self
                .tests
                .iter()
                .filter(|test| test.position[0] as usize == unit);
            let tests = tests.count() as u64;
            let is_open = |(place, (of, _)): &(usize, &(Arc<str>, Arc<str>))| {
                *of == suite && !self.collected[*place]
            };
            let uncollected = self.units.iter().enumerate().filter(is_open).count() as u64;
            self.push(EventKind::UnitCollected(UnitCollected {
                suite,
                unit: name,
                tests,
                deselected: 0,
                uncollected: Some(uncollected),
            }));
        }
        for attempt in &test.attempts {
            self.push(EventKind::AttemptStarted(AttemptStarted {
                suite: test.suite.clone(),
                test: test.test.clone(),
                attempt: attempt.attempt,
                slot: test.details.as_ref().unwrap().worker.unwrap(),
                pid: Some(4242),
            }));
            self.at += attempt.duration.as_secs_f64();
            self.sum += attempt.duration.as_secs_f64();
            if attempt.attempt < test.attempts.len() as u32 {
                self.push(EventKind::AttemptFinished(AttemptFinished {
                    suite: test.suite.clone(),
                    test: test.test.clone(),
                    result: attempt.clone(),
                    retrying: true,
                }));
            }
        }
        if test.outcome == Outcome::Passed {
            self.push(EventKind::TestWarning(TestWarning {
                suite: test.suite.clone(),
                test: Some(test.test.to_string()),
                category: "DeprecationWarning".to_owned(),
                message: "utcnow() is deprecated\nuse now()".to_owned(),
                location: Some(("/repo/api/orders.py".to_owned(), Some(31))),
                text: None,
            }));
        }
        self.done[index] = true;
        self.push(EventKind::TestFinished(test));
        self.report();
    }

    /// Ends suites whose tests have all ended, and reports what may be reported by now.
    fn report(&mut self) {
        for suite in self.suites.clone() {
            let of_suite = self
                .tests
                .iter()
                .zip(&self.done)
                .filter(|(test, _)| test.suite == suite.name);
            let is_open = of_suite.clone().any(|(_, done)| !done);
            if suite.framework != "command" && !is_open && !self.finished.contains(&suite.name) {
                let tests: Vec<TestFinished> = of_suite.map(|(test, _)| test.clone()).collect();
                let (counts, _) = totals(&tests);
                self.suite_finished(&suite.name, counts);
            }
        }
        while let Some(suite) = self.suites.get(self.suites_reported).cloned() {
            while let Some((of, unit)) = self.units.get(self.reported).cloned() {
                let tests = self.tests.iter().zip(&self.done);
                let tests = tests.filter(|(test, _)| test.position[0] as usize == self.reported);
                if of != suite.name || tests.clone().any(|(_, done)| !done) {
                    break;
                }
                let tests: Vec<TestFinished> = tests.map(|(test, _)| test.clone()).collect();
                let (counts, duration) = totals(&tests);
                self.push(EventKind::UnitReported(UnitReported {
                    suite: of,
                    unit,
                    part: None,
                    counts,
                    duration: seconds(duration),
                }));
                self.reported += 1;
            }
            if !self.finished.contains(&suite.name) {
                return;
            }
            self.push(EventKind::SuiteReported(SuiteReported {
                suite: suite.name,
            }));
            self.suites_reported += 1;
        }
    }

    fn suite_finished(&mut self, name: &Arc<str>, counts: Counts) {
        let outcome = if counts.failures() > 0 {
            Outcome::Failed
        } else {
            Outcome::Passed
        };
        self.finished.push(name.clone());
        self.push(EventKind::SuiteFinished(SuiteFinished {
            suite: name.clone(),
            outcome,
            counts,
            duration: seconds(self.at),
            boot: Some(seconds(0.1)),
            usage: Usage::default(),
        }));
    }

    fn finish(&mut self, suites: &[SuiteInfo]) {
        assert_eq!(self.suites_reported, suites.len(), "every test has run");
        let mut all = Counts::default();
        let mut by_suite = Counts::default();
        for suite in suites {
            let tests: Vec<TestFinished> = self
                .tests
                .iter()
                .filter(|test| test.suite == suite.name)
                .cloned()
                .collect();
            let (mut counts, _) = totals(&tests);
            if suite.framework == "command" {
                counts.add(Outcome::Passed, false, false);
            }
            let failed = counts.failures() > 0;
            by_suite.add(
                if failed {
                    Outcome::Failed
                } else {
                    Outcome::Passed
                },
                counts.flaky > 0,
                suite.allow_failure,
            );
            add(&mut all, counts);
        }
        self.push(EventKind::RunFinished(RunFinished {
            counts: all,
            suites: by_suite,
            wall: seconds(self.at),
            sum_of_durations: seconds(self.sum),
            usage: Usage::default(),
            limit: Some(Limit {
                duration: seconds(self.at * 0.96),
                due_to: LimitTerm::Sizes,
            }),
            efficiency: Some(0.96),
            interrupted: None,
        }));
    }
}

fn totals(tests: &[TestFinished]) -> (Counts, f64) {
    let mut counts = Counts::default();
    let mut duration = 0.0;
    for test in tests {
        counts.add(test.outcome, test.flaky, false);
        let last = test.attempts.last();
        duration += last.map_or(0.0, |last| last.duration.as_secs_f64());
    }
    (counts, duration)
}

fn add(all: &mut Counts, counts: Counts) {
    all.total += counts.total;
    all.passed += counts.passed;
    all.failed += counts.failed;
    all.errored += counts.errored;
    all.skipped += counts.skipped;
    all.xfailed += counts.xfailed;
    all.xpassed += counts.xpassed;
    all.timed_out += counts.timed_out;
    all.crashed += counts.crashed;
    all.not_run += counts.not_run;
    all.flaky += counts.flaky;
    all.allowed += counts.allowed;
}

/// The indexes of so many tests in an order that has little to do with plan order.
pub(crate) fn shuffled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|index| (index * 7919 + 13) % 101);
    order.reverse();
    order
}

/// One suite in which everything happens, in plan order.
pub(crate) fn eventful_suite() -> Vec<Event> {
    let tests = eventful_tests("api");
    let order: Vec<usize> = (0..tests.len()).collect();
    play(2, &[framework_suite("api")], &tests, &order)
}
