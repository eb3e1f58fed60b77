//! Events of units, the parts of a suite that a worker is handed.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::EventKind;
use super::form::seconds;
use crate::outcome::Counts;

/// See [`EventKind::UnitCollected`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UnitCollected {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The unit, as the framework names it.
    pub unit: Arc<str>,
    /// How many tests it holds.
    pub tests: u64,
    /// How many more there are that the selection leaves out.
    pub deselected: u64,
    /// How many units of the suite have not been collected yet, where that is known.
    pub uncollected: Option<u64>,
}

/// See [`EventKind::UnitReported`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UnitReported {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The unit, as the framework names it.
    pub unit: Arc<str>,
    /// What tells it from others of its name, where there are any: several classes in one file.
    pub part: Option<Arc<str>>,
    /// Its tests by outcome.
    pub counts: Counts,
    /// Seconds: its tests' durations, added up.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub duration: Duration,
}
