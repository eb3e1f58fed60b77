//! What a limit is and what it is due to.

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
    /// Suites that do not all fit beside each other, as they are longer or wider than the slots
    /// allow: some must share a slot.
    Sizes,
}
