//! Messages of the engine.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message from the engine to a host or worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToWorker {
    /// Answers a `hello` that is accepted.
    Welcome(Welcome),
    /// Answers a `hello` that is not accepted.
    Refused {
        /// Why, for people.
        reason: String,
    },
    /// To a host: fork a worker.
    Fork(Fork),
    /// To a host that can: be the suite's only worker, without a fork.
    Stay(Fork),
    /// Run a unit.
    Run(Run),
    /// Answers `need_next`: it is not known yet.
    Wait,
    /// Give back what has not started.
    TakeBack(TakeBack),
    /// End.
    Shutdown(Shutdown),
}

/// See [`ToWorker::Welcome`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// [`crate::PROTOCOL_VERSION`].
    pub protocol: u32,
    /// Names the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// How many workers the run may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<u32>,
    /// What the host's `ready` gave for workers that boot by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_input: Option<Value>,
    /// Whether the journal that `hello` named is read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub journal: bool,
    /// The suite's options.
    #[serde(flatten)]
    pub options: Map<String, Value>,
}

/// See [`ToWorker::Fork`] and [`ToWorker::Stay`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fork {
    /// The worker's number.
    pub worker: u32,
    /// What it is to say in its `hello`.
    pub token: String,
    /// Environment variables to set; unset where the value is `None`.
    pub env: BTreeMap<String, Option<String>>,
    /// The file to which its stdout and stderr go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// See [`ToWorker::Run`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The unit's number.
    pub unit: u32,
    /// The unit's key.
    pub key: String,
    /// Indexes of the tests to run; `None` for all.
    pub tests: Option<Vec<u32>>,
    /// The digest that the engine knows of the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// Overrides the suite's isolation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<String>,
    /// Indexes of tests of the suite that have ended their process, by the keys of their units: not
    /// to be run again for the sake of tests that depend on them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub crashed: BTreeMap<String, Vec<u32>>,
}

/// See [`ToWorker::TakeBack`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TakeBack {
    /// The unit's number.
    pub unit: u32,
    /// Tests of the running unit; `None` for a unit that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<Vec<u32>>,
}

/// See [`ToWorker::Shutdown`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shutdown {
    /// To a worker: end after the running test.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub now: bool,
    /// To a host: tests of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<u64>,
    /// To a host: those that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<u64>,
}

impl ToWorker {
    /// Writes the message as a line, in one piece.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        to.write_all(&line)
    }
}
