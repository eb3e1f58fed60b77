//! What the process itself prints. A worker runs one test at a time, so that whatever its log has got
//! since a test began is the test's.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// More of it is left to the log.
const MOST: u64 = 256 * 1024;

#[derive(Debug)]
pub(super) struct Log {
    file: Option<File>,
    from: u64,
}

impl Log {
    /// Makes the log this process's standard output and standard error: whatever is between would
    /// be a moment late.
    pub(super) fn new(path: Option<&Path>) -> Self {
        let open = |path: &Path| {
            let mut options = File::options();
            options.read(true).append(true).create(true).open(path).ok()
        };
        let file = path.and_then(open);
        let file = file.filter(is_made_the_output);
        Self { file, from: 0 }
    }

    /// A test begins.
    pub(super) fn begin(&mut self) {
        let length = |file: &File| file.metadata().map(|file| file.len()).ok();
        self.from = self.file.as_ref().and_then(length).unwrap_or_default();
    }

    /// What was printed since.
    pub(super) fn since(&self) -> String {
        // What is left of a line.
        let _ = std::io::stdout().flush();
        let read = || {
            let mut file = self.file.as_ref()?;
            file.seek(SeekFrom::Start(self.from)).ok()?;
            let mut bytes = Vec::new();
            file.take(MOST).read_to_end(&mut bytes).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().unwrap_or_default()
    }
}

#[cfg(unix)]
fn is_made_the_output(file: &File) -> bool {
    rustix::stdio::dup2_stdout(file).is_ok() && rustix::stdio::dup2_stderr(file).is_ok()
}

/// There the engine keeps what it reads.
#[cfg(not(unix))]
fn is_made_the_output(_: &File) -> bool {
    false
}
