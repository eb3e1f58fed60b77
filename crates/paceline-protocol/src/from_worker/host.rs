//! What a host tells of its suite and of the workers that it forks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[cfg(doc)]
use super::FromWorker;
use super::field::or_default;

/// See [`FromWorker::Discovered`].
#[derive(Clone, Debug, Deserialize)]
pub struct Discovered {
    /// Units that follow those told before.
    pub units: Vec<UnitDescription>,
    /// Whether these are the last.
    pub complete: bool,
}

/// A unit as its host describes it.
#[derive(Clone, Debug, Deserialize)]
pub struct UnitDescription {
    /// Its number, counted from 0 without gaps.
    pub unit: u32,
    /// Finds it again in another process or run.
    pub key: String,
    /// Its file.
    pub path: String,
}

/// See [`FromWorker::Ready`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Ready {
    /// Whether the host can fork workers.
    #[serde(default)]
    pub can_fork: bool,
    /// Why it cannot.
    pub why_not: Option<String>,
    /// Whether the host can be the only worker itself.
    #[serde(default, deserialize_with = "or_default")]
    pub can_stay: bool,
    /// `files` or `whole`.
    #[serde(default, deserialize_with = "or_default")]
    pub collect: String,
    /// Why `whole`.
    pub collect_because: Option<String>,
    /// The framework's root directory.
    pub rootdir: Option<String>,
    /// The number of failures that the framework is configured to stop after; 0 for none.
    #[serde(default, deserialize_with = "or_default")]
    pub maxfail: u32,
    /// Whether tests that run when that number is reached are terminated; else they end.
    #[serde(default, deserialize_with = "or_default")]
    pub halts: bool,
    /// Whether `run` is to name the tests that have ended their process.
    #[serde(default, deserialize_with = "or_default")]
    pub wants_crashed: bool,
    /// For the `welcome` of spawned workers.
    pub worker_input: Option<Value>,
    /// How spawned workers are started, if not as the host was.
    pub worker_launch: Option<WorkerLaunch>,
}

/// See [`Ready::worker_launch`].
#[derive(Clone, Debug, Deserialize)]
pub struct WorkerLaunch {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The directory to start it in; without it, the host's.
    pub dir: Option<String>,
    /// Environment variables to set on top of those that the host was started with.
    #[serde(default, deserialize_with = "or_default")]
    pub env: BTreeMap<String, String>,
}

/// See [`FromWorker::Forked`].
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Forked {
    /// The worker's number.
    pub worker: u32,
    /// Its process id.
    pub pid: i32,
}

/// See [`FromWorker::Exited`].
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Exited {
    /// The worker's number.
    pub worker: u32,
    /// Its process id.
    pub pid: i32,
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}
