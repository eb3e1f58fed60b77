//! What a reporter is, and how it can fail.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use paceline_engine::event::Event;
use thiserror::Error;

/// Makes something of the events of a run.
///
/// All reporters of a run live on one thread. None has a clock of its own: time reaches it as
/// [`Event::at`] and by [`Reporter::tick`], so that the same events always make the same report.
pub trait Reporter {
    /// Takes the next event of the run.
    fn event(&mut self, event: &Event) -> Result<(), ReportError>;

    /// Told about every 100 ms how long the run has been going on, whether or not anything happens.
    fn tick(&mut self, at: Duration) -> Result<(), ReportError> {
        let _ = at;
        Ok(())
    }

    /// Told that another reporter could not do its work: what is there of its file is not whole.
    ///
    /// With `requested`, it was asked for, so that the run ends with exit code 3.
    fn other_failed(&mut self, error: &ReportError, requested: bool) {
        let _ = (error, requested);
    }

    /// Called once after the last event, also where the run broke off without
    /// [`paceline_engine::event::EventKind::RunFinished`].
    fn finish(&mut self) -> Result<(), ReportError> {
        Ok(())
    }
}

/// Where a reporter writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file.
    File(PathBuf),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::Stderr => f.write_str("standard error"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A report that could not be written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// Whoever read the other end of a pipe has gone, as in `paceline | head`. Not a fault: the
    /// command ends without a word about it.
    #[error("nobody reads {0} any more")]
    ClosedPipe(Destination),
    /// Anything else.
    #[error("cannot write {to}: {source}")]
    Write {
        /// What could not be written.
        to: Destination,
        /// Why.
        source: io::Error,
    },
}

impl ReportError {
    /// Sorts out closed pipes from other failures to write to `to`.
    pub fn new(to: Destination, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::BrokenPipe {
            Self::ClosedPipe(to)
        } else {
            Self::Write { to, source }
        }
    }

    /// The file that could not be written, if it is one.
    pub fn file(&self) -> Option<&Path> {
        let (Self::ClosedPipe(to) | Self::Write { to, .. }) = self;
        match to {
            Destination::File(path) => Some(path),
            Destination::Stdout | Destination::Stderr => None,
        }
    }

    /// Whether the reader of a pipe has gone.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::ClosedPipe(_))
    }
}
