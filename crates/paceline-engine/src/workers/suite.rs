//! The life of a suite that a framework runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use paceline_protocol::{Ready, Run, Shutdown, ToWorker};

use super::host::{Host, HostState};
use super::late::Gate;
use super::part::Part;
use super::unit::{TestState, Unit};
use super::worker::{Kill, Origin, Worker};
use crate::event::{EventKind, NotRun, NoteKind, SuiteNote, Usage};
use crate::outcome::Outcome;
use crate::plan::{Constraints, Framework, Suite, SuiteId};
use crate::run::Core;
use crate::schedule::{Task, TaskId};

/// A host may take this long to boot and to end, however short the timeout of a test is.
const BOOT_PATIENCE: Duration = Duration::from_secs(120);
/// A worker may take this long to collect a file, or to end, however short the timeout of a test is.
pub(super) const COLLECT_PATIENCE: Duration = Duration::from_secs(10);

/// A suite that a framework runs.
pub(crate) struct FrameworkSuite<'env> {
    pub(super) id: SuiteId,
    pub(super) suite: &'env Suite,
    pub(super) framework: &'env Framework,
    pub(super) host: Host,
    /// Whether the next worker comes from the host; else it boots by itself.
    pub(super) forks: bool,
    /// How many workers it has at most.
    pub(super) most: u32,
    pub(super) ready: Option<Ready>,
    pub(super) units: Vec<Unit>,
    pub(super) parts: BTreeMap<TaskId, Part>,
    pub(super) workers: BTreeMap<u32, Worker>,
    /// What late tests wait for.
    pub(super) gate: Gate,
    /// Deaths since a test has ended.
    pub(super) deaths: u32,
    /// Indexes of tests whose last attempt has ended their process, by the keys of their units.
    pub(super) crashed: BTreeMap<String, Vec<u32>>,
    /// Why its tests are not run any more, where that is the suite's own affair.
    pub(super) ended_early: Option<NotRun>,
    /// Whether a test or a plugin has ended the run of the suite.
    pub(super) is_stopped: bool,
    /// Whether tests in flight are ended too.
    pub(super) is_halting: bool,
    /// When its host was started, counted from the start of the run.
    pub(super) began: Duration,
    /// How long its host has booted.
    pub(super) boot_time: Duration,
    /// What the host, with the workers that it has forked, and spawned workers have used.
    pub(super) usage: Vec<Usage>,
    /// The sum of all tests' durations that have ended, and their number.
    pub(super) measured: (Duration, u32),
}

impl<'env> FrameworkSuite<'env> {
    /// Starts the host.
    pub(crate) fn boot(
        core: &mut Core<'_, '_, 'env>,
        id: SuiteId,
        suite: &'env Suite,
        framework: &'env Framework,
    ) -> Self {
        let mut this = Self {
            id,
            suite,
            framework,
            host: Host::new(),
            forks: framework.fork && !framework.interactive,
            most: 1,
            ready: None,
            units: Vec::new(),
            parts: BTreeMap::new(),
            workers: BTreeMap::new(),
            gate: Gate::Absent,
            deaths: 0,
            crashed: BTreeMap::new(),
            ended_early: None,
            is_stopped: false,
            is_halting: false,
            began: core.now(),
            boot_time: Duration::ZERO,
            usage: Vec::new(),
            measured: (Duration::ZERO, 0),
        };
        let patience = framework.boot_patience.unwrap_or(BOOT_PATIENCE);
        this.host.deadline = Some(Instant::now() + suite.timeout.max(patience));
        match this.start_host(core) {
            Ok(handle) => this.host.handle = Some(handle),
            Err(error) => {
                this.host.state = HostState::Gone;
                this.fail(core, &format!("starting its host: {error}"), None);
                this.host.is_closed = true;
            }
        }
        this
    }

    /// All units are known and workers can start: hands all to the scheduler.
    pub(super) fn host_is_ready(&mut self, core: &mut Core<'_, '_, 'env>, ready: Ready) {
        if self.host.state != HostState::Booting {
            return;
        }
        self.host.state = HostState::Serving;
        self.host.deadline = None;
        self.boot_time = core.now().saturating_sub(self.began);
        if self.forks && !ready.can_fork {
            self.forks = false;
            let why = ready.why_not.as_deref().unwrap_or("the host cannot fork");
            self.note(
                core,
                NoteKind::Mode,
                &format!("each worker boots by itself: {why}"),
            );
        }
        // Frameworks that always collect everything give no reason.
        if ready.collect == "whole"
            && let Some(why) = ready.collect_because.as_deref()
        {
            self.note(
                core,
                NoteKind::Mode,
                &format!("all tests are collected first: {why}"),
            );
        }
        self.ready = Some(ready);
        core.scheduler.idle(TaskId(self.id.0));
        let expected = self.expected_by_unit();
        self.most = self.allowed_workers(core);
        // What is selected may be little of a large suite, and what is known little of it too.
        let known: Option<Duration> = expected.iter().copied().sum();
        if known.is_some_and(|known| self.is_small(known, self.most)) {
            self.most = 1;
        }
        for (unit, expected) in expected.into_iter().enumerate() {
            self.add_part(core, Part::whole(unit), self.constraints(), expected);
        }
    }

    /// What history expects of each unit: the sum of its tests. A test is of the unit whose key its
    /// id, or what the framework tells of it, begins with: `tests/test_a.py::TestA::test_x`.
    fn expected_by_unit(&self) -> Vec<Option<Duration>> {
        let mut sums: HashMap<&str, Option<Duration>> = HashMap::with_capacity(self.units.len());
        sums.extend(self.units.iter().map(|unit| (unit.key.as_str(), None)));
        let class = self.framework.class_of;
        for (id, duration) in &self.framework.expected_tests {
            let mut of = class.and_then(|class| class(id)).or(Some(id.as_str()));
            while let Some(name) = of {
                if let Some(sum) = sums.get_mut(name) {
                    *sum.get_or_insert_default() += *duration;
                    break;
                }
                of = name.rsplit_once("::").map(|(outer, _)| outer);
            }
        }
        let of_unit = |unit: &Unit| sums.get(unit.key.as_str()).copied().flatten();
        self.units.iter().map(of_unit).collect()
    }

    /// What each part takes. What the suite as a whole needs, its host holds.
    pub(super) fn constraints(&self) -> Constraints {
        let own = &self.suite.constraints;
        Constraints {
            weight: if own.serial { u32::MAX } else { own.weight },
            needs: Vec::new(),
            serial: false,
        }
    }

    pub(super) fn add_part(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        mut part: Part,
        constraints: Constraints,
        expected: Option<Duration>,
    ) -> TaskId {
        part.expected = expected;
        let task = Task {
            constraints,
            after: self.after(core, &part),
            expected,
        };
        let task = core.add_task(self.id, task);
        self.units[part.unit].open_parts += 1;
        if let Some(tests) = &part.tests {
            for index in tests.clone() {
                if let Some(test) = self.units[part.unit].test_mut(index) {
                    test.state = TestState::Waiting(task);
                }
            }
        }
        self.parts.insert(task, part);
        task
    }

    /// A part's turn has come: hands it to a worker.
    pub(crate) fn start_part(&mut self, core: &mut Core<'_, '_, 'env>, task: TaskId) {
        if self.is_gate(core, task) || !self.parts.contains_key(&task) {
            return;
        }
        if self.ended_early.is_some() || !self.host.state.has_workers() {
            self.drop_part(core, task);
            core.scheduler.finish(task, true);
            return;
        }
        let number = match self.choose_worker(core) {
            Ok(number) => number,
            Err(error) => {
                self.fail(core, &format!("starting a worker: {error}"), None);
                self.drop_part(core, task);
                core.scheduler.finish(task, true);
                return;
            }
        };
        self.hand(core, number, task);
        self.send_ahead(core, number);
    }

    pub(super) fn hand(&mut self, core: &Core<'_, '_, 'env>, number: u32, task: TaskId) {
        if let Some(part) = self.parts.get_mut(&task) {
            part.worker = Some(number);
        }
        if let Some(worker) = self.workers.get_mut(&number) {
            worker.queue.push_back(task);
            worker.wants_next = false;
            if worker.queue.len() == 1 && worker.link.is_some() {
                worker.free_since = Some(core.now());
            }
            self.send_run(number, task);
        }
    }

    /// Sends what a worker is to run; one that has not connected yet gets it when it does.
    pub(super) fn send_run(&mut self, number: u32, task: TaskId) {
        let Some(part) = self.parts.get(&task) else {
            return;
        };
        let unit = &self.units[part.unit];
        let crashed = match &self.ready {
            Some(ready) if ready.wants_crashed => self.crashed.clone(),
            _ => BTreeMap::new(),
        };
        let message = ToWorker::Run(Run {
            unit: part.unit as u32,
            key: unit.key.clone(),
            tests: part.tests.clone(),
            known: unit.digest.clone(),
            isolation: part.isolation.clone(),
            crashed,
        });
        if let Some(link) = self
            .workers
            .get_mut(&number)
            .and_then(|worker| worker.link.as_mut())
        {
            link.send(&message);
        }
    }

    /// Looks after workers that have nothing to do, once everything that can start has started.
    pub(crate) fn settle(&mut self, core: &mut Core<'_, '_, 'env>) {
        if self.host.state == HostState::Booting {
            return;
        }
        self.split_where_it_pays(core);
        let waiting = self.parts.values().any(|part| part.worker.is_none());
        // A worker that ends tears down what its tests have shared, which is not nothing.
        let serial = self.parts.values().any(|part| part.serial);
        let gives_back = self.workers.values().any(|worker| worker.gives_back);
        let end_by = Instant::now() + self.patience();
        for worker in self.workers.values_mut() {
            if !worker.is_idle() {
                continue;
            }
            let Some(link) = &mut worker.link else {
                continue;
            };
            if waiting || gives_back || serial {
                if worker.wants_next {
                    worker.wants_next = false;
                    link.send(&ToWorker::Wait);
                }
            } else {
                worker.wants_next = false;
                worker.is_ending = true;
                worker.end_by = Some(end_by);
                link.send(&ToWorker::Shutdown(Shutdown::default()));
            }
        }
        if !self.parts.is_empty() {
            return;
        }
        // A host waits by itself for the workers that it has forked.
        let mut workers = self.workers.values();
        if self.host.state == HostState::Lost {
            if self.workers.is_empty() {
                self.host.state = HostState::Gone;
                self.conclude(core);
            }
        } else if self.host.state == HostState::Serving
            && workers.all(|worker| worker.is_ending && worker.origin != Origin::Spawned)
        {
            self.end_host(core);
        }
    }

    fn end_host(&mut self, core: &mut Core<'_, '_, 'env>) {
        let counts = core.ledger.suite_counts(self.id);
        self.host.state = HostState::Ending;
        self.host.deadline = Some(Instant::now() + self.suite.timeout.max(BOOT_PATIENCE));
        for worker in self.workers.values_mut() {
            if worker.origin == Origin::Host && worker.closed.is_none() {
                // What is left to do is as much the host's.
                worker.end_by = None;
            }
        }
        if let Some(link) = &mut self.host.link {
            link.send(&ToWorker::Shutdown(Shutdown {
                now: false,
                tests: Some(counts.total),
                failed: Some(counts.failures()),
            }));
        }
    }

    /// Whether everything about it has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.host.state == HostState::Gone && self.workers.is_empty() && self.parts.is_empty()
    }

    /// Gives a part that holds its slot to another worker.
    pub(super) fn hand_on(&mut self, core: &mut Core<'_, '_, 'env>, task: TaskId) {
        let Some(part) = self.parts.get_mut(&task) else {
            return;
        };
        part.worker = None;
        part.began = None;
        if self.ended_early.is_some() || core.stopping.is_some() {
            self.drop_part(core, task);
            core.scheduler.finish(task, true);
            return;
        }
        self.start_part(core, task);
    }

    /// A part that a worker has not begun with waits for its turn again.
    pub(super) fn put_back(&mut self, core: &mut Core<'_, '_, 'env>, task: TaskId) {
        if let Some(part) = self.parts.get_mut(&task) {
            part.worker = None;
        }
        if !core.scheduler.requeue(task) {
            self.drop_part(core, task);
        }
    }

    /// A part will not run: its tests have not run.
    pub(super) fn drop_part(&mut self, core: &mut Core<'_, '_, 'env>, task: TaskId) {
        let reason = core.stopping.clone().or_else(|| self.ended_early.clone());
        let reason = reason.unwrap_or(NotRun::SuiteEnded {
            reason: "the suite ended early".to_owned(),
        });
        let Some(part) = self.parts.remove(&task) else {
            return;
        };
        let unit = part.unit;
        self.units[unit].open_parts -= 1;
        if self.units[unit].tests.is_none() && self.units[unit].open_parts == 0 {
            self.enter_unit(core, unit, Outcome::NotRun, None, Some(reason));
        } else {
            for index in self.units[unit].waiting_for(task) {
                self.settle_test(core, unit, index, None, Some(reason.clone()));
            }
        }
        self.close_if_complete(core, unit);
    }

    /// A part has ended, however.
    pub(super) fn end_part(&mut self, core: &mut Core<'_, '_, 'env>, task: TaskId) {
        let Some(part) = self.parts.remove(&task) else {
            return;
        };
        self.units[part.unit].open_parts -= 1;
        if let Some(began) = part.began {
            core.measure(self.id, began, self.longest_of(&part));
        }
        core.scheduler.finish(task, true);
        self.close_if_complete(core, part.unit);
    }

    /// The longest test of a part.
    pub(super) fn longest_of(&self, part: &Part) -> Duration {
        let unit = &self.units[part.unit];
        let tests = part
            .tests
            .iter()
            .flatten()
            .filter_map(|index| unit.test(*index));
        let durations = tests.filter_map(|test| test.attempts.last().map(|last| last.duration));
        durations.max().unwrap_or_default()
    }

    pub(super) fn close_if_complete(&mut self, core: &mut Core<'_, '_, 'env>, unit: usize) {
        if self.units[unit].is_complete() && !self.units[unit].closed {
            self.units[unit].closed = true;
            core.close_unit(self.id, unit);
        }
    }

    /// How long a worker may take to collect a file, or to end.
    pub(super) fn patience(&self) -> Duration {
        self.suite.timeout.max(COLLECT_PATIENCE)
    }

    pub(super) fn note(&self, core: &mut Core<'_, '_, 'env>, about: NoteKind, text: &str) {
        core.tell(EventKind::SuiteNote(SuiteNote {
            suite: self.suite.name.clone(),
            about,
            text: text.to_owned(),
        }));
    }

    /// Whether one of its workers has the terminal.
    pub(crate) fn has_terminal(&self) -> bool {
        self.framework.interactive && !self.workers.is_empty()
    }

    /// Everything it and its workers have used.
    pub(crate) fn usage(&self) -> Usage {
        crate::ledger::total_usage(self.usage.iter())
    }

    /// When its host was started, counted from the start of the run.
    pub(crate) fn began(&self) -> Duration {
        self.began
    }

    /// How long its host took to boot.
    pub(crate) fn boot_time(&self) -> Duration {
        self.boot_time
    }

    /// Marks a worker as one that has got `KILL`.
    pub(super) fn mark_killed(worker: &mut Worker) {
        if let Some((_, kill)) = &mut worker.kill {
            *kill = Kill::Killed;
        }
    }

    pub(super) fn path_of(&self, unit: usize) -> Arc<str> {
        self.units[unit].path.clone()
    }
}
