//! An event, and the kinds that there are.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attempt::{AttemptFinished, AttemptStarted, Output};
use super::form::seconds;
use super::run::{RunFinished, RunStarted, Stopping, Warning};
use super::suite::{SuiteFinished, SuiteNote, SuiteReported, SuiteStarted};
use super::test::{TestFinished, TestWarning};
use super::unit::{UnitCollected, UnitReported};

/// The version of the event format. It grows when a field changes its meaning or goes away; new
/// fields and kinds do not change it.
pub const EVENT_FORMAT_VERSION: u32 = 1;

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// [`EVENT_FORMAT_VERSION`].
    pub v: u32,
    /// Counts the events of a run from 0.
    pub seq: u64,
    /// Seconds since the run started.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub at: Duration,
    /// What it was.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EventKind {
    /// The first event of a run.
    RunStarted(RunStarted),
    /// The first attempt of a suite is about to start.
    SuiteStarted(SuiteStarted),
    /// An attempt has started.
    AttemptStarted(AttemptStarted),
    /// An attempt has printed something. Sent only where a reporter asked for output.
    Output(Output),
    /// An attempt has ended.
    AttemptFinished(AttemptFinished),
    /// A unit of a suite has been collected: what it holds is known.
    UnitCollected(UnitCollected),
    /// A test has its outcome; after its last attempt.
    TestFinished(TestFinished),
    /// A unit's turn has come: all its tests, and all units before it in plan order, have ended.
    UnitReported(UnitReported),
    /// A framework has warned of something.
    TestWarning(TestWarning),
    /// Something that a reader of the results should know of a suite.
    SuiteNote(SuiteNote),
    /// All tests of a suite have their outcomes.
    SuiteFinished(SuiteFinished),
    /// A finished suite's turn has come: all suites before it in plan order have been reported.
    SuiteReported(SuiteReported),
    /// From here on nothing new starts.
    Stopping(Stopping),
    /// Something went wrong beside the tests.
    Warning(Warning),
    /// The last event of a run.
    RunFinished(RunFinished),
}
