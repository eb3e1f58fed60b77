//! The record of a run under `.paceline/runs/`, and what is kept of earlier ones.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use paceline_engine::event::{Event, EventKind};
use rustix::fs::{FlockOperation, flock};

use crate::targets::Failure;

/// Locked by a run for as long as it lasts.
const LOCK: &str = "lock";
/// The events of a run.
const EVENTS: &str = "events.ndjson";
/// How many runs may begin in the same millisecond.
const NAMES_TO_TRY: u32 = 1000;

/// Where paceline keeps its own files.
#[derive(Clone, Debug)]
pub(super) struct StateDir(PathBuf);

impl StateDir {
    pub(super) fn of(root: &Path) -> Self {
        Self(root.join(".paceline"))
    }

    pub(super) fn history(&self) -> PathBuf {
        self.0.join("history.db")
    }

    fn runs(&self) -> PathBuf {
        self.0.join("runs")
    }

    /// Makes the directory, with a `.gitignore` of its own that covers it.
    fn create(&self) -> io::Result<()> {
        fs::create_dir_all(self.runs())?;
        match File::create_new(self.0.join(".gitignore")) {
            Ok(mut file) => io::Write::write_all(&mut file, b"*\n"),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Starts the record of a run, under an id that no other run has.
    pub(super) fn start_run(&self, started: Timestamp) -> io::Result<RunDir> {
        self.create()?;
        let mut moment = started;
        for _ in 0..NAMES_TO_TRY {
            let id = run_id(moment);
            let path = self.runs().join(&id);
            match fs::create_dir(&path) {
                Ok(()) => {
                    let lock = File::create(path.join(LOCK))?;
                    flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
                    let lock = Some(lock);
                    return Ok(RunDir { id, path, lock });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    moment = moment
                        .saturating_add(SignedDuration::from_millis(1))
                        .unwrap_or(moment);
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("too many runs began at this moment"))
    }

    /// The ids of all recorded runs, oldest first.
    fn run_ids(&self) -> Vec<String> {
        let entries = fs::read_dir(self.runs()).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut ids: Vec<String> = names.collect();
        // Ids are times.
        ids.sort();
        ids
    }

    /// The events of every recorded run, oldest first; what cannot be read is passed over.
    pub(super) fn recorded(&self) -> impl Iterator<Item = Vec<Event>> {
        let runs = self.runs();
        self.run_ids().into_iter().filter_map(move |id| {
            let file = File::open(runs.join(id).join(EVENTS)).ok()?;
            let events = paceline_report::events::read(BufReader::new(file));
            Some(events.filter_map(Result::ok).collect())
        })
    }

    /// What failed in the run that was recorded last; `None` if there is none.
    pub(super) fn last_failures(&self) -> Option<Vec<Failure>> {
        let runs = self.runs();
        let mut newest = self.run_ids().into_iter().rev();
        let file = newest.find_map(|id| File::open(runs.join(id).join(EVENTS)).ok())?;
        let events = paceline_report::events::read(BufReader::new(file));
        let failures = events.filter_map(|event| match event.ok()?.kind {
            EventKind::TestFinished(test) if test.outcome.is_failure() => Some(Failure {
                suite: test.suite.to_string(),
                unit: test
                    .details
                    .as_ref()
                    .map(|details| details.unit.to_string()),
                native_id: test.details.map(|details| details.native_id),
            }),
            _ => None,
        });
        Some(failures.collect())
    }

    /// Deletes the oldest records but `keep`. Those of runs that go on are left alone.
    pub(super) fn prune(&self, keep: u32) -> io::Result<()> {
        let ids = self.run_ids();
        let surplus = ids.len().saturating_sub(keep as usize);
        for id in &ids[..surplus] {
            let path = self.runs().join(id);
            let in_use = match File::open(path.join(LOCK)) {
                Ok(lock) => flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err(),
                // Without a lock it is being made, or was never finished.
                Err(_) => !is_old(&path),
            };
            if !in_use {
                fs::remove_dir_all(&path)?;
            }
        }
        Ok(())
    }
}

/// The id of a run that began at this moment, in UTC: ids sort by time.
pub(super) fn run_id(moment: Timestamp) -> String {
    moment.strftime("%Y%m%d-%H%M%S-%3f").to_string()
}

/// Whether a directory has been there for longer than it takes to put a lock into it.
fn is_old(path: &Path) -> bool {
    let age = fs::metadata(path).and_then(|meta| meta.modified()).ok();
    age.and_then(|time| time.elapsed().ok())
        .is_some_and(|age| age.as_secs() > 60)
}

/// The record of one run.
#[derive(Debug)]
pub(super) struct RunDir {
    pub(super) id: String,
    path: PathBuf,
    /// Held for as long as the run lasts; `None` where there is no record.
    #[expect(dead_code, reason = "the lock is released when it is dropped")]
    lock: Option<File>,
}

impl RunDir {
    pub(super) fn events(&self) -> PathBuf {
        self.path.join(EVENTS)
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    pub(super) fn worker_logs(&self) -> PathBuf {
        self.path.join("workers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(state: &StateDir, second: i64) -> RunDir {
        state
            .start_run(Timestamp::from_second(second).unwrap())
            .unwrap()
    }

    #[test]
    fn runs_of_one_moment_get_different_ids_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::of(dir.path());
        let runs: Vec<RunDir> = (0..12).map(|_| start(&state, 0)).collect();
        let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
        assert_eq!(ids[0], "19700101-000000-000");
        assert_eq!(ids[11], "19700101-000000-011");
        assert_eq!(state.run_ids(), ids);
    }

    #[test]
    fn old_runs_are_deleted_but_not_those_that_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::of(dir.path());
        let going_on = start(&state, 0);
        for second in 1..5 {
            drop(start(&state, second));
        }
        state.prune(2).unwrap();
        let second = |second| format!("19700101-00000{second}-000");
        assert_eq!(state.run_ids(), [second(0), second(3), second(4)]);
        drop(going_on);
        state.prune(2).unwrap();
        assert_eq!(state.run_ids(), [second(3), second(4)]);
    }

    #[test]
    fn everything_is_hidden_from_git() {
        let dir = tempfile::tempdir().unwrap();
        start(&StateDir::of(dir.path()), 0);
        let text = fs::read_to_string(dir.path().join(".paceline/.gitignore")).unwrap();
        assert_eq!(text, "*\n");
    }
}
