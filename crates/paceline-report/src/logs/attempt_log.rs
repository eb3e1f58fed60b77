//! The open log of one attempt.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use paceline_engine::capture::{AttemptLog, LogError};
use paceline_engine::event::AttemptResult;

use super::frame;

/// What is left to do for the place where users look.
pub(super) enum Visible {
    Done,
    CopyAtEnd { path: PathBuf, temporary: PathBuf },
}

/// The open log of one attempt.
pub(super) struct OpenLog {
    /// `None` once a write has failed: what would follow the gap is worth nothing.
    file: Option<File>,
    path: PathBuf,
    visible: Visible,
    /// What went wrong beside this file, to be told at the end.
    deferred: Option<LogError>,
    at_line_start: bool,
}

impl OpenLog {
    pub(super) fn new(
        file: File,
        path: PathBuf,
        visible: Visible,
        deferred: Option<LogError>,
    ) -> Self {
        Self {
            file: Some(file),
            path,
            visible,
            deferred,
            at_line_start: true,
        }
    }
}

impl AttemptLog for OpenLog {
    /// Fails once, at the first byte that cannot be written; what comes after is dropped.
    fn write(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        if let Some(last) = bytes.last() {
            self.at_line_start = *last == b'\n';
        }
        file.write_all(bytes).map_err(|source| {
            self.file = None;
            let path = self.path.clone();
            LogError { path, source }
        })
    }

    fn finish(mut self: Box<Self>, result: &AttemptResult) -> Result<(), LogError> {
        let footer = frame::footer(result, self.at_line_start);
        let ended = self.write(footer.as_bytes());
        let copied = match &self.visible {
            Visible::Done => Ok(()),
            Visible::CopyAtEnd { path, temporary } => fs::copy(&self.path, temporary)
                .and_then(|_| fs::rename(temporary, path))
                .map_err(|source| {
                    drop(fs::remove_file(temporary));
                    let path = path.clone();
                    LogError { path, source }
                }),
        };
        ended.and(copied)?;
        self.deferred.take().map_or(Ok(()), Err)
    }
}
