//! The output of a program in a file of its own.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::capture::{AttemptLog, LogError};
use crate::event::AttemptResult;

/// A plain file that output is appended to.
pub(super) struct FileLog {
    path: PathBuf,
    file: File,
}

impl FileLog {
    pub(super) fn open(path: &Path) -> Result<Box<dyn AttemptLog>, LogError> {
        let error = |source| LogError {
            path: path.to_owned(),
            source,
        };
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(error)?;
        }
        let file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .map_err(error)?;
        let path = path.to_owned();
        Ok(Box::new(Self { path, file }))
    }
}

impl AttemptLog for FileLog {
    fn write(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        self.file.write_all(bytes).map_err(|source| LogError {
            path: self.path.clone(),
            source,
        })
    }

    fn finish(self: Box<Self>, _result: &AttemptResult) -> Result<(), LogError> {
        Ok(())
    }
}
