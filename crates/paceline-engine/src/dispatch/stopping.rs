//! The end of a run before its time, and what is left at any end.

use std::sync::Arc;

use rustix::process::Signal as Kill;

use super::dispatcher::Dispatcher;
use crate::attempt::Stop;
use crate::event::{EventKind, NotRun, Stopping, Warning};
use crate::ledger::TestEntry;
use crate::plan::SuiteId;
use crate::schedule::TaskId;
use crate::sys::{self, Signal};
use crate::workers::FrameworkSuite;

impl Dispatcher<'_, '_, '_> {
    pub(super) fn stop_after_too_many(&mut self, after: Arc<str>) {
        let immediate = self
            .core
            .options
            .max_fail
            .is_some_and(|limit| limit.immediate);
        let stop = immediate.then_some(Stop::Gently);
        self.stop(&NotRun::MaxFail { after }, stop);
    }

    pub(super) fn interrupt(&mut self, signal: Signal) {
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
    pub(super) fn stop(&mut self, reason: &NotRun, running: Option<Stop>) {
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

    /// Kills what no suite could be blamed for.
    pub(super) fn stop_last_strays(&mut self) {
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
}
