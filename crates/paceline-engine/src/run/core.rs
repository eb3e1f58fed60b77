//! What the dispatcher and the suites share: the state that all of them change.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use paceline_protocol::Settings;
use serde_json::Value;

use super::exchange::{Exchange, Peer};
use super::inbox::Message;
use super::link::{Link, LinkId};
use super::options::Options;
use crate::attempt::Pool;
use crate::event::{EVENT_FORMAT_VERSION, Event, EventKind, NotRun};
use crate::ledger::{Ledger, Measured, TestEntry};
use crate::outcome::Outcome;
use crate::plan::{Constraints, Need, Plan, ResourceId, SuiteId};
use crate::schedule::{Scheduler, Task, TaskId};
use crate::sys::Signal;

/// The shared state of a run.
pub(crate) struct Core<'run, 'scope, 'env: 'scope> {
    pub(crate) plan: &'env Plan,
    pub(crate) options: &'run Options,
    pub(crate) pool: Pool<'scope, 'env>,
    pub(crate) scheduler: Scheduler,
    pub(crate) ledger: Ledger<'env>,
    /// Why nothing new starts any more.
    pub(crate) stopping: Option<NotRun>,
    /// Work of framework suites.
    pub(crate) measured: Measured,
    /// The failure that reached `--max-fail`, until the dispatcher acts on it.
    pub(crate) too_many: Option<Arc<str>>,
    /// A Ctrl-C that was left to the worker on the terminal, which got it too.
    pub(crate) left_to_worker: Option<Signal>,
    /// The same once that worker has ended by it, until the dispatcher acts on it.
    pub(crate) ended_by: Option<Signal>,
    failures: u64,
    /// Whether a suite could not be started or collected.
    pub(crate) broken: bool,
    /// Locks that tests have named without a declaration.
    conflicts: BTreeMap<String, ResourceId>,
    /// Whose a task is that is no suite.
    owners: Vec<SuiteId>,
    free_numbers: BTreeSet<u32>,
    numbers_used: u32,
    exchange: Option<Exchange>,
    sender: Sender<Message>,
    sequence: u64,
    sink: &'run mut dyn FnMut(Event),
}

impl<'run, 'scope, 'env> Core<'run, 'scope, 'env> {
    pub(crate) fn new(
        plan: &'env Plan,
        options: &'run Options,
        pool: Pool<'scope, 'env>,
        scheduler: Scheduler,
        sender: Sender<Message>,
        sink: &'run mut dyn FnMut(Event),
    ) -> Self {
        Self {
            plan,
            options,
            pool,
            scheduler,
            ledger: Ledger::new(plan),
            stopping: None,
            measured: Measured::default(),
            too_many: None,
            left_to_worker: None,
            ended_by: None,
            failures: 0,
            broken: false,
            conflicts: BTreeMap::new(),
            owners: Vec::new(),
            free_numbers: BTreeSet::new(),
            numbers_used: 0,
            exchange: None,
            sender,
            sequence: 0,
            sink,
        }
    }

    /// The time since the run began.
    pub(crate) fn now(&self) -> Duration {
        self.options.began.elapsed()
    }

    pub(crate) fn tell(&mut self, kind: EventKind) {
        let event = Event {
            v: EVENT_FORMAT_VERSION,
            seq: self.sequence,
            at: self.now(),
            kind,
        };
        self.sequence += 1;
        (self.sink)(event);
    }

    /// Adds a task that is a piece of a suite.
    pub(crate) fn add_task(&mut self, owner: SuiteId, task: Task) -> TaskId {
        let task = self.scheduler.add(task);
        debug_assert_eq!(task.0, self.plan.suites.len() + self.owners.len());
        self.owners.push(owner);
        task
    }

    /// Whose a task is that [`Self::add_task`] made.
    pub(crate) fn owner(&self, task: TaskId) -> Option<SuiteId> {
        let place = task.0.checked_sub(self.plan.suites.len())?;
        self.owners.get(place).copied()
    }

    /// Enters the final word on a test of a framework suite.
    pub(crate) fn settle_test(&mut self, id: SuiteId, unit: usize, entry: &TestEntry) {
        let event = self.ledger.settle_test(id, unit, entry);
        self.tell(event);
        self.count_failure(id, entry.outcome(), &entry.name);
    }

    pub(crate) fn close_unit(&mut self, id: SuiteId, unit: usize) {
        for event in self.ledger.close_unit(id, unit) {
            self.tell(event);
        }
    }

    /// Counts a failure that is not allowed, towards `--max-fail`.
    pub(crate) fn count_failure(&mut self, id: SuiteId, outcome: Outcome, name: &Arc<str>) {
        if !outcome.is_failure() || self.plan.suite(id).allow_failure {
            return;
        }
        self.failures += 1;
        let reached = self
            .options
            .max_fail
            .is_some_and(|limit| self.failures >= limit.count);
        if reached && self.stopping.is_none() && self.too_many.is_none() {
            self.too_many = Some(name.clone());
        }
    }

    /// A part of a framework suite has ended.
    pub(crate) fn measure(&mut self, id: SuiteId, began: Duration, longest: Duration) {
        let took = self.now().saturating_sub(began);
        let suite = self.measured.suites.entry(id).or_default();
        suite.1.push((took, longest.min(took)));
    }

    /// The smallest number that no living worker has.
    pub(crate) fn take_worker_number(&mut self) -> u32 {
        self.free_numbers.pop_first().unwrap_or_else(|| {
            self.numbers_used += 1;
            self.numbers_used - 1
        })
    }

    pub(crate) fn free_worker_number(&mut self, number: u32) {
        self.free_numbers.insert(number);
    }

    pub(crate) fn worker_log(&self, suite: &str, number: u32) -> PathBuf {
        self.options
            .worker_logs
            .join(suite)
            .join(format!("worker-{number}.log"))
    }

    /// Where workers connect; opened when the first one needs it.
    pub(crate) fn exchange(&mut self) -> io::Result<&mut Exchange> {
        if self.exchange.is_none() {
            let sender = self.sender.clone();
            let notify = move |event| {
                // The dispatcher outlives all that it listens to.
                let _ = sender.send(Message::Link(event));
            };
            self.exchange = Some(Exchange::open(self.options.transport, notify)?);
        }
        self.exchange
            .as_mut()
            .ok_or_else(|| io::Error::other("no place to connect to"))
    }

    pub(crate) fn open_exchange(&mut self) -> Option<&mut Exchange> {
        self.exchange.as_mut()
    }

    pub(crate) fn introduce(&mut self, id: LinkId, peer: Peer) -> Option<Link> {
        self.exchange.as_mut()?.introduce(id, peer)
    }

    /// The lock of this name: the declared resource, or one that is made when it is first named.
    fn conflict(&mut self, name: &str) -> ResourceId {
        let mut declared = self.plan.resources.iter();
        if let Some(at) =
            declared.position(|resource| !resource.is_group && *resource.name == *name)
        {
            return ResourceId(at);
        }
        if let Some(known) = self.conflicts.get(name) {
            return *known;
        }
        let made = self.scheduler.add_resource(1);
        self.conflicts.insert(name.to_owned(), made);
        made
    }

    /// What a test takes that says so itself.
    pub(crate) fn constraints_of(
        &mut self,
        settings: &Settings,
        usual: Constraints,
    ) -> Result<Constraints, String> {
        let mut needs = usual.needs;
        for (name, need) in wanted(settings.needs.as_ref())? {
            let resource = self
                .plan
                .resources
                .iter()
                .position(|resource| !resource.is_group && *resource.name == *name)
                .ok_or_else(|| {
                    format!("it needs the resource `{name}`, which [resources] does not declare")
                })?;
            needs.push((ResourceId(resource), need));
        }
        let conflicts: BTreeSet<&String> = settings.conflicts.iter().collect();
        for name in conflicts {
            let resource = self.conflict(name);
            // All of it, where it is one that was declared.
            needs.retain(|(needed, _)| *needed != resource);
            needs.push((resource, Need::Exclusive));
        }
        Ok(Constraints {
            weight: settings.weight.unwrap_or(usual.weight),
            needs,
            serial: usual.serial || settings.serial,
        })
    }
}

/// Reads `["a", "b"]`, `"a"`, or `{"a": 2, "b": "shared"}`.
fn wanted(needs: Option<&Value>) -> Result<Vec<(String, Need)>, String> {
    let one = |name: &Value| match name {
        Value::String(name) => Ok((name.clone(), Need::Amount(1))),
        other => Err(format!("`needs` of a test names resources, not {other}")),
    };
    match needs {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(names)) => names.iter().map(one).collect(),
        Some(Value::Object(amounts)) => amounts
            .iter()
            .map(|(name, amount)| {
                let need = match amount {
                    Value::String(word) if word == "shared" => Need::Shared,
                    Value::String(word) if word == "exclusive" => Need::Exclusive,
                    Value::Number(n) => match n.as_u64().and_then(|n| u32::try_from(n).ok()) {
                        Some(n) if n > 0 => Need::Amount(n),
                        _ => return Err(format!("{n} is no amount of `{name}`")),
                    },
                    other => return Err(format!("{other} is no amount of `{name}`")),
                };
                Ok((name.clone(), need))
            })
            .collect(),
        Some(name) => one(name).map(|need| vec![need]),
    }
}
