//! The loop.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use paceline_protocol::{FromWorker, PROTOCOL_VERSION, Role};
use rustix::process::Signal as Kill;

use super::info::suite_info;
use crate::attempt::{
    Context, Handle, Job, JobId, Notice, Pool, Program, ProgramLog, Stop, Sweep, Update,
};
use crate::capture::Capture;
use crate::event::{
    AttemptFinished, AttemptResult, AttemptStarted, Event, EventKind, NotRun, Output, RunFinished,
    RunStarted, Stopping, SuiteStarted, Usage, Warning,
};
use crate::ledger::{TestEntry, total_usage};
use crate::limit::{self, Limit, MeasuredWork};
use crate::outcome::Outcome;
use crate::plan::{Constraints, Plan, Suite, SuiteId, Work};
use crate::run::{Core, Inbox, LinkEvent, LinkId, Message, Options, Peer};
use crate::schedule::{Scheduler, Task, TaskId};
use crate::sys::{self, Signal};
use crate::workers::FrameworkSuite;

/// How often orphans that have ended are collected while nothing else happens.
const SWEEP: Duration = Duration::from_secs(1);

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// What reporters were told last.
    pub finished: RunFinished,
    /// The signal that ended the run early.
    pub interrupted: Option<Signal>,
    /// Whether something that was asked for could not be done, such as writing a log.
    pub internal_error: bool,
    /// Whether a suite could not be started or collected and its failure is not allowed.
    pub broken: bool,
}

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

/// A command that runs.
struct Running {
    handle: Handle,
    attempt: u32,
    slot: u32,
    /// Whether its start has been told.
    announced: bool,
}

struct Dispatcher<'run, 'scope, 'env: 'scope> {
    core: Core<'run, 'scope, 'env>,
    /// Suites that a framework runs and that have not ended.
    frameworks: BTreeMap<SuiteId, FrameworkSuite<'env>>,
    /// Commands that run.
    running: BTreeMap<SuiteId, Running>,
    /// Finished attempts of commands that have no final outcome yet.
    attempts: Vec<Vec<AttemptResult>>,
    free_slots: BTreeSet<u32>,
    slots_used: u32,
    interrupted: Option<Signal>,
    internal_error: bool,
}

impl<'env> Dispatcher<'_, '_, 'env> {
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

    fn start_command(&mut self, id: SuiteId, suite: &'env Suite) {
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

    fn updated(&mut self, id: SuiteId, update: Update) {
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

    /// Something happened to a process that is no attempt of a test by itself.
    fn process_updated(&mut self, id: SuiteId, update: Update) {
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

    fn attempt_finished(&mut self, id: SuiteId, result: AttemptResult) {
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

    fn finish_framework(&mut self, id: SuiteId) {
        let Some(suite) = self.frameworks.remove(&id) else {
            return;
        };
        let duration = self.core.now().saturating_sub(suite.began());
        let measured = self.core.measured.suites.entry(id).or_default();
        measured.0 = suite.boot_time();
        for event in self
            .core
            .ledger
            .finish_framework(id, duration, suite.usage())
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
    fn suite_is_done(&mut self, id: SuiteId, outcome: Outcome) {
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

    fn stop_after_too_many(&mut self, after: Arc<str>) {
        let immediate = self
            .core
            .options
            .max_fail
            .is_some_and(|limit| limit.immediate);
        let stop = immediate.then_some(Stop::Gently);
        self.stop(&NotRun::MaxFail { after }, stop);
    }

    fn interrupt(&mut self, signal: Signal) {
        let mut suites = self.frameworks.values();
        if signal.is_interrupt() && suites.any(FrameworkSuite::has_terminal) {
            self.core.left_to_worker = Some(signal);
            return;
        }
        if self.interrupted.is_some() {
            self.stop_running(Some(Stop::AtOnce));
            return;
        }
        self.interrupted = Some(signal);
        let signal = signal.name().to_owned();
        self.stop(&NotRun::Interrupted { signal }, Some(Stop::Gently));
    }

    /// Starts nothing any more, and stops what runs if `running` says how.
    fn stop(&mut self, reason: &NotRun, running: Option<Stop>) {
        let queued = self.core.scheduler.halt();
        if self.core.stopping.is_none() {
            self.core.stopping = Some(reason.clone());
        }
        self.core.tell(EventKind::Stopping(Stopping {
            reason: reason.clone(),
            running_too: running.is_some(),
            running: (self.running.len() + self.frameworks.len()) as u32,
            queued: queued.len() as u64,
        }));
        for TaskId(task) in queued {
            if task >= self.core.plan.suites.len() {
                // A part; its suite ends it.
                continue;
            }
            let id = SuiteId(task);
            let attempts = std::mem::take(&mut self.attempts[id.0]);
            let name = self.core.plan.suite(id).name.clone();
            self.enter(
                id,
                &TestEntry::of_command(name, attempts, Some(reason.clone())),
            );
        }
        self.stop_running(running);
    }

    fn stop_running(&mut self, how: Option<Stop>) {
        if let Some(how) = how {
            for running in self.running.values() {
                running.handle.stop(how);
            }
        }
        for suite in self.frameworks.values_mut() {
            suite.stop(&mut self.core, how);
        }
    }

    fn enter(&mut self, id: SuiteId, entry: &TestEntry) {
        for event in self.core.ledger.settle_command(id, entry) {
            self.core.tell(event);
        }
    }

    /// Something happened on a connection.
    fn link(&mut self, event: LinkEvent) {
        let Some(exchange) = self.core.open_exchange() else {
            return;
        };
        exchange.handled();
        match event {
            LinkEvent::Opened(id, stream) => exchange.opened(id, stream),
            LinkEvent::Message(id, FromWorker::Hello(hello)) => self.hello(id, &hello),
            LinkEvent::Message(id, message) => match exchange.peer(id) {
                Some(peer) => self.with_suite(peer, |suite, core| {
                    suite.message(core, peer, message);
                }),
                None => exchange.dismiss(id, "the first message has to be `hello`"),
            },
            LinkEvent::Broken(id, what) => {
                let peer = exchange.closed(id);
                if let Some(peer) = peer {
                    self.with_suite(peer, |suite, core| {
                        suite.misbehaved(core, peer, &what);
                        suite.disconnected(core, peer);
                    });
                }
            }
            LinkEvent::Closed(id) => {
                if let Some(peer) = exchange.closed(id) {
                    self.with_suite(peer, |suite, core| suite.disconnected(core, peer));
                }
            }
        }
    }

    fn with_suite(
        &mut self,
        peer: Peer,
        act: impl FnOnce(&mut FrameworkSuite<'env>, &mut Core<'_, '_, 'env>),
    ) {
        let (Peer::Host(id) | Peer::Worker(id, _)) = peer;
        if let Some(suite) = self.frameworks.get_mut(&id) {
            act(suite, &mut self.core);
        }
    }

    /// A connection says who it is.
    fn hello(&mut self, id: LinkId, hello: &paceline_protocol::Hello) {
        let Some(exchange) = self.core.open_exchange() else {
            return;
        };
        if let Some(peer) = exchange.peer(id) {
            self.with_suite(peer, |suite, core| {
                suite.misbehaved(core, peer, "`hello` twice");
            });
            return;
        }
        if hello.protocol != PROTOCOL_VERSION {
            let reason = format!("this engine speaks version {PROTOCOL_VERSION} of the protocol");
            exchange.dismiss(id, &reason);
            return;
        }
        let peer = exchange.redeem(&hello.token).filter(|peer| match peer {
            Peer::Host(_) => hello.role == Role::Host,
            Peer::Worker(_, number) => hello.role == Role::Worker && hello.worker == Some(*number),
        });
        match peer {
            Some(peer) => {
                self.with_suite(peer, |suite, core| suite.connected(core, id, peer, hello));
            }
            None => exchange.dismiss(id, "nobody with this token is expected"),
        }
    }

    fn finish(mut self) -> RunResult {
        self.stop_last_strays();
        let counts = self.core.ledger.counts();
        let wall = self.core.now();
        let usage = total_usage(
            self.core
                .ledger
                .attempts()
                .map(|(_, attempt)| &attempt.usage),
        );
        let work = self.work_done();
        let limit = self.limit(&work);
        let efficiency = limit
            .as_ref()
            .map(|limit| limit.duration.as_secs_f64() / wall.as_secs_f64().max(1e-9))
            .map(|ratio| ratio.min(1.0));
        let finished = RunFinished {
            counts,
            suites: self.core.ledger.suites(),
            wall,
            sum_of_durations: work.iter().map(|work| work.duration).sum(),
            usage,
            limit,
            efficiency,
            interrupted: self.interrupted.map(|signal| signal.name().to_owned()),
        };
        self.core.tell(EventKind::RunFinished(finished.clone()));
        RunResult {
            finished,
            interrupted: self.interrupted,
            internal_error: self.internal_error,
            broken: self.core.broken,
        }
    }

    /// Kills what no suite could be blamed for.
    fn stop_last_strays(&mut self) {
        let left = sys::remaining();
        if left.is_empty() {
            return;
        }
        let names: Vec<String> = left
            .iter()
            .map(|stray| stray.report().to_string())
            .collect();
        for stray in &left {
            stray.signal(Kill::KILL);
        }
        self.core.tell(EventKind::Warning(Warning {
            suite: None,
            message: format!(
                "stopped processes that suites had left: {}",
                names.join(", ")
            ),
            fatal: false,
        }));
    }

    /// The work that was measured. Each attempt of a command counts by itself: those of a suite come
    /// one after another, but not in one piece. Of a part of a framework suite, which could have
    /// been split further, the longest test counts as one piece and the rest as another.
    fn work_done(&self) -> Vec<MeasuredWork> {
        let plan = self.core.plan;
        let mut work: Vec<MeasuredWork> = Vec::new();
        let mut last_of: BTreeMap<SuiteId, Vec<usize>> = BTreeMap::new();
        let mut attempts: BTreeMap<SuiteId, Vec<Duration>> = BTreeMap::new();
        for (id, attempt) in self.core.ledger.attempts() {
            attempts.entry(id).or_default().push(attempt.duration);
        }
        for id in plan.ids() {
            let suite = plan.suite(id);
            // Dependencies come first in plan order.
            let before = suite
                .depends_on
                .iter()
                .filter_map(|d| last_of.get(d))
                .flatten();
            let mut after: Vec<usize> = before.copied().collect();
            let piece = |after: &[usize], duration| MeasuredWork {
                name: suite.name.clone(),
                constraints: suite.constraints.clone(),
                after: after.to_vec(),
                duration,
            };
            if let Some((boot, parts)) = self.core.measured.suites.get(&id) {
                work.push(piece(&after, *boot));
                let boot = [work.len() - 1];
                let mut ends = Vec::new();
                for (took, longest) in parts {
                    for duration in [*longest, took.saturating_sub(*longest)] {
                        let constraints = Constraints::default();
                        ends.push(work.len());
                        work.push(MeasuredWork {
                            constraints,
                            ..piece(&boot, duration)
                        });
                    }
                }
                last_of.insert(id, ends);
                continue;
            }
            for duration in attempts.remove(&id).unwrap_or_default() {
                work.push(piece(&after, duration));
                after = vec![work.len() - 1];
                last_of.insert(id, after.clone());
            }
        }
        work
    }

    /// The lower bound for what was measured.
    fn limit(&self, work: &[MeasuredWork]) -> Option<Limit> {
        limit::lower_bound(self.core.options.jobs, &self.core.plan.resources, work)
    }
}
