//! The file.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};
use thiserror::Error;

use crate::record::{AttemptRow, Head, RunRecord};

/// Grows with each change of the tables below; a file of another version is made anew.
const SCHEMA_VERSION: i32 = 1;
/// How long a run waits for another one that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// What the write-ahead log may hold before it is worth a wait for the disk, in bytes.
const LONG_LOG: u64 = 512 * 1024;
/// Runs that are kept.
const KEPT_RUNS: u32 = 1000;
/// The weight of the newest duration in the moving average that the next one is expected by. Half
/// follows a change within a few runs; longest-first schedules bear errors of 40 % without loss.
const NEWEST_WEIGHT: f64 = 0.5;

const SCHEMA: &str = "
    CREATE TABLE run (
        id      INTEGER PRIMARY KEY,
        name    TEXT NOT NULL UNIQUE,
        started TEXT NOT NULL,
        jobs    INTEGER NOT NULL,
        wall    REAL
    );
    CREATE TABLE attempt (
        run         INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
        suite       TEXT NOT NULL,
        test        TEXT NOT NULL,
        attempt     INTEGER NOT NULL,
        outcome     TEXT NOT NULL,
        started_at  REAL NOT NULL,
        duration    REAL NOT NULL,
        cpu         REAL NOT NULL,
        peak_memory INTEGER NOT NULL,
        PRIMARY KEY (run, suite, test, attempt)
    ) WITHOUT ROWID;
    CREATE TABLE expected (
        suite    TEXT NOT NULL,
        test     TEXT NOT NULL,
        duration REAL NOT NULL,
        PRIMARY KEY (suite, test)
    ) WITHOUT ROWID;
";

/// Why the history could not be used.
#[derive(Debug, Error)]
#[error("{action} the history {}: {source}", path.display())]
pub struct HistoryError {
    action: &'static str,
    path: PathBuf,
    source: rusqlite::Error,
}

impl HistoryError {
    /// Whether the file itself is at fault, so that a new one would do. A full disk or a file that
    /// may not be written is no fault of what is in it.
    pub fn is_damaged(&self) -> bool {
        use rusqlite::ErrorCode;

        match self.source.sqlite_error_code() {
            Some(code) => matches!(
                code,
                ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown
            ),
            // What is stored is not of the type that it should be.
            None => true,
        }
    }
}

/// An open history.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    connection: Connection,
    is_new: bool,
}

impl History {
    /// Opens the file, or makes it. A file of another schema version is emptied.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let open = || -> rusqlite::Result<(Connection, bool)> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let mut connection = Connection::open_with_flags(path, flags)?;
            // Before anything that takes a lock: switching to WAL is one of those.
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            // Waiting for the disk is left to `tidy`: nobody should wait for it at the end of a run.
            connection.pragma_update(None, "wal_autocheckpoint", 0)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            connection.pragma_update(None, "foreign_keys", true)?;
            let is_new = create_tables(&mut connection)?;
            Ok((connection, is_new))
        };
        let (connection, is_new) = open().map_err(|source| HistoryError {
            action: "opening",
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            is_new,
        })
    }

    /// Whether it was empty when it was opened, so that older records should be fed to it.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// How long each test is expected to take, by its id; by the name of a suite that a framework
    /// runs, how long it boots.
    pub fn expected(&self) -> Result<HashMap<String, Duration>, HistoryError> {
        let read = || -> rusqlite::Result<HashMap<String, Duration>> {
            let mut statement = self
                .connection
                .prepare("SELECT test, duration FROM expected")?;
            let rows = statement.query_map([], |row| {
                let seconds: f64 = row.get(1)?;
                Ok((
                    row.get(0)?,
                    Duration::try_from_secs_f64(seconds).unwrap_or_default(),
                ))
            })?;
            rows.collect()
        };
        read().map_err(|source| self.error("reading", source))
    }

    /// Moves what earlier runs have added to its place in the file, once it has become much. Waits
    /// for the disk, so it is best done beside something else.
    pub fn tidy(&self) -> Result<(), HistoryError> {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        if fs::metadata(log).map_or(0, |log| log.len()) < LONG_LOG {
            return Ok(());
        }
        self.gather()
    }

    /// Moves everything into the one file, for whoever is about to copy it.
    pub fn gather(&self) -> Result<(), HistoryError> {
        // Others that read or write keep a part of it for later; that is no error.
        let gathered = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        gathered.map_err(|source| self.error("tidying", source))
    }

    /// Adds a run. One that is there already, by its name, is left as it is.
    pub fn add(&mut self, record: &RunRecord) -> Result<(), HistoryError> {
        let Some(head) = &record.head else {
            return Ok(());
        };
        let result = write(&mut self.connection, head, record);
        result.map_err(|source| self.error("writing", source))
    }

    fn error(&self, action: &'static str, source: rusqlite::Error) -> HistoryError {
        HistoryError {
            action,
            path: self.path.clone(),
            source,
        }
    }
}

/// Answers whether there were none.
fn create_tables(connection: &mut Connection) -> rusqlite::Result<bool> {
    let version = |connection: &Connection| {
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))
    };
    if version(connection)? == SCHEMA_VERSION {
        return Ok(false);
    }
    // At once for writing: a lock that is upgraded later fails without waiting.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version(&transaction)? == SCHEMA_VERSION {
        return Ok(false);
    }
    transaction.execute_batch(
        "DROP TABLE IF EXISTS expected; DROP TABLE IF EXISTS attempt; DROP TABLE IF EXISTS run;",
    )?;
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()?;
    Ok(true)
}

fn write(connection: &mut Connection, head: &Head, record: &RunRecord) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let added = transaction.execute(
        "INSERT INTO run (name, started, jobs, wall) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO NOTHING",
        params![
            head.run,
            head.started.to_string(),
            head.jobs,
            head.wall.map(|wall| wall.as_secs_f64())
        ],
    )?;
    if added == 0 {
        return Ok(());
    }
    let run = transaction.last_insert_rowid();
    for row in &record.attempts {
        insert_attempt(&transaction, run, row)?;
        if row.ran_to_its_end() {
            update_expected(&transaction, &row.suite, &row.test, row.duration)?;
        }
    }
    // As a command is its suite's test of the same name, so is what every run of a framework begins with.
    for (suite, boot) in &record.boots {
        update_expected(&transaction, suite, suite, *boot)?;
    }
    transaction.execute(
        "DELETE FROM run WHERE id <= ?1",
        [run - i64::from(KEPT_RUNS)],
    )?;
    transaction.commit()
}

fn insert_attempt(to: &Transaction<'_>, run: i64, row: &AttemptRow) -> rusqlite::Result<()> {
    let mut statement = to.prepare_cached(
        "INSERT OR REPLACE INTO attempt VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    statement.execute(params![
        run,
        row.suite,
        row.test,
        row.attempt,
        row.outcome.as_str(),
        row.started_at.as_secs_f64(),
        row.duration.as_secs_f64(),
        row.cpu.as_secs_f64(),
        i64::try_from(row.peak_memory).unwrap_or(i64::MAX),
    ])?;
    Ok(())
}

fn update_expected(
    to: &Transaction<'_>,
    suite: &str,
    test: &str,
    duration: Duration,
) -> rusqlite::Result<()> {
    let mut statement = to.prepare_cached(
        "INSERT INTO expected VALUES (?1, ?2, ?3) ON CONFLICT (suite, test)
         DO UPDATE SET duration = ?4 * excluded.duration + (1 - ?4) * duration",
    )?;
    statement.execute(params![suite, test, duration.as_secs_f64(), NEWEST_WEIGHT])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use paceline_engine::outcome::Outcome;

    fn record(run: &str, outcome: Outcome, seconds: f64) -> RunRecord {
        RunRecord {
            boots: Vec::new(),
            head: Some(Head {
                run: run.to_owned(),
                started: jiff::Timestamp::UNIX_EPOCH,
                jobs: 2,
                wall: Some(Duration::from_secs(1)),
            }),
            attempts: vec![AttemptRow {
                suite: "unit".into(),
                test: "unit".into(),
                attempt: 1,
                outcome,
                started_at: Duration::ZERO,
                duration: Duration::from_secs_f64(seconds),
                cpu: Duration::ZERO,
                peak_memory: 1,
            }],
        }
    }

    fn seconds(history: &History) -> Option<f64> {
        let expected = history.expected().unwrap();
        expected.get("unit").map(Duration::as_secs_f64)
    }

    #[test]
    fn what_is_expected_follows_what_was_measured() {
        let dir = tempfile::tempdir().unwrap();
        let mut history = History::open(&dir.path().join("history.db")).unwrap();
        assert!(history.is_new());
        assert_eq!(seconds(&history), None);
        history.add(&record("one", Outcome::Passed, 4.0)).unwrap();
        assert_eq!(seconds(&history), Some(4.0));
        history.add(&record("two", Outcome::Failed, 2.0)).unwrap();
        assert_eq!(seconds(&history), Some(3.0));
    }

    #[test]
    fn an_attempt_that_was_cut_short_says_nothing_of_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let mut history = History::open(&dir.path().join("history.db")).unwrap();
        history.add(&record("one", Outcome::TimedOut, 4.0)).unwrap();
        history.add(&record("two", Outcome::NotRun, 4.0)).unwrap();
        assert_eq!(seconds(&history), None);
    }

    #[test]
    fn how_long_a_framework_boots_is_expected_by_the_name_of_its_suite() {
        let dir = tempfile::tempdir().unwrap();
        let mut history = History::open(&dir.path().join("history.db")).unwrap();
        let booted = |run: &str, seconds| {
            let mut record = record(run, Outcome::Passed, 1.0);
            record.boots = vec![("api".into(), Duration::from_secs(seconds))];
            record
        };
        history.add(&booted("one", 4)).unwrap();
        history.add(&booted("two", 2)).unwrap();
        let expected = history.expected().unwrap();
        assert_eq!(expected["api"], Duration::from_secs(3));
        assert_eq!(expected.len(), 2);
    }

    #[test]
    fn a_run_is_added_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut history = History::open(&dir.path().join("history.db")).unwrap();
        history.add(&record("one", Outcome::Passed, 4.0)).unwrap();
        history.add(&record("one", Outcome::Passed, 2.0)).unwrap();
        assert_eq!(seconds(&history), Some(4.0));
    }

    #[test]
    fn is_kept_from_one_run_to_the_next_and_shared_by_two_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.db");
        let mut one = History::open(&path).unwrap();
        let mut two = History::open(&path).unwrap();
        one.add(&record("one", Outcome::Passed, 4.0)).unwrap();
        two.add(&record("two", Outcome::Passed, 2.0)).unwrap();
        drop((one, two));
        let again = History::open(&path).unwrap();
        assert!(!again.is_new());
        assert_eq!(seconds(&again), Some(3.0));
    }

    #[test]
    fn what_runs_add_is_moved_into_the_file_once_it_is_much() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.db");
        let length = |name: &str| fs::metadata(dir.path().join(name)).unwrap().len();
        let mut big = record("big", Outcome::Passed, 1.0);
        let row = big.attempts.remove(0);
        big.attempts = (0..5000)
            .map(|number| AttemptRow {
                test: format!("unit::test number {number}").into(),
                ..row.clone()
            })
            .collect();
        let mut history = History::open(&path).unwrap();
        history.add(&record("one", Outcome::Passed, 4.0)).unwrap();
        history.tidy().unwrap();
        let few = length("history.db-wal");
        assert!(few > 0, "a little is left where it is");
        history.add(&big).unwrap();
        assert!(length("history.db-wal") > LONG_LOG);
        history.tidy().unwrap();
        assert_eq!(length("history.db-wal"), 0);
        history.add(&record("two", Outcome::Passed, 4.0)).unwrap();
        history.gather().unwrap();
        assert_eq!(length("history.db-wal"), 0);
        drop(history);
        assert_eq!(
            History::open(&path).unwrap().expected().unwrap().len(),
            5001
        );
    }

    #[test]
    fn a_log_without_its_file_is_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.db");
        let mut history = History::open(&path).unwrap();
        history.add(&record("one", Outcome::Passed, 4.0)).unwrap();
        drop(history);
        fs::remove_file(&path).unwrap();
        let mut history = History::open(&path).unwrap();
        assert!(history.is_new());
        history.add(&record("two", Outcome::Passed, 2.0)).unwrap();
        assert_eq!(seconds(&history), Some(2.0));
    }

    #[test]
    fn a_file_that_is_no_database_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.db");
        fs::write(&path, "this is not a database, and long enough to tell").unwrap();
        let error = History::open(&path).unwrap_err().to_string();
        assert!(
            error.contains("history.db") && error.contains("not a database"),
            "{error}"
        );
    }
}
