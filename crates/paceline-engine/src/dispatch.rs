//! The dispatcher: one loop that owns all changing state of a run.
//!
//! It receives a message, updates its state, and does what follows. Nothing else starts, stops or
//! counts anything.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::process::Signal as Kill;

use crate::attempt::{Context, Handle, Job, Notice, OutputBudget, Pool, Stop, Update};
use crate::capture::Capture;
use crate::event::{
    AttemptFinished, AttemptResult, AttemptStarted, EVENT_FORMAT_VERSION, Event, EventKind, NotRun,
    Output, RunFinished, RunStarted, Stopping, SuiteInfo, SuiteStarted, Usage, Warning,
};
use crate::ledger::{Entry, Ledger, total_usage};
use crate::limit::{self, Limit, MeasuredWork};
use crate::outcome::Outcome;
use crate::plan::{Need, Plan, Suite, SuiteId};
use crate::schedule::{Scheduler, Task, TaskId};
use crate::sys::{self, Signal};

/// How often orphans that have ended are collected while nothing else happens.
const SWEEP: Duration = Duration::from_secs(1);

/// After how many failures a run stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxFail {
    /// This many; at least 1.
    pub count: u64,
    /// Whether what runs is stopped too, instead of only what waits.
    pub immediate: bool,
}

/// How to run a plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names the run.
    pub run: String,
    /// When the run was started.
    pub started: Timestamp,
    /// The instant that all times of the run are counted from.
    pub began: Instant,
    /// The version of paceline.
    pub version: String,
    /// The directory of the configuration.
    pub root: PathBuf,
    /// Slots; at least 1.
    pub jobs: u32,
    /// When to stop early.
    pub max_fail: Option<MaxFail>,
    /// Time between `TERM` and `KILL`.
    pub kill_grace: Duration,
    /// The environment that every program starts from.
    pub environment: Vec<(OsString, OsString)>,
    /// Whether reporters get what suites print, and what bounds that.
    pub output: Option<Arc<OutputBudget>>,
}

/// What reaches the dispatcher.
enum Message {
    Attempt(Notice),
    Interrupt(Signal),
}

/// Reaches a run from other threads.
#[derive(Clone)]
pub struct Remote(Sender<Message>);

impl Remote {
    /// Asks the run to end: the first time nothing new starts and what runs is terminated, after
    /// that it is killed.
    pub fn interrupt(&self, signal: Signal) {
        // A run that is over need not be told.
        let _ = self.0.send(Message::Interrupt(signal));
    }
}

/// The run's end of its [`Remote`]s.
pub struct Inbox {
    sender: Sender<Message>,
    receiver: Receiver<Message>,
}

impl Inbox {
    /// An empty one.
    pub fn new() -> Self {
        let (sender, receiver) = channel();
        Self { sender, receiver }
    }

    /// A handle to reach the run by.
    pub fn remote(&self) -> Remote {
        Remote(self.sender.clone())
    }
}

impl Default for Inbox {
    fn default() -> Self {
        Self::new()
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// What reporters were told last.
    pub finished: RunFinished,
    /// The signal that ended the run early.
    pub interrupted: Option<Signal>,
    /// Whether something that was asked for could not be done, such as writing a log.
    pub internal_error: bool,
    /// Whether a suite could not be started and its failure is not allowed.
    pub broken: bool,
}

/// Runs `plan`. Each event goes to `sink` as it happens.
///
/// Returns when every suite has its outcome and no process of the run is left.
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
        let mut dispatcher = Dispatcher {
            plan,
            options,
            pool: Pool::new(scope, &context, notify),
            scheduler: scheduler(plan, options.jobs),
            ledger: Ledger::new(plan),
            running: BTreeMap::new(),
            attempts: vec![Vec::new(); plan.suites.len()],
            free_slots: BTreeSet::new(),
            slots_used: 0,
            stopping: None,
            failures: 0,
            interrupted: None,
            internal_error: false,
            broken: false,
            sequence: 0,
            sink,
        };
        dispatcher.announce(capture);
        dispatcher.work(&inbox.receiver);
        dispatcher.finish()
    })
}

/// The state machine that decides what starts next.
fn scheduler(plan: &Plan, jobs: u32) -> Scheduler {
    Scheduler::new(jobs, &plan.resources, tasks(plan))
}

/// The suites of a plan as the scheduler sees them.
pub fn tasks(plan: &Plan) -> Vec<Task> {
    let task = |suite: &Suite| Task {
        constraints: suite.constraints.clone(),
        after: suite.depends_on.iter().map(|id| TaskId(id.0)).collect(),
        expected: suite.expected,
    };
    plan.suites.iter().map(task).collect()
}

/// An attempt that runs.
struct Running {
    handle: Handle,
    attempt: u32,
    slot: u32,
    /// Whether its start has been told.
    announced: bool,
}

struct Dispatcher<'run, 'scope, 'env: 'scope> {
    plan: &'env Plan,
    options: &'run Options,
    pool: Pool<'scope, 'env>,
    scheduler: Scheduler,
    ledger: Ledger<'env>,
    running: BTreeMap<SuiteId, Running>,
    /// Finished attempts of suites that have no final outcome yet.
    attempts: Vec<Vec<AttemptResult>>,
    free_slots: BTreeSet<u32>,
    slots_used: u32,
    /// Why nothing new starts any more.
    stopping: Option<NotRun>,
    failures: u64,
    interrupted: Option<Signal>,
    internal_error: bool,
    broken: bool,
    sequence: u64,
    sink: &'run mut dyn FnMut(Event),
}

impl Dispatcher<'_, '_, '_> {
    fn announce(&mut self, capture: &dyn Capture) {
        let suites = self.plan.suites.iter();
        let suites = suites
            .map(|suite| self.suite_info(suite, capture))
            .collect();
        self.tell(EventKind::RunStarted(RunStarted {
            run: self.options.run.clone(),
            version: self.options.version.clone(),
            started: self.options.started,
            root: self.options.root.display().to_string(),
            jobs: self.options.jobs,
            suites,
        }));
    }

    fn work(&mut self, inbox: &Receiver<Message>) {
        self.start_all();
        while !self.running.is_empty() {
            match inbox.recv_timeout(SWEEP) {
                Ok(message) => self.handle(message),
                Err(RecvTimeoutError::Timeout) => {
                    sys::reap_orphans();
                }
                // The dispatcher's caller holds a sender.
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Attempt(Notice::Update(id, update)) => self.updated(id, update),
            Message::Attempt(Notice::Finished(id, result)) => {
                self.attempt_finished(id, result);
                self.start_all();
            }
            Message::Interrupt(signal) => self.interrupt(signal),
        }
    }

    /// Starts all that may start now.
    fn start_all(&mut self) {
        while let Some(TaskId(task)) = self.scheduler.start_next() {
            self.start(SuiteId(task));
        }
    }

    fn start(&mut self, id: SuiteId) {
        let suite = self.plan.suite(id);
        let slot = self.take_slot();
        let attempt = self.attempts[id.0].len() as u32 + 1;
        if attempt == 1 {
            self.tell(EventKind::SuiteStarted(SuiteStarted {
                suite: suite.name.clone(),
            }));
        }
        let job = Job {
            id,
            suite,
            attempt,
            slot,
        };
        match self.pool.run(job) {
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
            started_at: self.options.began.elapsed(),
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
        let suite = self.plan.suite(id).name.clone();
        let attempt = self.running.get(&id).map_or(1, |running| running.attempt);
        match update {
            Update::Started { pid } => self.announce_attempt(id, Some(pid)),
            Update::Output(text) => self.tell(EventKind::Output(Output {
                suite,
                attempt,
                text,
            })),
            Update::LogFailed(error) => {
                self.internal_error = true;
                self.tell(EventKind::Warning(Warning {
                    suite: Some(suite),
                    message: error.to_string(),
                    fatal: true,
                }));
            }
        }
    }

    fn announce_attempt(&mut self, id: SuiteId, pid: Option<u32>) {
        let suite = self.plan.suite(id).name.clone();
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
        self.tell(EventKind::AttemptStarted(started));
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
        let suite = self.plan.suite(id);
        let retrying = result.outcome.is_failure()
            && result.attempt <= suite.retries
            && self.stopping.is_none();
        self.tell(EventKind::AttemptFinished(AttemptFinished {
            suite: suite.name.clone(),
            test: suite.name.clone(),
            result: result.clone(),
            retrying,
        }));
        self.attempts[id.0].push(result);
        if retrying && self.scheduler.requeue(TaskId(id.0)) {
            return;
        }
        let attempts = std::mem::take(&mut self.attempts[id.0]);
        let entry = Entry::ended(attempts, self.stopping.clone());
        self.settle(id, entry);
    }

    /// Ends a suite that ran, and what can no longer run because of that.
    fn settle(&mut self, id: SuiteId, entry: Entry) {
        let outcome = entry.outcome;
        self.enter(id, entry);
        let blocked = self
            .scheduler
            .finish(TaskId(id.0), outcome.satisfies_dependents());
        let interrupted = self.stopping.clone();
        for TaskId(task) in blocked {
            let id = SuiteId(task);
            let reason = interrupted
                .clone()
                .unwrap_or_else(|| self.ledger.broken_chain(id));
            self.enter(id, Entry::not_run(reason));
        }
        let suite = self.plan.suite(id);
        if outcome.is_failure() && !suite.allow_failure {
            self.broken |= outcome == Outcome::Errored;
            self.failures += 1;
            self.check_max_fail(&suite.name);
        }
    }

    fn check_max_fail(&mut self, after: &Arc<str>) {
        let Some(limit) = self.options.max_fail else {
            return;
        };
        if self.failures >= limit.count && self.stopping.is_none() {
            let reason = NotRun::MaxFail {
                after: after.clone(),
            };
            let stop = limit.immediate.then_some(Stop::Gently);
            self.stop(reason, stop);
        }
    }

    fn interrupt(&mut self, signal: Signal) {
        if self.interrupted.is_some() {
            self.stop_running(Stop::AtOnce);
            return;
        }
        self.interrupted = Some(signal);
        let signal = signal.name().to_owned();
        self.stop(NotRun::Interrupted { signal }, Some(Stop::Gently));
    }

    /// Starts nothing any more, and stops what runs if `running` says how.
    fn stop(&mut self, reason: NotRun, running: Option<Stop>) {
        let queued = self.scheduler.halt();
        self.stopping = Some(reason.clone());
        self.tell(EventKind::Stopping(Stopping {
            reason: reason.clone(),
            running_too: running.is_some(),
            running: self.running.len() as u32,
            queued: queued.len() as u64,
        }));
        if let Some(how) = running {
            self.stop_running(how);
        }
        for TaskId(task) in queued {
            let id = SuiteId(task);
            let attempts = std::mem::take(&mut self.attempts[id.0]);
            self.enter(id, Entry::ended(attempts, Some(reason.clone())));
        }
    }

    fn stop_running(&self, how: Stop) {
        for running in self.running.values() {
            running.handle.stop(how);
        }
    }

    fn enter(&mut self, id: SuiteId, entry: Entry) {
        for event in self.ledger.settle(id, entry) {
            self.tell(event);
        }
    }

    fn finish(mut self) -> RunResult {
        self.stop_last_strays();
        let counts = self.ledger.counts();
        let wall = self.options.began.elapsed();
        let sum_of_durations = self
            .ledger
            .attempts()
            .map(|(_, attempt)| attempt.duration)
            .sum();
        let usage = total_usage(self.ledger.attempts().map(|(_, attempt)| &attempt.usage));
        let limit = self.limit();
        let efficiency = limit
            .as_ref()
            .map(|limit| limit.duration.as_secs_f64() / wall.as_secs_f64().max(1e-9))
            .map(|ratio| ratio.min(1.0));
        let finished = RunFinished {
            counts,
            suites: counts,
            wall,
            sum_of_durations,
            usage,
            limit,
            efficiency,
            interrupted: self.interrupted.map(|signal| signal.name().to_owned()),
        };
        self.tell(EventKind::RunFinished(finished.clone()));
        RunResult {
            finished,
            interrupted: self.interrupted,
            internal_error: self.internal_error,
            broken: self.broken,
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
        self.tell(EventKind::Warning(Warning {
            suite: None,
            message: format!(
                "stopped processes that suites had left: {}",
                names.join(", ")
            ),
            fatal: false,
        }));
    }

    /// The lower bound for what was measured. Each attempt counts by itself: those of a suite come
    /// one after another, but not in one piece.
    fn limit(&self) -> Option<Limit> {
        let mut work: Vec<MeasuredWork> = Vec::new();
        let mut last_of: BTreeMap<SuiteId, usize> = BTreeMap::new();
        for (id, attempt) in self.ledger.attempts() {
            let suite = self.plan.suite(id);
            let after = match last_of.get(&id) {
                Some(earlier) => vec![*earlier],
                // Dependencies come first in plan order.
                None => suite
                    .depends_on
                    .iter()
                    .filter_map(|d| last_of.get(d).copied())
                    .collect(),
            };
            last_of.insert(id, work.len());
            work.push(MeasuredWork {
                name: suite.name.clone(),
                constraints: suite.constraints.clone(),
                after,
                duration: attempt.duration,
            });
        }
        limit::lower_bound(self.options.jobs, &self.plan.resources, &work)
    }

    fn suite_info(&self, suite: &Suite, capture: &dyn Capture) -> SuiteInfo {
        let needs = suite.constraints.needs.iter().filter_map(|(id, need)| {
            let resource = &self.plan.resources[id.0];
            let name = &resource.name;
            (!resource.is_group).then(|| match need {
                Need::Amount(1) => name.to_string(),
                Need::Amount(n) => format!("{name} = {n}"),
                Need::Shared => format!("{name} = shared"),
                Need::Exclusive => format!("{name} = exclusive"),
            })
        });
        SuiteInfo {
            name: suite.name.clone(),
            framework: suite.framework.to_owned(),
            description: suite.description.clone(),
            category: suite.category.clone(),
            command: suite.launch.display.clone(),
            dir: self.below_root(&suite.launch.dir),
            depends_on: suite
                .depends_on
                .iter()
                .map(|id| self.plan.suite(*id).name.clone())
                .collect(),
            group: suite.group.clone(),
            needs: needs.collect(),
            weight: suite.constraints.weight,
            serial: suite.constraints.serial,
            allow_failure: suite.allow_failure,
            retries: suite.retries,
            timeout: suite.timeout,
            pulled_in_by: match &suite.selection {
                crate::plan::Selection::Selected => None,
                crate::plan::Selection::PulledIn { by } => Some(by.clone()),
            },
            expected: suite.expected,
            log: capture.display_path(suite),
        }
    }

    /// A path relative to the root, where it is below it.
    fn below_root(&self, path: &Path) -> String {
        match path.strip_prefix(&self.options.root) {
            Ok(below) if below.as_os_str().is_empty() => ".".to_owned(),
            Ok(below) => below.display().to_string(),
            Err(_) => path.display().to_string(),
        }
    }

    fn tell(&mut self, kind: EventKind) {
        let event = Event {
            v: EVENT_FORMAT_VERSION,
            seq: self.sequence,
            at: self.options.began.elapsed(),
            kind,
        };
        self.sequence += 1;
        (self.sink)(event);
    }
}
