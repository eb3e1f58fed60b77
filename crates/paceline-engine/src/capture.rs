//! Where the output of attempts goes. The engine hands over bytes; what a log looks like is the
//! business of who implements these traits.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::event::AttemptResult;
use crate::plan::Suite;

/// Opens a log for each attempt. Called from several threads at once.
pub trait Capture: Sync {
    /// Opens the log of an attempt that is about to start.
    fn open(&self, suite: &Suite, attempt: u32) -> Result<Box<dyn AttemptLog>, LogError>;

    /// Where people find the log of a suite, as text; `None` where there is none.
    fn display_path(&self, suite: &Suite) -> Option<String> {
        let _ = suite;
        None
    }
}

/// The log of one attempt.
pub trait AttemptLog: Send {
    /// Appends bytes as they came.
    fn write(&mut self, bytes: &[u8]) -> Result<(), LogError>;

    /// Ends the log.
    fn finish(self: Box<Self>, result: &AttemptResult) -> Result<(), LogError>;
}

/// A log that could not be opened or written.
#[derive(Debug, Error)]
#[error("cannot write the log {}: {source}", path.display())]
pub struct LogError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}
