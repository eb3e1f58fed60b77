//! The end of a run, and of a process.

use serde::Deserialize;

#[cfg(doc)]
use super::FromWorker;
use super::field::or_default;

/// See [`FromWorker::Stopping`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Stopping {
    /// Why.
    #[serde(default, deserialize_with = "or_default")]
    pub reason: String,
}

/// See [`FromWorker::Goodbye`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Goodbye {
    /// The framework's exit status.
    #[serde(default, deserialize_with = "or_default")]
    pub exit_status: i32,
    /// Text for the end of the output.
    pub summary: Option<String>,
}
