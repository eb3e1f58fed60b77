//! Why a test was not run.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;

/// Why a test was not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "because", rename_all = "kebab-case")]
pub enum NotRun {
    /// What it depends on did not pass.
    Dependency {
        /// From its own dependency down to the suite that did not pass by itself.
        chain: Vec<FailedDependency>,
    },
    /// As many tests had failed as the run allows.
    MaxFail {
        /// The failure that reached the limit.
        after: Arc<str>,
    },
    /// Its suite ended early.
    SuiteEnded {
        /// Why.
        reason: String,
    },
    /// The run was interrupted.
    Interrupted {
        /// The signal's name.
        signal: String,
    },
}

/// A link in the chain of reasons of a test that was not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedDependency {
    /// The suite's name.
    pub suite: Arc<str>,
    /// How it ended.
    pub outcome: Outcome,
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dependency { chain } => {
                for (i, link) in chain.iter().enumerate() {
                    let joint = if i == 0 { "needs " } else { ", which needs " };
                    write!(f, "{joint}{}", link.suite)?;
                }
                match chain.last() {
                    Some(last) => write!(f, ", which {}", Was(last.outcome)),
                    None => f.write_str("a dependency did not pass"),
                }
            }
            Self::MaxFail { after } => write!(f, "the run stopped after {after} failed"),
            Self::SuiteEnded { reason } => f.write_str(reason),
            Self::Interrupted { signal } => write!(f, "interrupted by {signal}"),
        }
    }
}

/// An outcome as the end of a sentence: `failed`, `was skipped`.
struct Was(Outcome);

impl fmt::Display for Was {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Outcome::Skipped | Outcome::NotRun => write!(f, "was {}", self.0),
            outcome => write!(f, "{outcome}"),
        }
    }
}
