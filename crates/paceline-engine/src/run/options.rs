//! How to run a plan.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use paceline_protocol::transport::Transport;

use crate::attempt::OutputBudget;

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
    /// Where the logs of workers go.
    pub worker_logs: PathBuf,
    /// How workers connect.
    pub transport: Transport,
}
