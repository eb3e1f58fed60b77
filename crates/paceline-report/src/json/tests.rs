//! Reports are held against the schema and, in one case, in full.

use std::path::PathBuf;
use std::time::Duration;

use paceline_engine::event::{Event, EventKind};
use serde_json::Value;
use tempfile::TempDir;

use super::{JsonReport, json_schema};
use crate::reporter::Reporter;
use crate::test_events::{Script, eventful, every_kind, suite};

struct Written {
    dir: TempDir,
    report: JsonReport,
}

impl Written {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let report = JsonReport::new(&dir.path().join("out/test-report.json"));
        Self { dir, report }
    }

    fn feed(&mut self, events: &[Event]) -> &mut Self {
        for event in events {
            self.report.event(event).unwrap();
        }
        self
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("out/test-report.json")
    }

    fn value(&self) -> Value {
        let text = std::fs::read(self.path()).unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

fn of(events: &[Event]) -> Value {
    let mut written = Written::new();
    written.feed(events).report.finish().unwrap();
    written.value()
}

fn assert_valid(report: &Value) {
    let schema = serde_json::to_value(json_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(report)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn a_finished_run() {
    let report = of(&eventful());
    assert_valid(&report);
    let mut shown = report.clone();
    shown["suites"] = Value::Array(vec![
        report["suites"][0].clone(),
        report["suites"][4].clone(),
    ]);
    insta::assert_snapshot!(format!("{shown:#}"), @r#"
    {
      "schema_version": 1,
      "complete": true,
      "timestamp": "2026-11-20T15:00:00Z",
      "duration": 7.6,
      "run_id": "01K3F9",
      "paceline_version": "0.1.0",
      "root": "/repo",
      "jobs": 2,
      "suites": [
        {
          "name": "unit",
          "description": null,
          "category": null,
          "status": "passed",
          "start_time": 1795186800.0,
          "end_time": 1795186802.6,
          "duration": 2.6,
          "return_code": 0,
          "error_message": null,
          "log_file": ".paceline/logs/unit.log",
          "outcome": "passed",
          "flaky": true,
          "allowed": false,
          "not_run": null,
          "counts": {
            "total": 1,
            "passed": 1,
            "failed": 0,
            "errored": 0,
            "skipped": 0,
            "xfailed": 0,
            "xpassed": 0,
            "timed_out": 0,
            "crashed": 0,
            "not_run": 0,
            "flaky": 1,
            "allowed": 0
          },
          "attempts": [
            {
              "attempt": 1,
              "outcome": "failed",
              "exit": {
                "code": 1
              },
              "message": "exit code 1",
              "start_time": 1795186800.0,
              "duration": 1.2,
              "cpu_user_seconds": 0.6,
              "cpu_system_seconds": 0.15,
              "peak_memory_bytes": 12900000,
              "output_bytes": 19
            },
            {
              "attempt": 2,
              "outcome": "passed",
              "exit": {
                "code": 0
              },
              "message": null,
              "start_time": 1795186801.2,
              "duration": 1.4,
              "cpu_user_seconds": 0.7,
              "cpu_system_seconds": 0.175,
              "peak_memory_bytes": 12900000,
              "output_bytes": 0
            }
          ],
          "tests": [],
          "cpu_user_seconds": 1.3,
          "cpu_system_seconds": 0.325,
          "peak_memory_bytes": 12900000,
          "leaked": [],
          "framework": "command",
          "command": "make unit",
          "dir": ".",
          "depends_on": [],
          "group": null,
          "needs": [],
          "slot": 0,
          "pulled_in_by": null
        },
        {
          "name": "smoke",
          "description": null,
          "category": null,
          "status": "skipped",
          "start_time": null,
          "end_time": null,
          "duration": null,
          "return_code": null,
          "error_message": "needs deploy, which needs integration, which failed",
          "log_file": null,
          "outcome": "not-run",
          "flaky": false,
          "allowed": false,
          "not_run": {
            "because": "dependency",
            "chain": [
              {
                "suite": "deploy",
                "outcome": "not-run"
              },
              {
                "suite": "integration",
                "outcome": "failed"
              }
            ]
          },
          "counts": {
            "total": 1,
            "passed": 0,
            "failed": 0,
            "errored": 0,
            "skipped": 0,
            "xfailed": 0,
            "xpassed": 0,
            "timed_out": 0,
            "crashed": 0,
            "not_run": 1,
            "flaky": 0,
            "allowed": 0
          },
          "attempts": [],
          "tests": [],
          "cpu_user_seconds": 0.0,
          "cpu_system_seconds": 0.0,
          "peak_memory_bytes": 0,
          "leaked": [],
          "framework": "command",
          "command": "make smoke",
          "dir": ".",
          "depends_on": [
            "deploy"
          ],
          "group": null,
          "needs": [],
          "slot": null,
          "pulled_in_by": "deploy"
        }
      ],
      "summary": {
        "total": 9,
        "passed": 2,
        "failed": 5,
        "skipped": 2
      },
      "counts": {
        "total": 9,
        "passed": 2,
        "failed": 2,
        "errored": 1,
        "skipped": 0,
        "xfailed": 0,
        "xpassed": 0,
        "timed_out": 1,
        "crashed": 1,
        "not_run": 2,
        "flaky": 1,
        "allowed": 1
      },
      "sum_of_durations": 11.95,
      "limit": {
        "duration": 7.296,
        "due_to": {
          "term": "group",
          "group": "acceptance"
        }
      },
      "efficiency": 0.96,
      "interrupted": null,
      "warnings": [
        {
          "suite": "missing",
          "message": "the log is incomplete: disk full",
          "fatal": false
        }
      ]
    }
    "#);
}

#[test]
fn statuses_and_return_codes_are_those_of_the_established_format() {
    let report = of(&eventful());
    let rows: Vec<String> = report["suites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|suite| {
            format!(
                "{} {} {} {} {}",
                suite["name"],
                suite["status"],
                suite["return_code"],
                suite["outcome"],
                suite["error_message"],
            )
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n").replace('"', ""), @"
    unit passed 0 passed null
    lint failed 1 failed exit code 1
    integration failed 1 failed exit code 1
    deploy skipped null not-run needs integration, which failed
    smoke skipped null not-run needs deploy, which needs integration, which failed
    hang failed -1 timed-out timed out after 5s
    segv failed -11 crashed signal 11 (SIGSEGV)
    missing failed null errored cannot start gmake: no such file or directory
    quick passed 0 passed null
    ");
    assert_eq!(
        report["summary"],
        serde_json::json!({"total": 9, "passed": 2, "failed": 5, "skipped": 2})
    );
}

#[test]
fn every_state_of_a_run_makes_a_valid_report() {
    for events in [eventful(), every_kind()] {
        for end in 1..=events.len() {
            assert_valid(&of(&events[..end]));
        }
    }
}

#[test]
fn a_run_that_was_killed_leaves_what_was_known() {
    let mut script = Script::new(2, vec![suite("a"), suite("b"), suite("c")]);
    script.start("a").start("b").at(0.05).pass("a");
    let mut written = Written::new();
    written.feed(&script.events[..1]);
    assert!(!written.path().exists(), "not at the very start");
    written.report.tick(Duration::from_millis(100)).unwrap();
    written.feed(&script.events[1..]);
    let statuses = |value: &Value| -> Vec<String> {
        let suites = value["suites"].as_array().unwrap();
        suites
            .iter()
            .map(|suite| suite["status"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        statuses(&written.value()),
        ["pending"; 3],
        "written soon after the start"
    );
    written.report.tick(Duration::from_millis(2099)).unwrap();
    assert_eq!(
        statuses(&written.value()),
        ["pending"; 3],
        "not within two seconds"
    );
    written.report.tick(Duration::from_millis(2100)).unwrap();
    assert_eq!(statuses(&written.value()), ["passed", "running", "pending"]);
    assert_eq!(written.value()["complete"], false);
    assert_eq!(written.value()["sum_of_durations"], 0.05);
}

#[test]
fn nothing_is_written_while_nothing_happens() {
    let mut written = Written::new();
    written.feed(&every_kind()[..1]);
    written.report.tick(Duration::from_secs(1)).unwrap();
    let path = written.path();
    std::fs::remove_file(&path).unwrap();
    written.report.tick(Duration::from_secs(5)).unwrap();
    assert!(!path.exists());
}

#[test]
fn an_unwritable_report_is_told_once_and_early() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let mut report = JsonReport::new(&dir.path().join("file/test-report.json"));
    let events = every_kind();
    report.event(&events[0]).unwrap();
    let error = report.tick(Duration::from_secs(1)).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("file/test-report.json"), "{error}");
    for event in &events[1..] {
        report.event(event).unwrap();
    }
    report.finish().unwrap();
}

#[test]
fn tests_of_frameworks_are_listed_in_plan_order() {
    let tests = crate::test_framework::eventful_tests("api");
    let suites = [crate::test_framework::framework_suite("api")];
    let plan: Vec<usize> = (0..tests.len()).collect();
    let shuffled = crate::test_framework::shuffled(tests.len());
    let report = of(&crate::test_framework::play(2, &suites, &tests, &shuffled));
    assert_valid(&report);
    let suite = &report["suites"][0];
    let in_order = of(&crate::test_framework::play(2, &suites, &tests, &plan));
    assert_eq!(suite["tests"], in_order["suites"][0]["tests"]);
    let ids = suite["tests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|test| test["id"].as_str().unwrap());
    let expected: Vec<String> = tests.iter().map(|test| test.test.to_string()).collect();
    assert_eq!(ids.collect::<Vec<_>>(), expected);
    assert_eq!(
        suite["error_message"],
        "2 failed, 2 errored, 1 timed out, 1 crashed of 14 tests"
    );
    assert_eq!(suite["attempts"], Value::Array(Vec::new()));
    assert_eq!(report["sum_of_durations"], in_order["sum_of_durations"]);
    insta::assert_snapshot!(format!("{:#}", suite["tests"][5]), @r#"
    {
      "id": "api::tests/test_flaky.py::test_network",
      "native_id": "tests/test_flaky.py::test_network",
      "outcome": "passed",
      "flaky": true,
      "duration": 0.03,
      "phases": [
        0.01,
        0.015,
        0.005
      ],
      "file": "tests/test_flaky.py",
      "line": 10,
      "message": null,
      "worker": 0,
      "attempts": [
        {
          "attempt": 1,
          "outcome": "failed",
          "message": "ConnectionError: refused",
          "duration": 0.02
        },
        {
          "attempt": 2,
          "outcome": "passed",
          "message": null,
          "duration": 0.03
        }
      ],
      "native_outcome": null,
      "assertions": null,
      "markers": [],
      "properties": []
    }
    "#);
    insta::assert_snapshot!(format!("{:#}", suite["tests"][6]), @r#"
    {
      "id": "api::tests/test_orders.py::test_refund",
      "native_id": "tests/test_orders.py::test_refund",
      "outcome": "failed",
      "flaky": false,
      "duration": 0.41,
      "phases": [
        0.01,
        0.015,
        0.005
      ],
      "file": "tests/test_orders.py",
      "line": 10,
      "message": "assert 10 == 11\n +  where 10 = total()",
      "worker": 1,
      "attempts": [],
      "native_outcome": null,
      "assertions": 2,
      "markers": [
        "slow"
      ],
      "properties": [
        [
          "ticket",
          "17"
        ]
      ]
    }
    "#);
}

#[test]
fn a_run_that_goes_on_lists_the_tests_that_have_ended() {
    let events = crate::test_framework::eventful_suite();
    let place = events
        .iter()
        .position(|event| matches!(event.kind, EventKind::TestFinished(_)));
    let report = of(&events[..=place.unwrap()]);
    assert_valid(&report);
    assert_eq!(report["complete"], false);
    assert_eq!(report["suites"][0]["tests"].as_array().unwrap().len(), 1);
}
