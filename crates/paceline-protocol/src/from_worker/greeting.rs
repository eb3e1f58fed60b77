//! Who a process is, and how it talks.

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::FromWorker;
use super::field::or_default;

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Boots once, lists units, may fork workers.
    Host,
    /// Runs units.
    Worker,
}

/// See [`FromWorker::Hello`].
#[derive(Clone, Debug, Deserialize)]
pub struct Hello {
    /// The version that the process speaks.
    pub protocol: u32,
    /// The secret that it was given.
    pub token: String,
    /// What it is.
    pub role: Role,
    /// A worker's number.
    pub worker: Option<u32>,
    /// Its process id.
    pub pid: i32,
    /// What it drives.
    #[serde(default)]
    pub framework: FrameworkVersion,
    /// What it is written in.
    #[serde(default)]
    pub language: LanguageVersion,
    /// How to get the stacks of its threads.
    pub stacks: Option<Stacks>,
    /// Where what the running test prints is kept.
    pub captured: Option<Captured>,
    /// The file to which it writes its messages from now on.
    pub journal: Option<String>,
}

/// A framework and its version.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FrameworkVersion {
    /// `pytest`, …
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// `None` where it is missing.
    pub version: Option<String>,
}

/// A language and its version.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LanguageVersion {
    /// `python`, …
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its version.
    #[serde(default, deserialize_with = "or_default")]
    pub version: String,
}

/// How to get the stacks of a process.
#[derive(Clone, Debug, Deserialize)]
pub struct Stacks {
    /// The signal to send.
    pub signal: i32,
    /// The file that they are appended to.
    pub file: String,
    /// What the outermost lines of a stack contain that are the process's own and not the test's.
    #[serde(default, deserialize_with = "or_default")]
    pub own: Vec<String>,
}

/// Files with what the running test has printed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Captured {
    /// Its standard output.
    pub stdout: Option<String>,
    /// Its standard error.
    pub stderr: Option<String>,
}

/// See [`FromWorker::Journal`].
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct JournalGrown {
    /// Whether the process goes on in the next file.
    #[serde(default, deserialize_with = "or_default")]
    pub next: bool,
}
