//! What of a run is worth remembering, gathered from its events.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use paceline_engine::event::{Event, EventKind, TestFinished};
use paceline_engine::outcome::Outcome;

/// One run on its way into the history.
#[derive(Clone, Debug, Default)]
pub struct RunRecord {
    pub(crate) head: Option<Head>,
    pub(crate) attempts: Vec<AttemptRow>,
    /// How long the frameworks of suites took to boot.
    pub(crate) boots: Vec<(Arc<str>, Duration)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) run: String,
    pub(crate) started: Timestamp,
    pub(crate) jobs: u32,
    /// `None` until the run has finished.
    pub(crate) wall: Option<Duration>,
}

#[derive(Clone, Debug)]
pub(crate) struct AttemptRow {
    pub(crate) suite: Arc<str>,
    pub(crate) test: Arc<str>,
    pub(crate) attempt: u32,
    pub(crate) outcome: Outcome,
    pub(crate) started_at: Duration,
    pub(crate) duration: Duration,
    pub(crate) cpu: Duration,
    pub(crate) peak_memory: u64,
}

impl AttemptRow {
    /// Whether its duration says how long the test takes: not where it was cut short.
    pub(crate) fn ran_to_its_end(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Passed | Outcome::Failed | Outcome::Xfailed | Outcome::Xpassed
        )
    }
}

impl RunRecord {
    /// Takes note of an event.
    pub fn note(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted(started) => {
                self.head = Some(Head {
                    run: started.run.clone(),
                    started: started.started,
                    jobs: started.jobs,
                    wall: None,
                });
            }
            EventKind::TestFinished(test) => self.add(test),
            EventKind::SuiteFinished(suite) => {
                // Where none was ready there is nothing to expect of the next.
                let boot = suite.boot.filter(|boot| !boot.is_zero());
                self.boots
                    .extend(boot.map(|boot| (suite.suite.clone(), boot)));
            }
            EventKind::RunFinished(finished) => {
                if let Some(head) = &mut self.head {
                    head.wall = Some(finished.wall);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, test: &TestFinished) {
        self.attempts
            .extend(test.attempts.iter().map(|attempt| AttemptRow {
                suite: test.suite.clone(),
                test: test.test.clone(),
                attempt: attempt.attempt,
                outcome: attempt.outcome,
                started_at: attempt.started_at,
                duration: attempt.duration,
                cpu: attempt.usage.cpu(),
                peak_memory: attempt.usage.peak_memory,
            }));
    }
}
