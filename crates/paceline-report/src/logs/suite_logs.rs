//! One log a suite: a header, the raw bytes of both streams in the order in which they came, and a
//! footer; with retries one after another for each attempt.
//!
//! A log is written to the record of its run and appears in the directory where users look (a hard
//! link to the same file) as soon as it is opened, so that `tail -f` follows it. The next run
//! replaces the link, and the record keeps the file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use paceline_engine::capture::{AttemptLog, Capture, LogError};
use paceline_engine::event::AttemptResult;
use paceline_engine::plan::Suite;

use crate::human::{HumanBytes, HumanDuration};

const RULE: &str = "------------------------------------------------------------------------\n";

/// Where the logs of a run go.
pub struct SuiteLogs {
    run: String,
    record: PathBuf,
    visible: Option<PathBuf>,
    /// What displayed paths are relative to.
    root: Option<PathBuf>,
    now: fn() -> Timestamp,
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

    fn open_log(&self, suite: &Suite, attempt: u32) -> Result<Log, LogError> {
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
                    let log = Log::new(file, visible, Visible::Done, Some(problem));
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
        Ok(Log::new(file, record, visible, deferred))
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

    fn header(&self, suite: &Suite, attempt: u32) -> String {
        let mut text = String::with_capacity(512);
        let attempts = suite.retries.saturating_add(1);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "command:   {}\ndirectory: {}\nstarted:   {}\nrun:       {}\nsuite:     {}\nattempt:   \
             {attempt} of {attempts}\n",
            suite.launch.display,
            suite.launch.dir.display(),
            (self.now)(),
            self.run,
            suite.name,
        );
        for (name, value) in &suite.launch.env {
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            let _ = if value.chars().any(char::is_control) {
                writeln!(text, "set:       {name}={value:?}")
            } else {
                writeln!(text, "set:       {name}={value}")
            };
        }
        text.push_str(RULE);
        text
    }
}

impl Capture for SuiteLogs {
    /// Opens the log where that is possible at all: of the record and the visible directory one may
    /// fail, and the log's end reports it.
    fn open(&self, suite: &Suite, attempt: u32) -> Result<Box<dyn AttemptLog>, LogError> {
        let mut log = self.open_log(suite, attempt)?;
        log.write(self.header(suite, attempt).as_bytes())?;
        log.at_line_start = true;
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

/// What is left to do for the place where users look.
enum Visible {
    Done,
    CopyAtEnd { path: PathBuf, temporary: PathBuf },
}

/// The open log of one attempt.
struct Log {
    /// `None` once a write has failed: what would follow the gap is worth nothing.
    file: Option<File>,
    path: PathBuf,
    visible: Visible,
    /// What went wrong beside this file, to be told at the end.
    deferred: Option<LogError>,
    at_line_start: bool,
}

impl Log {
    fn new(file: File, path: PathBuf, visible: Visible, deferred: Option<LogError>) -> Self {
        Self {
            file: Some(file),
            path,
            visible,
            deferred,
            at_line_start: true,
        }
    }

    fn footer(&self, result: &AttemptResult) -> String {
        let mut text = String::with_capacity(384);
        if !self.at_line_start {
            text.push('\n');
        }
        text.push_str(RULE);
        // Writing to a string does not fail.
        text.push_str("outcome:   ");
        if let Some(words) = &result.message {
            // `timed out after 5s` says it by itself.
            if !words.starts_with(result.outcome.as_str()) {
                let _ = write!(text, "{}: ", result.outcome);
            }
            text.push_str(words);
        } else {
            let _ = write!(text, "{}", result.outcome);
            if let Some(exit) = &result.exit {
                let _ = write!(text, ": {exit}");
            }
        }
        let usage = &result.usage;
        let _ = write!(
            text,
            "\nduration:  {} ({:.3} s)\ncpu time:  {:.3} s user, {:.3} s system\nmemory:    {} at most\n",
            HumanDuration(result.duration),
            result.duration.as_secs_f64(),
            usage.user.as_secs_f64(),
            usage.system.as_secs_f64(),
            HumanBytes(usage.peak_memory),
        );
        for process in &result.leaked {
            let _ = writeln!(text, "leaked:    {process}");
        }
        text
    }
}

impl AttemptLog for Log {
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
        let footer = self.footer(result);
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

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::fs::MetadataExt;
    use std::time::Duration;

    use paceline_engine::event::LeakedProcess;
    use paceline_engine::outcome::{Exit, Outcome};
    use paceline_engine::plan::{Constraints, Launch, Selection, Work};
    use tempfile::TempDir;

    use super::*;
    use crate::test_events::passed;

    fn suite(name: &str) -> Suite {
        Suite {
            name: name.into(),
            framework: "command",
            description: None,
            category: None,
            launch: Launch {
                argv: vec!["cargo".into()],
                display: "cargo test --lib".to_owned(),
                dir: "/repo/proxy".into(),
                env: vec![(OsString::from("RUST_BACKTRACE"), OsString::from("1"))],
            },
            work: Work::Command,
            depends_on: Vec::new(),
            constraints: Constraints::default(),
            group: None,
            timeout: Duration::from_secs(300),
            retries: 1,
            allow_failure: false,
            selection: Selection::Selected,
            expected: None,
        }
    }

    struct Place {
        dir: TempDir,
        logs: SuiteLogs,
    }

    fn place() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let record = dir.path().join("runs/r1/logs");
        let visible = dir.path().join("logs");
        Place {
            logs: logs("r1", record, visible),
            dir,
        }
    }

    fn logs(run: &str, record: PathBuf, visible: PathBuf) -> SuiteLogs {
        let mut logs = SuiteLogs::new(run, record, Some(visible));
        logs.now = || Timestamp::from_second(1_795_186_800).unwrap();
        logs
    }

    impl Place {
        fn read(&self, path: &str) -> String {
            let bytes = fs::read(self.dir.path().join(path)).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        }
    }

    #[test]
    fn a_log_has_a_header_the_bytes_and_a_footer() {
        let place = place();
        let mut log = place.logs.open(&suite("proxy-unit"), 1).unwrap();
        log.write(b"running 1 test\nall good, no newline").unwrap();
        let mut result = passed(1, 0.0, 161.25);
        result.leaked.push(LeakedProcess {
            pid: 4711,
            command: "sleep 100".to_owned(),
        });
        log.finish(&result).unwrap();
        insta::assert_snapshot!(place.read("logs/proxy-unit.log"), @"
        command:   cargo test --lib
        directory: /repo/proxy
        started:   2026-11-20T15:00:00Z
        run:       r1
        suite:     proxy-unit
        attempt:   1 of 2
        set:       RUST_BACKTRACE=1
        ------------------------------------------------------------------------
        running 1 test
        all good, no newline
        ------------------------------------------------------------------------
        outcome:   passed: exit code 0
        duration:  2m41s (161.250 s)
        cpu time:  80.625 s user, 20.156 s system
        memory:    12.3 MiB at most
        leaked:    sleep 100 (pid 4711)
        ");
        assert_eq!(
            place.read("runs/r1/logs/proxy-unit.log"),
            place.read("logs/proxy-unit.log")
        );
    }

    #[test]
    fn bytes_stay_as_they_were() {
        let place = place();
        let bytes: Vec<u8> = (0..=255).collect();
        let mut log = place.logs.open(&suite("a"), 1).unwrap();
        log.write(&bytes).unwrap();
        log.finish(&passed(1, 0.0, 1.0)).unwrap();
        let written = fs::read(place.logs.path("a")).unwrap();
        assert!(written.windows(256).any(|window| window == bytes));
    }

    #[test]
    fn the_log_is_where_users_look_while_the_suite_runs() {
        let place = place();
        let mut log = place.logs.open(&suite("deep/er/a"), 1).unwrap();
        log.write(b"so far\n").unwrap();
        assert!(place.read("logs/deep/er/a.log").ends_with("so far\n"));
        log.finish(&passed(1, 0.0, 1.0)).unwrap();
        let inode = |path: &str| fs::metadata(place.dir.path().join(path)).unwrap().ino();
        assert_eq!(
            inode("logs/deep/er/a.log"),
            inode("runs/r1/logs/deep/er/a.log")
        );
        let left: Vec<_> = fs::read_dir(place.dir.path().join("logs/deep/er"))
            .unwrap()
            .collect();
        assert_eq!(left.len(), 1, "no temporary file is left: {left:?}");
    }

    #[test]
    fn a_later_attempt_continues_the_log_and_a_later_run_replaces_it() {
        let place = place();
        for attempt in [1, 2] {
            let mut log = place.logs.open(&suite("a"), attempt).unwrap();
            log.write(format!("try {attempt}").as_bytes()).unwrap();
            log.finish(&passed(attempt, 0.0, 1.0)).unwrap();
        }
        let first = place.read("logs/a.log");
        let tries: Vec<usize> = ["try 1", "attempt:   2 of 2", "try 2"]
            .iter()
            .map(|part| first.find(part).unwrap())
            .collect();
        assert!(tries.is_sorted(), "{first}");

        let second = logs(
            "r2",
            place.dir.path().join("runs/r2/logs"),
            place.dir.path().join("logs"),
        );
        second
            .open(&suite("a"), 1)
            .unwrap()
            .finish(&passed(1, 0.0, 1.0))
            .unwrap();
        assert!(place.read("logs/a.log").contains("run:       r2"));
        assert_eq!(
            place.read("runs/r1/logs/a.log"),
            first,
            "the record keeps its own"
        );
    }

    #[test]
    fn a_failing_log_directory_does_not_cost_the_record_and_is_reported() {
        let place = place();
        fs::write(place.dir.path().join("logs"), "in the way").unwrap();
        let mut log = place.logs.open(&suite("a"), 1).unwrap();
        log.write(b"precious\n").unwrap();
        let error = log.finish(&passed(1, 0.0, 1.0)).unwrap_err();
        assert_eq!(error.path, place.dir.path().join("logs/a.log"));
        assert!(place.read("runs/r1/logs/a.log").contains("precious"));
    }

    #[test]
    fn a_failing_record_does_not_cost_the_log_and_is_reported() {
        let place = place();
        fs::write(place.dir.path().join("runs"), "in the way").unwrap();
        let mut log = place.logs.open(&suite("a"), 1).unwrap();
        log.write(b"precious\n").unwrap();
        let error = log.finish(&passed(1, 0.0, 1.0)).unwrap_err();
        assert_eq!(error.path, place.dir.path().join("runs/r1/logs/a.log"));
        assert!(place.read("logs/a.log").contains("precious"));
    }

    #[test]
    fn when_both_places_fail_the_error_names_both() {
        let place = place();
        fs::write(place.dir.path().join("runs"), "").unwrap();
        fs::write(place.dir.path().join("logs"), "").unwrap();
        let error = place.logs.open(&suite("a"), 1).err().unwrap().to_string();
        assert!(error.contains("runs/r1/logs/a.log"), "{error}");
        assert!(
            error.contains("; nor ") && error.contains("/logs/a.log"),
            "{error}"
        );
    }

    #[test]
    fn paths_below_the_root_are_shown_relative_to_it() {
        let at = |visible: &str| {
            let logs = SuiteLogs::new("r1", "/repo/runs".into(), Some(visible.into()));
            logs.shown_from("/repo").display_path(&suite("a/b"))
        };
        assert_eq!(at("/repo/logs").as_deref(), Some("logs/a/b.log"));
        assert_eq!(at("/var/logs").as_deref(), Some("/var/logs/a/b.log"));
    }

    #[test]
    fn names_that_lead_out_of_the_directory_are_refused() {
        let place = place();
        for name in ["", "..", "../a", "/etc/a", "a/../../b"] {
            assert!(place.logs.open(&suite(name), 1).is_err(), "{name:?}");
        }
        assert_eq!(fs::read_dir(place.dir.path()).unwrap().count(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_once_and_names_the_file() {
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut log = Box::new(Log::new(file, "/logs/a.log".into(), Visible::Done, None));
        let error = log.write(b"x").unwrap_err().to_string();
        assert!(
            error.starts_with("cannot write the log /logs/a.log: No space left"),
            "{error}"
        );
        log.write(b"y").unwrap();
        log.finish(&passed(1, 0.0, 1.0)).unwrap();
    }

    #[test]
    fn how_it_ended_is_said_in_words() {
        let place = place();
        let mut result = passed(1, 0.0, 0.5);
        result.outcome = Outcome::Crashed;
        result.exit = Some(Exit::Signal(11));
        result.message = Some("signal 11 (SIGSEGV)".to_owned());
        place
            .logs
            .open(&suite("a"), 1)
            .unwrap()
            .finish(&result)
            .unwrap();
        let text = place.read("logs/a.log");
        assert!(
            text.contains("outcome:   crashed: signal 11 (SIGSEGV)\n"),
            "{text}"
        );
    }
}
