//! A worker of a suite.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use paceline_protocol::{Captured, Goodbye, Stacks};
use rustix::process::Pid;

use crate::attempt::Handle;
use crate::outcome::Exit;
use crate::run::Link;
use crate::schedule::TaskId;

/// The test that a worker runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunningTest {
    pub(super) unit: u32,
    pub(super) test: u32,
    pub(super) since: Instant,
    pub(super) at: Duration,
    /// The process that runs it, where that is not the worker.
    pub(super) pid: Option<Pid>,
}

/// Where a worker's process comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The host has forked it.
    Forked,
    /// It was started by itself, and boots.
    Spawned,
    /// It is the host.
    Host,
}

/// Why a worker is made to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KillCause {
    /// The running test has outlived this timeout.
    Timeout(Duration),
    /// The run or the suite is over.
    Stopped,
    /// It does not keep to the protocol.
    Misbehaved(String),
}

/// How far a worker has been made to end.
#[derive(Clone, Debug)]
pub(super) enum Kill {
    /// Its stacks have been asked for; `TERM` comes next.
    Stacks { until: Instant },
    /// It has got `TERM`; `KILL` comes next.
    Terminated { until: Instant },
    /// It has got `KILL`.
    Killed,
}

/// A worker.
pub(super) struct Worker {
    pub(super) origin: Origin,
    /// `None` until it has connected.
    pub(super) link: Option<Link>,
    /// When it has to have connected.
    pub(super) connect_by: Instant,
    pub(super) pid: Option<Pid>,
    /// Of a spawned worker; that of a host that is one is the host's.
    pub(super) handle: Option<Handle>,
    pub(super) log: PathBuf,
    /// How long its log was before it started, as an earlier worker may have had the same number, or
    /// before the running test got a process of its own.
    pub(super) log_from: u64,
    /// Parts that it has, the running one first.
    pub(super) queue: VecDeque<TaskId>,
    /// Since when nothing has kept it from beginning with the first of those, counted from the start
    /// of the run.
    pub(super) free_since: Option<Duration>,
    /// Whether it has begun with the first of those.
    pub(super) has_begun: bool,
    pub(super) running: Option<RunningTest>,
    /// Whether it has asked what comes next and has no answer.
    pub(super) wants_next: bool,
    /// When it has to have collected the unit that it has begun with.
    pub(super) collect_by: Option<Instant>,
    /// Whether it has been told to end.
    pub(super) is_ending: bool,
    /// When it has to have ended, once it has nothing more to run.
    pub(super) end_by: Option<Instant>,
    /// Whether it has been asked to give tests back.
    pub(super) gives_back: bool,
    pub(super) goodbye: Option<Goodbye>,
    pub(super) exit: Option<Exit>,
    /// Since when its connection is closed.
    pub(super) closed: Option<Instant>,
    /// Since when its process is known to have ended.
    pub(super) exited: Option<Instant>,
    pub(super) stacks: Option<Stacks>,
    /// How long the file of stacks was before they were asked for.
    pub(super) stacks_from: u64,
    pub(super) captured: Option<Captured>,
    pub(super) kill: Option<(KillCause, Kill)>,
}

impl Worker {
    pub(super) fn new(origin: Origin, log: PathBuf, connect_by: Instant) -> Self {
        Self {
            origin,
            link: None,
            connect_by,
            pid: None,
            handle: None,
            log_from: length_of(&log),
            log,
            queue: VecDeque::new(),
            free_since: None,
            has_begun: false,
            running: None,
            wants_next: false,
            collect_by: None,
            is_ending: false,
            end_by: None,
            gives_back: false,
            goodbye: None,
            exit: None,
            closed: None,
            exited: None,
            stacks: None,
            stacks_from: 0,
            captured: None,
            kill: None,
        }
    }

    /// What is in its log up to here, or by now, belongs to earlier tests.
    pub(super) fn mark_log(&mut self, here: Option<u64>) {
        self.log_from = here.unwrap_or_else(|| length_of(&self.log));
    }

    /// Whether it can be handed a part now.
    pub(super) fn is_idle(&self) -> bool {
        let has_nothing = self.queue.is_empty() || (self.wants_next && self.queue.len() == 1);
        has_nothing && self.is_usable()
    }

    /// Since when it is known to have ended, by its connection or by its process. Of a host the
    /// process tells, which is first searched for what it has left behind.
    pub(super) fn ended(&self) -> Option<Instant> {
        match self.origin {
            Origin::Host => self.exited,
            Origin::Forked | Origin::Spawned => self.closed.or(self.exited),
        }
    }

    /// Whether it can be handed parts, now or later.
    pub(super) fn is_usable(&self) -> bool {
        !self.is_ending && self.kill.is_none() && self.closed.is_none()
    }
}

fn length_of(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |meta| meta.len())
}
