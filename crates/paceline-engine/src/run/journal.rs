//! The file to which a process writes its messages, so that it need not wake the engine for each.

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use paceline_protocol::framing::LONGEST_LINE;
use rustix::fs::{Mode, OFlags};
use thiserror::Error;

/// How the name of a journal ends: the engine deletes what it has read, and nothing else.
const ENDING: &str = ".journal";
const BUFFER: usize = 64 * 1024;

/// Why a journal cannot be read.
#[derive(Debug, Error)]
pub(crate) enum JournalError {
    #[error("a journal that is not beside the log, or does not end in `{ENDING}`: {0}")]
    Name(String),
    #[error("opening the journal {path}: {source}")]
    Open { path: PathBuf, source: io::Error },
    #[error("reading the journal {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("a line of more than {LONGEST_LINE} bytes in the journal")]
    TooLong,
}

/// A journal, and how far it has been read.
pub(crate) struct Journal {
    first: PathBuf,
    /// 0, and one more for each file that follows.
    number: u64,
    path: PathBuf,
    file: File,
    /// A line whose end is not written yet.
    begun: Vec<u8>,
    buffer: Vec<u8>,
}

impl Journal {
    /// Opens what a process says is the journal beside its log.
    pub(crate) fn open(path: &str, log: &Path) -> Result<Self, JournalError> {
        let is_beside = path
            .strip_prefix(&*log.to_string_lossy())
            .is_some_and(|rest| !rest.contains('/') && rest.ends_with(ENDING));
        if !is_beside {
            return Err(JournalError::Name(path.to_owned()));
        }
        let path = PathBuf::from(path);
        Ok(Self {
            file: open(&path)?,
            first: path.clone(),
            number: 0,
            path,
            begun: Vec::new(),
            buffer: vec![0; BUFFER],
        })
    }

    /// Goes on in the next file: the name of the first, a dot and a number counted from 1.
    pub(crate) fn next_file(&mut self) -> Result<(), JournalError> {
        self.number += 1;
        let mut name = self.first.clone().into_os_string();
        name.push(format!(".{}", self.number));
        let path = PathBuf::from(name);
        self.file = open(&path)?;
        self.delete();
        self.path = path;
        self.begun.clear();
        Ok(())
    }

    /// Hands over the lines that have been added, without their newlines, until there are no more
    /// or `each` breaks off.
    pub(crate) fn read(
        &mut self,
        mut each: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        loop {
            let read = match self.file.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    let path = self.path.clone();
                    return Err(JournalError::Read { path, source });
                }
            };
            let mut new = self.buffer.get(..read).unwrap_or_default();
            while let Some(end) = new.iter().position(|byte| *byte == b'\n') {
                let (line, rest) = new.split_at(end);
                new = rest.get(1..).unwrap_or_default();
                let flow = if self.begun.is_empty() {
                    each(line)
                } else {
                    self.begun.extend_from_slice(line);
                    let flow = each(&self.begun);
                    self.begun.clear();
                    flow
                };
                if flow.is_break() {
                    return Ok(());
                }
            }
            self.begun.extend_from_slice(new);
            if self.begun.len() >= LONGEST_LINE {
                return Err(JournalError::TooLong);
            }
        }
    }

    fn delete(&self) {
        // What is left lies in the run's own directory, and goes with it.
        let _ = fs::remove_file(&self.path);
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.delete();
    }
}

fn open(path: &Path) -> Result<File, JournalError> {
    let failed = |source| JournalError::Open {
        path: path.to_owned(),
        source,
    };
    // No link to something else, and nothing that would have to be waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty());
    let file = File::from(file.map_err(|error| failed(error.into()))?);
    match file.metadata() {
        Ok(meta) if meta.is_file() => Ok(file),
        Ok(_) => Err(failed(io::Error::other("it is no regular file"))),
        Err(error) => Err(failed(error)),
    }
}
