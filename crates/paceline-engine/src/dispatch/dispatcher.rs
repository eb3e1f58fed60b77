//! The loop.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::commands::Running;
use super::info::suite_info;
use super::result::RunResult;
use crate::attempt::{Context, JobId, Notice, Pool, Update};
use crate::capture::Capture;
use crate::event::{
    AttemptResult, Event, EventKind, NotRun, Output, RunStarted, SuiteStarted, Warning,
};
use crate::ledger::TestEntry;
use crate::outcome::Outcome;
use crate::plan::{Constraints, Plan, Suite, SuiteId, Work};
use crate::run::{Core, Inbox, Message, Options};
use crate::schedule::{Scheduler, Task, TaskId};
use crate::sys::{self, Signal};
use crate::workers::FrameworkSuite;

/// How often orphans that have ended are collected while nothing else happens.
const SWEEP: Duration = Duration::from_secs(1);

/// Runs `plan`. Each event goes to `sink` as it happens.
///
/// Returns when every test has its outcome and no process of the run is left.
pub fn run(
    plan: &Plan,
    options: &Options,
    capture: &dyn Capture,
    inbox: &Inbox,
    sink: &mut dyn FnMut(Event),
) -> RunResult {
    sys::adopt_orphans();
    let context = Context {
        run: &options.run,
        began: options.began,
        capture,
        environment: &options.environment,
        kill_grace: options.kill_grace,
        output: options.output.as_deref(),
    };
    std::thread::scope(|scope| {
        let sender = inbox.sender.clone();
        let notify = move |notice| {
            // The dispatcher outlives all attempts.
            let _ = sender.send(Message::Attempt(notice));
        };
        let pool = Pool::new(scope, &context, notify);
        let scheduler = Scheduler::new(options.jobs, &plan.resources, tasks(plan));
        let mut dispatcher = Dispatcher {
            core: Core::new(plan, options, pool, scheduler, inbox.sender.clone(), sink),
            frameworks: BTreeMap::new(),
            running: BTreeMap::new(),
            attempts: vec![Vec::new(); plan.suites.len()],
            free_slots: BTreeSet::new(),
            slots_used: 0,
            interrupted: None,
            internal_error: false,
        };
        dispatcher.announce(capture);
        dispatcher.work(&inbox.receiver);
        dispatcher.finish()
    })
}

/// The suites of a plan as the scheduler sees them.
pub fn tasks(plan: &Plan) -> Vec<Task> {
    let task = |suite: &Suite| Task {
        constraints: match (&suite.work, suite.constraints.serial) {
            // Its parts run while its host does: it takes all slots instead of running alone.
            (Work::Framework(_), true) => Constraints {
                weight: u32::MAX,
                serial: false,
                ..suite.constraints.clone()
            },
            _ => suite.constraints.clone(),
        },
        after: suite.depends_on.iter().map(|id| TaskId(id.0)).collect(),
        expected: suite.expected,
    };
    plan.suites.iter().map(task).collect()
}

/// All state of a run that changes.
pub(super) struct Dispatcher<'run, 'scope, 'env: 'scope> {
    pub(super) core: Core<'run, 'scope, 'env>,
    /// Suites that a framework runs and that have not ended.
    pub(super) frameworks: BTreeMap<SuiteId, FrameworkSuite<'env>>,
    /// Commands that run.
    pub(super) running: BTreeMap<SuiteId, Running>,
    /// Finished attempts of commands that have no final outcome yet.
    pub(super) attempts: Vec<Vec<AttemptResult>>,
    pub(super) free_slots: BTreeSet<u32>,
    pub(super) slots_used: u32,
    pub(super) interrupted: Option<Signal>,
    pub(super) internal_error: bool,
}

impl Dispatcher<'_, '_, '_> {
    fn announce(&mut self, capture: &dyn Capture) {
        let (plan, options) = (self.core.plan, self.core.options);
        let info = |suite| suite_info(plan, suite, &options.root, capture.display_path(suite));
        self.core.tell(EventKind::RunStarted(RunStarted {
            run: options.run.clone(),
            version: options.version.clone(),
            started: options.started,
            root: options.root.display().to_string(),
            jobs: options.jobs,
            suites: plan.suites.iter().map(info).collect(),
        }));
    }

    fn work(&mut self, inbox: &Receiver<Message>) {
        self.start_all();
        while !self.running.is_empty() || !self.frameworks.is_empty() {
            let deadline = self
                .frameworks
                .values()
                .filter_map(FrameworkSuite::next_deadline)
                .min();
            let patience = deadline.map_or(SWEEP, |deadline| {
                deadline
                    .saturating_duration_since(Instant::now())
                    .min(SWEEP)
            });
            match inbox.recv_timeout(patience) {
                Ok(message) => {
                    self.handle(message);
                    // What has come meanwhile may settle what would else be decided too early.
                    while let Ok(message) = inbox.try_recv() {
                        self.handle(message);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    sys::reap_orphans();
                }
                // The dispatcher's caller holds a sender.
                Err(RecvTimeoutError::Disconnected) => break,
            }
            for suite in self.frameworks.values_mut() {
                suite.tick(&mut self.core);
            }
            self.start_all();
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Attempt(Notice::Update(JobId::Command(id), update)) => {
                self.updated(id, update);
            }
            Message::Attempt(Notice::Finished(JobId::Command(id), result)) => {
                self.attempt_finished(id, result);
            }
            Message::Attempt(Notice::Update(JobId::Host(id) | JobId::Worker(id, _), update)) => {
                self.process_updated(id, update);
            }
            Message::Attempt(Notice::Finished(JobId::Host(id), result)) => {
                if let Some(suite) = self.frameworks.get_mut(&id) {
                    suite.host_ended(&mut self.core, result);
                }
            }
            Message::Attempt(Notice::Finished(JobId::Worker(id, number), result)) => {
                if let Some(suite) = self.frameworks.get_mut(&id) {
                    suite.spawned_worker_ended(&mut self.core, number, &result);
                }
            }
            Message::Link(event) => self.link(event),
            Message::Interrupt(signal) => self.interrupt(signal),
        }
        if let Some(after) = self.core.too_many.take() {
            self.stop_after_too_many(after);
        }
        if let Some(signal) = self.core.ended_by.take() {
            self.interrupted = Some(signal);
            let signal = signal.name().to_owned();
            // The worker that ended by it tears down; there is no other.
            self.stop(&NotRun::Interrupted { signal }, None);
        }
    }

    /// Starts all that may start now, and ends suites that are over.
    fn start_all(&mut self) {
        loop {
            while let Some(task) = self.core.scheduler.start_next() {
                match self.core.owner(task) {
                    None => self.start(SuiteId(task.0)),
                    Some(owner) => match self.frameworks.get_mut(&owner) {
                        Some(suite) => suite.start_part(&mut self.core, task),
                        None => drop(self.core.scheduler.finish(task, true)),
                    },
                }
            }
            let mut has_more = false;
            for suite in self.frameworks.values_mut() {
                has_more |= suite.open_gate(&mut self.core);
            }
            if has_more {
                continue;
            }
            for suite in self.frameworks.values_mut() {
                suite.settle(&mut self.core);
            }
            let over = self.frameworks.iter().find(|(_, suite)| suite.is_over());
            let Some(id) = over.map(|(id, _)| *id) else {
                return;
            };
            self.finish_framework(id);
        }
    }

    fn start(&mut self, id: SuiteId) {
        let suite = self.core.plan.suite(id);
        if self.attempts[id.0].is_empty() {
            self.core.tell(EventKind::SuiteStarted(SuiteStarted {
                suite: suite.name.clone(),
            }));
        }
        match &suite.work {
            Work::Command => self.start_command(id, suite),
            Work::Framework(framework) => {
                let suite = FrameworkSuite::boot(&mut self.core, id, suite, framework);
                self.frameworks.insert(id, suite);
            }
        }
    }

    /// Something happened to a process that is no attempt of a test by itself.
    pub(super) fn process_updated(&mut self, id: SuiteId, update: Update) {
        if let Update::LogFailed(error) = update {
            self.internal_error = true;
            self.core.tell(EventKind::Warning(Warning {
                suite: Some(self.core.plan.suite(id).name.clone()),
                message: error.to_string(),
                fatal: true,
            }));
        } else if let Update::Output(text) = update {
            self.core.tell(EventKind::Output(Output {
                suite: self.core.plan.suite(id).name.clone(),
                attempt: 1,
                text,
            }));
        }
    }

    fn finish_framework(&mut self, id: SuiteId) {
        let Some(suite) = self.frameworks.remove(&id) else {
            return;
        };
        let duration = self.core.now().saturating_sub(suite.began());
        let measured = self.core.measured.suites.entry(id).or_default();
        let boot = suite.boot_time();
        measured.0 = boot;
        for event in self
            .core
            .ledger
            .finish_framework(id, duration, boot, suite.usage())
        {
            self.core.tell(event);
        }
        let counts = self.core.ledger.suite_counts(id);
        let failed = counts.failures() > 0 || counts.not_run > 0;
        let outcome = if failed {
            Outcome::Failed
        } else {
            Outcome::Passed
        };
        self.suite_is_done(id, outcome);
    }

    /// A suite has ended: what depends on it can start, or never will.
    pub(super) fn suite_is_done(&mut self, id: SuiteId, outcome: Outcome) {
        let blocked = self
            .core
            .scheduler
            .finish(TaskId(id.0), outcome.satisfies_dependents());
        let stopping = self.core.stopping.clone();
        for TaskId(task) in blocked {
            let id = SuiteId(task);
            let reason = stopping
                .clone()
                .unwrap_or_else(|| self.core.ledger.broken_chain(id));
            let name = self.core.plan.suite(id).name.clone();
            self.enter(id, &TestEntry::of_command(name, Vec::new(), Some(reason)));
        }
        let suite = self.core.plan.suite(id);
        if matches!(suite.work, Work::Command) {
            self.core.broken |= outcome == Outcome::Errored && !suite.allow_failure;
            self.core.count_failure(id, outcome, &suite.name);
        }
    }

    pub(super) fn enter(&mut self, id: SuiteId, entry: &TestEntry) {
        for event in self.core.ledger.settle_command(id, entry) {
            self.core.tell(event);
        }
    }
}
