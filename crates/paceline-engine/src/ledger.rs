//! One entry for each test, and who may be reported when.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::event::{
    AttemptResult, EventKind, FailedDependency, NotRun, SuiteFinished, SuiteReported, TestDetails,
    TestFinished, UnitReported, Usage,
};
use crate::outcome::{Counts, Outcome};
use crate::plan::{Plan, SuiteId, Work};

/// The final word on one test.
#[derive(Clone, Debug)]
pub(crate) struct TestEntry {
    pub(crate) name: Arc<str>,
    pub(crate) position: [u32; 2],
    /// Its attempts, in order; empty where it was never started.
    pub(crate) attempts: Vec<AttemptResult>,
    /// Why it was not run, or cut short.
    pub(crate) not_run: Option<NotRun>,
    pub(crate) details: Option<Box<TestDetails>>,
}

impl TestEntry {
    /// The command of a suite; `stopped` says why its last attempt was cut short or never made.
    pub(crate) fn of_command(
        name: Arc<str>,
        attempts: Vec<AttemptResult>,
        stopped: Option<NotRun>,
    ) -> Self {
        Self {
            name,
            position: [0, 0],
            attempts,
            not_run: stopped,
            details: None,
        }
    }

    /// A test that failed and was stopped in its retry has failed.
    pub(crate) fn outcome(&self) -> Outcome {
        let verdict = self
            .attempts
            .iter()
            .rev()
            .find(|attempt| attempt.outcome != Outcome::NotRun);
        verdict.map_or(Outcome::NotRun, |attempt| attempt.outcome)
    }

    fn is_flaky(&self) -> bool {
        self.outcome() == Outcome::Passed
            && self.attempts.last().is_some_and(|last| last.attempt > 1)
    }

    fn message(&self, outcome: Outcome) -> Option<String> {
        if outcome == Outcome::Passed {
            return None;
        }
        let verdict = self
            .attempts
            .iter()
            .rev()
            .find(|attempt| attempt.outcome == outcome);
        let reason = self.not_run.as_ref().filter(|_| outcome == Outcome::NotRun);
        match (reason, verdict) {
            (Some(reason), Some(_)) => Some(format!("stopped while it ran: {reason}")),
            (Some(reason), None) => Some(reason.to_string()),
            (None, verdict) => verdict.and_then(|attempt| attempt.message.clone()),
        }
    }

    fn event(&self, suite: &Arc<str>) -> TestFinished {
        let outcome = self.outcome();
        TestFinished {
            suite: suite.clone(),
            test: self.name.clone(),
            outcome,
            flaky: self.is_flaky(),
            message: self.message(outcome),
            not_run: self.not_run.clone().filter(|_| outcome == Outcome::NotRun),
            attempts: self.attempts.clone(),
            position: self.position,
            details: self.details.clone(),
        }
    }
}

/// Times added up, and the largest peak.
pub(crate) fn total_usage<'a>(all: impl Iterator<Item = &'a Usage>) -> Usage {
    all.fold(Usage::default(), |sum, one| Usage {
        user: sum.user + one.user,
        system: sum.system + one.system,
        peak_memory: sum.peak_memory.max(one.peak_memory),
    })
}

/// What is entered of a unit.
#[derive(Clone, Debug)]
struct UnitBook {
    path: Arc<str>,
    key: Arc<str>,
    counts: Counts,
    duration: Duration,
    is_closed: bool,
}

/// What is entered of a suite.
#[derive(Clone, Debug, Default)]
struct SuiteBook {
    units: Vec<UnitBook>,
    /// How many units there are of each path.
    paths: HashMap<Arc<str>, u32>,
    /// Units from the front that have been reported.
    units_reported: usize,
    counts: Counts,
    /// The suite's own outcome, once it has one.
    outcome: Option<Outcome>,
    not_run: Option<NotRun>,
    /// Attempts of a command.
    attempts: Vec<AttemptResult>,
}

/// All entries of a run.
pub(crate) struct Ledger<'a> {
    plan: &'a Plan,
    suites: Vec<SuiteBook>,
    /// How many suites, from the front of the plan, have been reported.
    reported: usize,
    counts: Counts,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            suites: vec![SuiteBook::default(); plan.suites.len()],
            reported: 0,
            counts: Counts::default(),
        }
    }

    /// Makes room for the next unit of a suite.
    pub(crate) fn add_unit(&mut self, id: SuiteId, key: Arc<str>, path: Arc<str>) {
        let book = &mut self.suites[id.0];
        *book.paths.entry(path.clone()).or_default() += 1;
        book.units.push(UnitBook {
            path,
            key,
            counts: Counts::default(),
            duration: Duration::ZERO,
            is_closed: false,
        });
    }

    /// Enters the final word on a test of a unit; answers what there is to tell. A test that is of
    /// no unit counts for its suite alone.
    pub(crate) fn settle_test(&mut self, id: SuiteId, unit: usize, entry: &TestEntry) -> EventKind {
        let suite = self.plan.suite(id);
        let event = entry.event(&suite.name);
        let book = &mut self.suites[id.0];
        let add = |counts: &mut Counts| counts.add(event.outcome, event.flaky, suite.allow_failure);
        add(&mut book.counts);
        add(&mut self.counts);
        if let Some(unit) = book.units.get_mut(unit) {
            add(&mut unit.counts);
            unit.duration += entry
                .attempts
                .last()
                .map(|last| last.duration)
                .unwrap_or_default();
        }
        EventKind::TestFinished(event)
    }

    /// All tests of a unit have been entered.
    pub(crate) fn close_unit(&mut self, id: SuiteId, unit: usize) -> Vec<EventKind> {
        if let Some(unit) = self.suites[id.0].units.get_mut(unit) {
            unit.is_closed = true;
        }
        self.report()
    }

    /// Enters the final word on a command; answers what there is to tell.
    pub(crate) fn settle_command(&mut self, id: SuiteId, entry: &TestEntry) -> Vec<EventKind> {
        let mut events = vec![self.settle_test(id, 0, entry)];
        let duration = match (entry.attempts.first(), entry.attempts.last()) {
            (Some(first), Some(last)) => {
                (last.started_at + last.duration).saturating_sub(first.started_at)
            }
            _ => Duration::ZERO,
        };
        let usage = total_usage(entry.attempts.iter().map(|attempt| &attempt.usage));
        let outcome = entry.outcome();
        let book = &mut self.suites[id.0];
        book.attempts.clone_from(&entry.attempts);
        book.not_run.clone_from(&entry.not_run);
        events.extend(self.finish_suite(id, outcome, (duration, None), usage));
        events
    }

    /// A suite that a framework runs has ended.
    pub(crate) fn finish_framework(
        &mut self,
        id: SuiteId,
        duration: Duration,
        boot: Duration,
        usage: Usage,
    ) -> Vec<EventKind> {
        let counts = self.suites[id.0].counts;
        let worst = [
            (Outcome::Errored, counts.errored),
            (Outcome::Crashed, counts.crashed),
            (Outcome::TimedOut, counts.timed_out),
            (Outcome::Failed, counts.failed),
            (Outcome::NotRun, counts.not_run),
        ];
        let worst = worst.into_iter().find(|(_, count)| *count > 0);
        let only_skipped = counts.total > 0 && counts.skipped == counts.total;
        let outcome = match worst {
            Some((outcome, _)) => outcome,
            None if only_skipped => Outcome::Skipped,
            None => Outcome::Passed,
        };
        self.finish_suite(id, outcome, (duration, Some(boot)), usage)
    }

    fn finish_suite(
        &mut self,
        id: SuiteId,
        outcome: Outcome,
        (duration, boot): (Duration, Option<Duration>),
        usage: Usage,
    ) -> Vec<EventKind> {
        let suite = self.plan.suite(id);
        let book = &mut self.suites[id.0];
        debug_assert!(book.outcome.is_none(), "{} ended twice", suite.name);
        book.outcome = Some(outcome);
        let mut events = vec![EventKind::SuiteFinished(SuiteFinished {
            suite: suite.name.clone(),
            outcome,
            counts: book.counts,
            duration,
            boot,
            usage,
        })];
        events.extend(self.report());
        events
    }

    /// What may be reported by now: units and suites whose predecessors have been.
    fn report(&mut self) -> Vec<EventKind> {
        let mut events = Vec::new();
        while let Some(book) = self.suites.get_mut(self.reported) {
            let name = &self.plan.suites[self.reported].name;
            while let Some(unit) = book.units.get(book.units_reported) {
                if !unit.is_closed {
                    break;
                }
                let is_one_of_many = book.paths.get(&unit.path).is_some_and(|count| *count > 1);
                events.push(EventKind::UnitReported(UnitReported {
                    suite: name.clone(),
                    unit: unit.path.clone(),
                    part: is_one_of_many.then(|| unit.key.clone()),
                    counts: unit.counts,
                    duration: unit.duration,
                }));
                book.units_reported += 1;
            }
            if book.outcome.is_none() {
                break;
            }
            events.push(EventKind::SuiteReported(SuiteReported {
                suite: name.clone(),
            }));
            self.reported += 1;
        }
        events
    }

    /// Why `id` cannot run, as one of its dependencies has not passed: the chain down to the one
    /// that did not pass by itself.
    pub(crate) fn broken_chain(&self, id: SuiteId) -> NotRun {
        let broken = self
            .plan
            .suite(id)
            .depends_on
            .iter()
            .find_map(|dependency| {
                let outcome = self.suites[dependency.0].outcome?;
                (!outcome.satisfies_dependents()).then_some((dependency, outcome))
            });
        let mut chain = Vec::new();
        if let Some((dependency, outcome)) = broken {
            chain.push(FailedDependency {
                suite: self.plan.suite(*dependency).name.clone(),
                outcome,
            });
            if let Some(NotRun::Dependency { chain: further }) = &self.suites[dependency.0].not_run
            {
                chain.extend(further.iter().cloned());
            }
        }
        NotRun::Dependency { chain }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn suite_counts(&self, id: SuiteId) -> Counts {
        self.suites[id.0].counts
    }

    /// Suites by outcome.
    pub(crate) fn suites(&self) -> Counts {
        let mut counts = Counts::default();
        for (suite, book) in self.plan.suites.iter().zip(&self.suites) {
            let flaky = matches!(suite.work, Work::Command) && book.counts.flaky > 0;
            let outcome = book.outcome.unwrap_or(Outcome::NotRun);
            counts.add(outcome, flaky, suite.allow_failure);
        }
        counts
    }

    /// Every attempt of a command, with its suite, in plan order.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = (SuiteId, &AttemptResult)> {
        let suites = self.plan.ids().zip(&self.suites);
        suites.flat_map(|(id, book)| book.attempts.iter().map(move |attempt| (id, attempt)))
    }
}

/// The work of framework suites that has been measured, for the limit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// For each suite: how long its host booted, and its parts as (time, longest test).
    pub(crate) suites: BTreeMap<SuiteId, (Duration, Vec<(Duration, Duration)>)>,
}
