//! Events of attempts, and how an attempt went.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::EventKind;
use super::form::{lossy_text, seconds};
use crate::outcome::{Exit, Outcome};

/// See [`EventKind::AttemptStarted`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttemptStarted {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The test's id: `SUITE::NATIVE-ID`, or the suite's name for a command.
    pub test: Arc<str>,
    /// Counted from 1.
    pub attempt: u32,
    /// The smallest free slot number when it started, from 0.
    pub slot: u32,
    /// The process, where it could be started.
    pub pid: Option<u32>,
}

/// See [`EventKind::Output`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The attempt that printed it, from 1.
    pub attempt: u32,
    /// What was printed: whole lines, but for the last piece of an attempt and for lines longer
    /// than 64 KiB, which come in pieces. Bytes that are not UTF-8 are replaced by U+FFFD here; the
    /// log has them as they were.
    #[serde(with = "lossy_text")]
    #[schemars(with = "String")]
    pub text: Vec<u8>,
}

/// See [`EventKind::AttemptFinished`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttemptFinished {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The test's id.
    pub test: Arc<str>,
    /// How it went.
    #[serde(flatten)]
    pub result: AttemptResult,
    /// Whether another attempt follows.
    pub retrying: bool,
}

/// How one attempt went.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttemptResult {
    /// Counted from 1.
    pub attempt: u32,
    /// The attempt's own outcome.
    pub outcome: Outcome,
    /// How its process ended; `None` where it never started.
    pub exit: Option<Exit>,
    /// Why, in words, unless it passed: `exit code 3`, `timed out after 5s`, `stopped by Ctrl-C`.
    pub message: Option<String>,
    /// Seconds from the start of the run to its start.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub started_at: Duration,
    /// Seconds it took.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub duration: Duration,
    /// What it used.
    pub usage: Usage,
    /// Bytes it printed.
    pub output_bytes: u64,
    /// The end of its output, at most 16 KiB, unless it passed.
    #[serde(with = "lossy_text")]
    #[schemars(with = "String")]
    pub tail: Vec<u8>,
    /// Processes that it left running; paceline stopped them.
    pub leaked: Vec<LeakedProcess>,
}

/// Resources that a process and the descendants it waited for have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// CPU seconds in user mode.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub user: Duration,
    /// CPU seconds in the kernel.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub system: Duration,
    /// Peak resident memory of the largest process, in bytes.
    pub peak_memory: u64,
}

impl Usage {
    /// User and system time together.
    pub fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

/// A process that outlived its suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeakedProcess {
    /// Its id.
    pub pid: u32,
    /// Its command line, shortened, or its name where the command line cannot be read.
    pub command: String,
}

impl fmt::Display for LeakedProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.command, self.pid)
    }
}
