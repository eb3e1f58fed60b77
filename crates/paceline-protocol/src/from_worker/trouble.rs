//! What went wrong beside the tests.

use serde::Deserialize;

#[cfg(doc)]
use super::FromWorker;
use super::field::or_default;

/// See [`FromWorker::Warning`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WarningMessage {
    /// Its category.
    #[serde(default, deserialize_with = "or_default")]
    pub category: String,
    /// What it says.
    #[serde(default, deserialize_with = "or_default")]
    pub message: String,
    /// As the framework prints it.
    pub text: Option<String>,
    /// Where it arose.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The test or file it is about.
    pub id: Option<String>,
}

/// See [`FromWorker::Error`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WorkerError {
    /// Whether the process ends because of it.
    #[serde(default, deserialize_with = "or_default")]
    pub fatal: bool,
    /// What went wrong.
    #[serde(default, deserialize_with = "or_default")]
    pub text: String,
    /// The unit it is about.
    pub unit: Option<u32>,
    /// The framework's exit status, where it ended before anything ran.
    pub exit_status: Option<i32>,
}
