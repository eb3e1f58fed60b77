//! Where the logs of a run go, and how they get there.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use paceline_engine::capture::{AttemptLog, Capture, LogError};
use paceline_engine::plan::Suite;

use super::attempt_log::{OpenLog, Visible};
use super::frame;

/// Where the logs of a run go.
pub struct SuiteLogs {
    run: String,
    record: PathBuf,
    visible: Option<PathBuf>,
    /// What displayed paths are relative to.
    root: Option<PathBuf>,
    pub(super) now: fn() -> Timestamp,
    /// Suites whose log of this run is linked into `visible`.
    linked: Mutex<BTreeSet<Arc<str>>>,
    next_temporary: AtomicU64,
}

impl SuiteLogs {
    /// Logs of the run with the id `run`: kept in `record`, and as those of the last run also in
    /// `visible`. Both are made when they are needed.
    pub fn new(run: impl Into<String>, record: PathBuf, visible: Option<PathBuf>) -> Self {
        let visible = visible.filter(|visible| *visible != record);
        Self {
            run: run.into(),
            record,
            visible,
            root: None,
            now: Timestamp::now,
            linked: Mutex::new(BTreeSet::new()),
            next_temporary: AtomicU64::new(0),
        }
    }

    /// Shows paths below this directory relative to it.
    #[must_use]
    pub fn shown_from(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = Some(root.into());
        self
    }

    /// The log of a suite where users look for it.
    pub fn path(&self, suite: &str) -> PathBuf {
        file_of(self.visible.as_ref().unwrap_or(&self.record), suite)
    }

    fn open_log(&self, suite: &Suite, attempt: u32) -> Result<OpenLog, LogError> {
        if !is_safe(&suite.name) {
            let path = PathBuf::from(&*suite.name);
            let source = io::Error::new(io::ErrorKind::InvalidInput, "not a name for a log");
            return Err(LogError { path, source });
        }
        let record = file_of(&self.record, &suite.name);
        let visible = self.visible.as_ref().map(|dir| file_of(dir, &suite.name));
        let (file, visible, deferred) = match (open_file(&record, attempt), visible) {
            (Ok(file), None) => (file, Visible::Done, None),
            (Ok(file), Some(visible)) => match self.make_visible(suite, &record, &visible) {
                Ok(copy_at_end) => (file, copy_at_end, None),
                Err(source) => (
                    file,
                    Visible::Done,
                    Some(LogError {
                        path: visible,
                        source,
                    }),
                ),
            },
            (Err(source), None) => {
                return Err(LogError {
                    path: record,
                    source,
                });
            }
            // The record is lost; the log itself need not be.
            (Err(source), Some(visible)) => match open_file(&visible, attempt) {
                Ok(file) => {
                    let problem = LogError {
                        path: record,
                        source,
                    };
                    let log = OpenLog::new(file, visible, Visible::Done, Some(problem));
                    return Ok(log);
                }
                Err(second) => {
                    let both = format!("{source}; nor {}: {second}", visible.display());
                    let source = io::Error::new(source.kind(), both);
                    return Err(LogError {
                        path: record,
                        source,
                    });
                }
            },
        };
        Ok(OpenLog::new(file, record, visible, deferred))
    }

    /// Links the log in the record to where users look, unless an earlier attempt has done so.
    fn make_visible(&self, suite: &Suite, record: &Path, visible: &Path) -> io::Result<Visible> {
        if self.linked().contains(&suite.name) {
            return Ok(Visible::Done);
        }
        let temporary = self.temporary(visible);
        match fs::hard_link(record, &temporary) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_parent(visible)?;
                if fs::hard_link(record, &temporary).is_err() {
                    return Ok(Visible::CopyAtEnd {
                        path: visible.to_owned(),
                        temporary,
                    });
                }
            }
            // Another file system, or one without hard links.
            Err(_) => {
                return Ok(Visible::CopyAtEnd {
                    path: visible.to_owned(),
                    temporary,
                });
            }
            Ok(()) => {}
        }
        fs::rename(&temporary, visible).inspect_err(|_| drop(fs::remove_file(&temporary)))?;
        self.linked().insert(suite.name.clone());
        Ok(Visible::Done)
    }

    fn linked(&self) -> MutexGuard<'_, BTreeSet<Arc<str>>> {
        self.linked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A name beside `path` that no other attempt, suite or run takes.
    fn temporary(&self, path: &Path) -> PathBuf {
        let count = self.next_temporary.fetch_add(1, Ordering::Relaxed);
        path.with_file_name(format!(".{}-{count}.tmp", self.run))
    }
}

impl Capture for SuiteLogs {
    /// Opens the log where that is possible at all: of the record and the visible directory one may
    /// fail, and the log's end reports it.
    fn open(&self, suite: &Suite, attempt: u32) -> Result<Box<dyn AttemptLog>, LogError> {
        let mut log = self.open_log(suite, attempt)?;
        let header = frame::header(suite, attempt, &self.run, (self.now)());
        log.write(header.as_bytes())?;
        Ok(Box::new(log))
    }

    fn display_path(&self, suite: &Suite) -> Option<String> {
        let path = self.path(&suite.name);
        let root = self.root.as_deref().unwrap_or(Path::new(""));
        Some(
            path.strip_prefix(root)
                .unwrap_or(&path)
                .display()
                .to_string(),
        )
    }
}

/// The first attempt of a run starts a new log, the others continue it.
fn open_file(path: &Path, attempt: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true);
    if attempt > 1 {
        options.append(true);
    } else {
        options.write(true).truncate(true);
    }
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_parent(path)?;
            options.open(path)
        }
        other => other,
    }
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn file_of(dir: &Path, suite: &str) -> PathBuf {
    dir.join(format!("{suite}.log"))
}

/// Whether a log of this name stays inside its directory.
fn is_safe(suite: &str) -> bool {
    !suite.is_empty()
        && Path::new(suite)
            .components()
            .all(|component| matches!(component, Component::Normal(_)))
}
