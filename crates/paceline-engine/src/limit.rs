//! The limit: a proven lower bound on the time that the measured work could have taken.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::seconds;

/// A lower bound, and what it is due to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limit {
    /// Seconds below which no schedule can get.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub duration: Duration,
    /// What stands in the way.
    pub due_to: LimitTerm,
}

/// The term of the bound that is the largest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "term", rename_all = "kebab-case")]
pub enum LimitTerm {
    /// All work, spread evenly over the slots.
    Work,
    /// A single suite.
    Longest {
        /// Its name.
        suite: Arc<str>,
    },
    /// A chain of dependencies.
    Chain {
        /// The suites along it.
        suites: Vec<Arc<str>>,
    },
    /// A resource that many need.
    Resource {
        /// Its name.
        resource: Arc<str>,
    },
    /// A group, in which one runs at a time.
    Group {
        /// Its name.
        group: Arc<str>,
    },
    /// Suites beside which nothing runs, and the rest spread evenly.
    Serial,
    /// More long suites than slots: two of them must share one.
    Sizes,
}
