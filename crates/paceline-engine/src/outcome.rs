//! How a test, an attempt or a suite can end.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How one test ended. Every test of a plan ends in exactly one of these.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It ran and held.
    Passed,
    /// It ran and did not hold: a failed assertion, or a command with another exit code than 0.
    Failed,
    /// It could not be run as asked: a program that is missing, a broken set-up.
    Errored,
    /// Its framework decided not to run it.
    Skipped,
    /// It was expected to fail, and did.
    Xfailed,
    /// It was expected to fail, and passed.
    Xpassed,
    /// It was stopped because it outlived its timeout.
    TimedOut,
    /// Its process was ended by a signal that paceline did not send.
    Crashed,
    /// It was in the plan and has no verdict: a dependency failed, the run was stopped.
    NotRun,
}

impl Outcome {
    /// All outcomes, in the order in which summaries list them.
    pub const ALL: [Self; 9] = [
        Self::Passed,
        Self::Failed,
        Self::Errored,
        Self::TimedOut,
        Self::Crashed,
        Self::Skipped,
        Self::Xfailed,
        Self::Xpassed,
        Self::NotRun,
    ];

    /// Whether this outcome fails a run: failed, errored, timed out or crashed.
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Self::Failed | Self::Errored | Self::TimedOut | Self::Crashed
        )
    }

    /// Whether what depends on a suite with this outcome may run.
    pub fn satisfies_dependents(self) -> bool {
        matches!(self, Self::Passed | Self::Xfailed | Self::Xpassed)
    }

    /// The words people read: `timed out`, `not run`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::Skipped => "skipped",
            Self::Xfailed => "xfailed",
            Self::Xpassed => "xpassed",
            Self::TimedOut => "timed out",
            Self::Crashed => "crashed",
            Self::NotRun => "not run",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// It exited by itself with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Exit {
    /// Whether this is exit code 0.
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "signal {signal} ({name})"),
                None => write!(f, "signal {signal}"),
            },
        }
    }
}

/// The name of a POSIX signal, `SIGKILL` for 9; `None` for numbers that have no portable name.
pub fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGALRM => "SIGALRM",
        libc::SIGTERM => "SIGTERM",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGSYS => "SIGSYS",
        _ => return None,
    })
}

/// How many tests ended in each outcome.
///
/// `passed + failed + errored + skipped + xfailed + xpassed + timed_out + crashed + not_run` is
/// `total`; `flaky` and `allowed` qualify some of those and are not added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// All tests of the plan.
    pub total: u64,
    /// Tests that passed, flaky ones among them.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that could not be run as asked.
    pub errored: u64,
    /// Tests that their framework skipped.
    pub skipped: u64,
    /// Expected failures.
    pub xfailed: u64,
    /// Unexpected passes.
    pub xpassed: u64,
    /// Tests that outlived their timeout.
    pub timed_out: u64,
    /// Tests whose process died.
    pub crashed: u64,
    /// Tests without a verdict.
    pub not_run: u64,
    /// Of the passed: those that failed at first and passed on a retry.
    pub flaky: u64,
    /// Of the failures: those of suites with `allow-failure`.
    pub allowed: u64,
}

impl Counts {
    /// Counts one more test.
    pub fn add(&mut self, outcome: Outcome, flaky: bool, allowed_failure: bool) {
        self.total += 1;
        *self.of_mut(outcome) += 1;
        self.flaky += u64::from(flaky && outcome == Outcome::Passed);
        self.allowed += u64::from(allowed_failure && outcome.is_failure());
    }

    /// How many tests ended in `outcome`.
    pub fn of(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Passed => self.passed,
            Outcome::Failed => self.failed,
            Outcome::Errored => self.errored,
            Outcome::Skipped => self.skipped,
            Outcome::Xfailed => self.xfailed,
            Outcome::Xpassed => self.xpassed,
            Outcome::TimedOut => self.timed_out,
            Outcome::Crashed => self.crashed,
            Outcome::NotRun => self.not_run,
        }
    }

    fn of_mut(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed => &mut self.failed,
            Outcome::Errored => &mut self.errored,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Xfailed => &mut self.xfailed,
            Outcome::Xpassed => &mut self.xpassed,
            Outcome::TimedOut => &mut self.timed_out,
            Outcome::Crashed => &mut self.crashed,
            Outcome::NotRun => &mut self.not_run,
        }
    }

    /// Failures of every kind, allowed ones among them.
    pub fn failures(&self) -> u64 {
        self.failed + self.errored + self.timed_out + self.crashed
    }

    /// Failures that fail the run.
    pub fn blocking_failures(&self) -> u64 {
        self.failures() - self.allowed
    }
}
