//! Events of the run as a whole.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::EventKind;
use super::attempt::Usage;
use super::form::seconds;
use super::not_run::NotRun;
use super::suite::SuiteInfo;
use crate::limit::Limit;
use crate::outcome::Counts;

/// See [`EventKind::RunStarted`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunStarted {
    /// Names the run and its record under `.paceline/runs/`.
    pub run: String,
    /// The version of paceline.
    pub version: String,
    /// When the run started.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// The directory of the configuration.
    pub root: String,
    /// Slots shared by all suites.
    pub jobs: u32,
    /// All suites of the plan, in plan order.
    pub suites: Vec<SuiteInfo>,
}

/// See [`EventKind::Stopping`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Stopping {
    /// Why.
    pub reason: NotRun,
    /// Whether what runs is being stopped too.
    pub running_too: bool,
    /// How many attempts are running.
    pub running: u32,
    /// How many tests will not be started.
    pub queued: u64,
}

/// See [`EventKind::Warning`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// The suite it is about, where it is about one.
    pub suite: Option<Arc<str>>,
    /// What went wrong, and where.
    pub message: String,
    /// Whether something that was asked for could not be done, so that the run ends with exit code 3.
    pub fatal: bool,
}

/// See [`EventKind::RunFinished`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunFinished {
    /// All tests by outcome.
    pub counts: Counts,
    /// Suites by outcome.
    pub suites: Counts,
    /// Seconds of wall-clock time.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub wall: Duration,
    /// The sum of all attempts' durations in seconds: an upper estimate of a sequential run, as
    /// durations grow beside others.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub sum_of_durations: Duration,
    /// What all attempts used together.
    pub usage: Usage,
    /// The proven lower bound for the measured work; `None` where nothing ran.
    pub limit: Option<Limit>,
    /// The limit divided by the wall-clock time, between 0 and 1.
    pub efficiency: Option<f64>,
    /// The name of the signal that ended the run early.
    pub interrupted: Option<String>,
}
