//! Suites that are commands: their attempts, one after another.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io;
use std::time::Duration;

use super::dispatcher::Dispatcher;
use crate::attempt::{Handle, Job, JobId, Program, ProgramLog, Sweep, Update};
use crate::event::{AttemptFinished, AttemptResult, AttemptStarted, EventKind, Output, Usage};
use crate::ledger::TestEntry;
use crate::outcome::Outcome;
use crate::plan::{Suite, SuiteId};
use crate::schedule::TaskId;

/// A command that runs.
pub(super) struct Running {
    pub(super) handle: Handle,
    attempt: u32,
    slot: u32,
    /// Whether its start has been told.
    announced: bool,
}

impl<'env> Dispatcher<'_, '_, 'env> {
    pub(super) fn start_command(&mut self, id: SuiteId, suite: &'env Suite) {
        let slot = self.take_slot();
        let attempt = self.attempts[id.0].len() as u32 + 1;
        let env = [
            ("PACELINE_ATTEMPT", attempt.to_string()),
            ("PACELINE_WORKER_ID", slot.to_string()),
            (
                "PACELINE_WORKER_TOKEN",
                format!("{slot}_{}", self.core.options.run),
            ),
        ];
        let program = Program {
            suite: suite.name.clone(),
            launch: Cow::Borrowed(&suite.launch),
            attempt,
            env: env
                .map(|(name, value)| (OsString::from(name), OsString::from(value)))
                .into(),
            timeout: Some(suite.timeout),
            log: ProgramLog::Suite(suite),
            sweep: Sweep::Suite,
        };
        let id_of_job = JobId::Command(id);
        match self.core.pool.run(Job {
            id: id_of_job,
            program,
        }) {
            Ok(handle) => {
                let running = Running {
                    handle,
                    attempt,
                    slot,
                    announced: false,
                };
                self.running.insert(id, running);
            }
            Err(error) => {
                self.free_slots.insert(slot);
                self.attempt_finished(id, self.no_thread(attempt, &error));
            }
        }
    }

    fn no_thread(&self, attempt: u32, error: &io::Error) -> AttemptResult {
        AttemptResult {
            attempt,
            outcome: Outcome::Errored,
            exit: None,
            message: Some(format!("starting a thread for it: {error}")),
            started_at: self.core.now(),
            duration: Duration::ZERO,
            usage: Usage::default(),
            output_bytes: 0,
            tail: Vec::new(),
            leaked: Vec::new(),
        }
    }

    fn take_slot(&mut self) -> u32 {
        self.free_slots.pop_first().unwrap_or_else(|| {
            self.slots_used += 1;
            self.slots_used - 1
        })
    }

    pub(super) fn updated(&mut self, id: SuiteId, update: Update) {
        let suite = self.core.plan.suite(id).name.clone();
        let attempt = self.running.get(&id).map_or(1, |running| running.attempt);
        match update {
            Update::Started { pid } => self.announce_attempt(id, Some(pid)),
            Update::Output(text) => self.core.tell(EventKind::Output(Output {
                suite,
                attempt,
                text,
            })),
            Update::LogFailed(_) => self.process_updated(id, update),
        }
    }

    fn announce_attempt(&mut self, id: SuiteId, pid: Option<u32>) {
        let suite = self.core.plan.suite(id).name.clone();
        let Some(running) = self.running.get_mut(&id) else {
            return;
        };
        running.announced = true;
        let started = AttemptStarted {
            test: suite.clone(),
            suite,
            attempt: running.attempt,
            slot: running.slot,
            pid,
        };
        self.core.tell(EventKind::AttemptStarted(started));
    }

    pub(super) fn attempt_finished(&mut self, id: SuiteId, result: AttemptResult) {
        if self
            .running
            .get(&id)
            .is_some_and(|running| !running.announced)
        {
            self.announce_attempt(id, None);
        }
        if let Some(running) = self.running.remove(&id) {
            self.free_slots.insert(running.slot);
        }
        let suite = self.core.plan.suite(id);
        let retrying = result.outcome.is_failure()
            && result.attempt <= suite.retries
            && self.core.stopping.is_none();
        self.core.tell(EventKind::AttemptFinished(AttemptFinished {
            suite: suite.name.clone(),
            test: suite.name.clone(),
            result: result.clone(),
            retrying,
        }));
        self.attempts[id.0].push(result);
        if retrying && self.core.scheduler.requeue(TaskId(id.0)) {
            return;
        }
        let attempts = std::mem::take(&mut self.attempts[id.0]);
        let stopped = self.core.stopping.clone();
        let entry = TestEntry::of_command(suite.name.clone(), attempts, stopped);
        let outcome = entry.outcome();
        self.enter(id, &entry);
        self.suite_is_done(id, outcome);
    }
}
