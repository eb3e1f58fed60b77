use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use paceline_engine::capture::{AttemptLog, Capture};
use paceline_engine::event::LeakedProcess;
use paceline_engine::outcome::{Exit, Outcome};
use paceline_engine::plan::{Constraints, Launch, Selection, Suite, Work};
use tempfile::TempDir;

use super::SuiteLogs;
use super::attempt_log::{OpenLog, Visible};
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
    let mut log = Box::new(OpenLog::new(
        file,
        "/logs/a.log".into(),
        Visible::Done,
        None,
    ));
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
