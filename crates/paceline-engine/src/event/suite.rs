//! Events of suites.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::EventKind;
use super::attempt::Usage;
use super::form::{optional_seconds, seconds};
use crate::outcome::{Counts, Outcome};

/// What is known of a suite before it runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SuiteInfo {
    /// Unique in the run.
    pub name: Arc<str>,
    /// `command`, or the framework that runs its tests.
    pub framework: String,
    /// A line for people.
    pub description: Option<String>,
    /// What `--categories` selects by.
    pub category: Option<String>,
    /// The command as a user would type it.
    pub command: String,
    /// Where it runs, relative to the root; `.` for the root itself.
    pub dir: String,
    /// Names of the suites that must pass before.
    pub depends_on: Vec<Arc<str>>,
    /// The group in which one suite runs at a time.
    pub group: Option<Arc<str>>,
    /// What it needs, as in the configuration: `postgres`, `ports = 2`, `postgres = shared`.
    pub needs: Vec<String>,
    /// Slots it takes.
    pub weight: u32,
    /// Whether nothing runs beside it.
    pub serial: bool,
    /// Whether its failure leaves the run green.
    pub allow_failure: bool,
    /// How many more attempts a failure gets.
    pub retries: u32,
    /// Seconds an attempt may take.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub timeout: Duration,
    /// The suite that pulled it in by depending on it, where it was not selected itself.
    pub pulled_in_by: Option<Arc<str>>,
    /// Seconds it is expected to take, from history.
    #[serde(with = "optional_seconds")]
    #[schemars(with = "Option<f64>")]
    pub expected: Option<Duration>,
    /// Its log, relative to the root where it is below it.
    pub log: Option<String>,
}

/// See [`EventKind::SuiteStarted`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SuiteStarted {
    /// The suite's name.
    pub suite: Arc<str>,
}

/// See [`EventKind::SuiteNote`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SuiteNote {
    /// The suite's name.
    pub suite: Arc<str>,
    /// What it is about.
    pub about: NoteKind,
    /// What there is to know.
    pub text: String,
}

/// What a [`SuiteNote`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// How the suite is run, where that is not the usual way.
    Mode,
    /// Text that the framework's plugins want at the end of the output, such as a coverage report.
    Summary,
}

/// See [`EventKind::SuiteFinished`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SuiteFinished {
    /// The suite's name.
    pub suite: Arc<str>,
    /// The worst outcome of its tests.
    pub outcome: Outcome,
    /// Its tests by outcome.
    pub counts: Counts,
    /// Seconds from the start of its first attempt to the end of its last.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub duration: Duration,
    /// Seconds that its framework took to boot, before the first test; null for a command.
    #[serde(default, with = "optional_seconds")]
    #[schemars(with = "Option<f64>")]
    pub boot: Option<Duration>,
    /// What all its attempts used together; the peak is the largest.
    pub usage: Usage,
}

/// See [`EventKind::SuiteReported`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SuiteReported {
    /// The suite's name.
    pub suite: Arc<str>,
}
