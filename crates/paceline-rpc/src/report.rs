//! What a run found out.

use std::time::Duration;

use crate::connect::Diagnostics;
use crate::server::ServerExit;

/// One test's result.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestReport {
    /// The place among the selected tests, in the order in which they were registered.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// From opening its connection to closing it. Zero if it did not run.
    pub duration: Duration,
    /// Which worker ran it, if it was one of the parallel phase.
    pub worker: Option<usize>,
    /// What the test and the harness noted.
    pub notes: Vec<String>,
}

/// How a test ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It held.
    Passed,
    /// It did not.
    Failed(Box<FailureReport>),
    /// Its body did not end in time.
    TimedOut(Box<FailureReport>),
    /// It did not run, or not to its end, for this reason.
    Skipped(String),
}

impl Outcome {
    /// Whether it fails the run.
    pub fn is_failure(&self) -> bool {
        self.failure().is_some()
    }

    /// What there is to know about a failure.
    pub fn failure(&self) -> Option<&FailureReport> {
        match self {
            Self::Failed(failure) | Self::TimedOut(failure) => Some(failure),
            Self::Passed | Self::Skipped(_) => None,
        }
    }
}

/// Where a test failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// A server of its own did not start.
    Server,
    /// There was no connection.
    Connect,
    /// The hook before it.
    BeforeEach,
    /// The test itself.
    Body,
    /// The hook after it.
    AfterEach,
}

impl Stage {
    /// `connect`, `before_each`, …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server start",
            Self::Connect => "connect",
            Self::BeforeEach => "before_each",
            Self::Body => "test",
            Self::AfterEach => "after_each",
        }
    }
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// An assertion did not hold.
    Assertion,
    /// An error was returned.
    Error,
    /// A panic.
    Panic,
    /// Something did not end in time.
    Timeout,
    /// The server ended.
    ServerExit,
}

impl FailureKind {
    /// `assertion`, `error`, …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assertion => "assertion",
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::ServerExit => "server exit",
        }
    }
}

/// Everything that is known about a failure. Its `Display` is what people read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailureReport {
    /// Where it failed.
    pub stage: Stage,
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What happened.
    pub message: String,
    /// Where in the source.
    pub location: Option<String>,
    /// What was expected and what was got.
    pub sides: Option<(String, String)>,
    /// The connection.
    pub connection: Diagnostics,
    /// How the server ended, if it has.
    pub server_exit: Option<ServerExit>,
    /// What the server printed since the test began.
    pub server_output: String,
}

/// A whole run's result. Tests are in the order in which they were registered.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RunReport {
    /// All selected tests.
    pub tests: Vec<TestReport>,
    /// How many passed.
    pub passed: usize,
    /// How many failed or timed out.
    pub failed: usize,
    /// How many were skipped.
    pub skipped: usize,
    /// How many were not selected; they are in no list.
    pub filtered: usize,
    /// How long the run took.
    pub duration: Duration,
    /// Why no test could run: the server did not start, no connection, `before_all` failed.
    pub aborted: Option<String>,
    /// What `after_all` failed with. It fails the run.
    pub after_all_failed: Option<String>,
    /// What was not as it should be without failing the run: the server ignored SIGTERM, a reporter
    /// could not write.
    pub warnings: Vec<String>,
    /// Whether the run was interrupted.
    pub interrupted: bool,
}

impl RunReport {
    /// Whether all is well: every test passed or was skipped, and all hooks held.
    pub fn is_success(&self) -> bool {
        self.failed == 0
            && self.aborted.is_none()
            && self.after_all_failed.is_none()
            && !self.interrupted
    }

    /// 0, 101 as the Rust test harness has it if something failed, or 130 if interrupted.
    pub fn exit_code(&self) -> u8 {
        if self.interrupted {
            130
        } else if self.is_success() {
            0
        } else {
            101
        }
    }
}
