//! One entry for each test, and who may be reported when.

use std::time::Duration;

use crate::event::{
    AttemptResult, EventKind, FailedDependency, NotRun, SuiteFinished, SuiteReported, TestFinished,
    Usage,
};
use crate::outcome::{Counts, Outcome};
use crate::plan::{Plan, SuiteId};

/// The final word on one test.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) outcome: Outcome,
    pub(crate) not_run: Option<NotRun>,
    pub(crate) attempts: Vec<AttemptResult>,
}

impl Entry {
    /// A test that was never started.
    pub(crate) fn not_run(reason: NotRun) -> Self {
        Self {
            outcome: Outcome::NotRun,
            not_run: Some(reason),
            attempts: Vec::new(),
        }
    }

    /// A test whose last attempt has ended; `stopped` says why, where that attempt was cut short.
    ///
    /// A test that failed and was stopped in its retry has failed.
    pub(crate) fn ended(attempts: Vec<AttemptResult>, stopped: Option<NotRun>) -> Self {
        let verdict = attempts
            .iter()
            .rev()
            .find(|attempt| attempt.outcome != Outcome::NotRun);
        let outcome = verdict.map_or(Outcome::NotRun, |attempt| attempt.outcome);
        Self {
            outcome,
            not_run: stopped.filter(|_| outcome == Outcome::NotRun),
            attempts,
        }
    }

    fn is_flaky(&self) -> bool {
        self.outcome == Outcome::Passed && self.attempts.len() > 1
    }

    fn message(&self) -> Option<String> {
        if self.outcome == Outcome::Passed {
            return None;
        }
        let verdict = self
            .attempts
            .iter()
            .rev()
            .find(|attempt| attempt.outcome == self.outcome);
        match (&self.not_run, verdict) {
            (Some(reason), Some(_)) => Some(format!("stopped while it ran: {reason}")),
            (Some(reason), None) => Some(reason.to_string()),
            (None, verdict) => verdict.and_then(|attempt| attempt.message.clone()),
        }
    }

    fn duration(&self) -> Duration {
        match (self.attempts.first(), self.attempts.last()) {
            (Some(first), Some(last)) => {
                (last.started_at + last.duration).saturating_sub(first.started_at)
            }
            _ => Duration::ZERO,
        }
    }

    fn usage(&self) -> Usage {
        total_usage(self.attempts.iter().map(|attempt| &attempt.usage))
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

/// All entries of a run.
pub(crate) struct Ledger<'a> {
    plan: &'a Plan,
    entries: Vec<Option<Entry>>,
    /// How many suites, from the front of the plan, have been reported.
    reported: usize,
    counts: Counts,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            entries: vec![None; plan.suites.len()],
            reported: 0,
            counts: Counts::default(),
        }
    }

    /// Enters the final word on a suite of one test; answers what there is to tell.
    pub(crate) fn settle(&mut self, id: SuiteId, entry: Entry) -> Vec<EventKind> {
        let suite = self.plan.suite(id);
        debug_assert!(self.entries[id.0].is_none(), "{} ended twice", suite.name);
        let mut counts = Counts::default();
        counts.add(entry.outcome, entry.is_flaky(), suite.allow_failure);
        self.counts
            .add(entry.outcome, entry.is_flaky(), suite.allow_failure);
        let mut events = vec![
            EventKind::TestFinished(TestFinished {
                suite: suite.name.clone(),
                test: suite.name.clone(),
                outcome: entry.outcome,
                flaky: entry.is_flaky(),
                message: entry.message(),
                not_run: entry.not_run.clone(),
                attempts: entry.attempts.clone(),
                position: [0, 0],
                details: None,
            }),
            EventKind::SuiteFinished(SuiteFinished {
                suite: suite.name.clone(),
                outcome: entry.outcome,
                counts,
                duration: entry.duration(),
                usage: entry.usage(),
            }),
        ];
        self.entries[id.0] = Some(entry);
        while let Some(Some(_)) = self.entries.get(self.reported) {
            events.push(EventKind::SuiteReported(SuiteReported {
                suite: self.plan.suites[self.reported].name.clone(),
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
                let entry = self.entries[dependency.0].as_ref()?;
                (!entry.outcome.satisfies_dependents()).then_some((dependency, entry))
            });
        let mut chain = Vec::new();
        if let Some((dependency, entry)) = broken {
            chain.push(FailedDependency {
                suite: self.plan.suite(*dependency).name.clone(),
                outcome: entry.outcome,
            });
            if let Some(NotRun::Dependency { chain: further }) = &entry.not_run {
                chain.extend(further.iter().cloned());
            }
        }
        NotRun::Dependency { chain }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Every attempt of the run, with its suite.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = (SuiteId, &AttemptResult)> {
        self.plan.ids().zip(&self.entries).flat_map(|(id, entry)| {
            let attempts = entry.iter().flat_map(|entry| &entry.attempts);
            attempts.map(move |attempt| (id, attempt))
        })
    }
}
