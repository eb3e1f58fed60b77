//! What a run leaves on disk.

use std::fs;
use std::process::Stdio;

use crate::environment::TestEnvironment;

const TWO: &str = "[suite.a]\ncommand = 'echo from a'\n[suite.b]\ncommand = 'exit 1'\n";

fn records(env: &TestEnvironment) -> Vec<String> {
    let entries = fs::read_dir(env.root().join(".paceline/runs")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_last_logs_are_where_the_user_looks_and_each_run_keeps_its_own() {
    let env = TestEnvironment::with_config(&format!("log-dir = 'test-logs'\n{TWO}"));
    env.expect(1, &[]);
    let first = env.read("test-logs/a.log");
    env.expect(1, &[]);
    let second = env.read("test-logs/a.log");
    assert_ne!(first, second, "the header names the run");
    let kept: Vec<String> = records(&env)
        .iter()
        .map(|run| env.read(&format!(".paceline/runs/{run}/logs/a.log")))
        .collect();
    assert_eq!(kept.len(), 2);
    assert!(kept.contains(&first) && kept.contains(&second));
}

#[test]
fn a_log_dir_on_the_command_line_is_relative_to_where_the_user_is() {
    let env = TestEnvironment::with_config(TWO);
    env.write("sub/here", "");
    let mut command = env.command(&["--log-dir", "mine"]);
    let status = command
        .current_dir(env.root().join("sub"))
        .output()
        .unwrap()
        .status;
    assert_eq!(status.code(), Some(1));
    assert!(env.read("sub/mine/a.log").contains("from a"));
}

#[test]
fn paths_are_shown_as_seen_from_where_the_user_is() {
    let env = TestEnvironment::with_config(TWO);
    env.write("sub/here", "");
    let mut inside = env.command(["--report", "junit=../j.xml"]);
    let inside = env.finish(inside.current_dir(env.root().join("sub")));
    for shown in [
        "    log     ../.paceline/logs/b.log\n",
        "    native  (cd .. && exit 1)\n",
        " logs     ../.paceline/logs\n",
        " reports  ../.paceline/logs/test-report.json  ../sub/../j.xml\n",
    ] {
        assert!(inside.stdout.contains(shown), "{shown:?} in {inside}");
    }

    let other = TestEnvironment::new();
    other.write("project/paceline.toml", TWO);
    let outside = other.run(["--config", "project/paceline.toml"]);
    for shown in [
        "    log     project/.paceline/logs/b.log\n",
        " logs     project/.paceline/logs\n",
        " reports  project/.paceline/logs/test-report.json\n",
    ] {
        assert!(outside.stdout.contains(shown), "{shown:?} in {outside}");
    }
}

#[test]
fn old_records_are_deleted() {
    let env = TestEnvironment::with_config(&format!("keep-runs = 2\n{TWO}"));
    for _ in 0..4 {
        env.expect(1, &[]);
    }
    assert_eq!(records(&env).len(), 2);
}

#[test]
fn a_deleted_history_is_rebuilt_from_the_records() {
    let env = TestEnvironment::with_config("[suite.a]\ncommand = 'sleep 0.05'\n");
    env.expect(0, &[]);
    for file in ["history.db", "history.db-wal", "history.db-shm"] {
        let _ = fs::remove_file(env.root().join(".paceline").join(file));
    }
    env.expect(0, &[]);
    let second = records(&env).pop().unwrap();
    let events = env.read(&format!(".paceline/runs/{second}/events.ndjson"));
    let started: serde_json::Value = serde_json::from_str(events.lines().next().unwrap()).unwrap();
    assert!(
        started["suites"][0]["expected"].as_f64().unwrap() >= 0.05,
        "{started}"
    );
}

#[test]
fn two_runs_at_once_do_not_harm_each_other() {
    let env = TestEnvironment::with_config(TWO);
    let start = |_| {
        let mut command = env.command([""; 0]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let runs: Vec<_> = (0..4).map(start).collect();
    for mut run in runs {
        assert_eq!(run.wait().unwrap().code(), Some(1));
    }
    assert_eq!(records(&env).len(), 4);
    assert!(env.log("a").contains("from a"));
    assert_eq!(env.report().summary(), [2, 1, 1, 0]);
}

#[test]
fn the_report_agrees_with_the_logs() {
    let env = TestEnvironment::with_config(TWO);
    env.expect(1, &[]);
    let report = env.report();
    for suite in ["a", "b"] {
        let log = env.read(&format!(".paceline/logs/{suite}.log"));
        let seconds = report.suite(suite)["duration"].as_f64().unwrap();
        assert!(
            log.contains(&format!("({seconds:.3} s)")),
            "{seconds}: {log}"
        );
    }
    assert_eq!(report.suite("b")["return_code"], 1);
    let sum: f64 = report.0["suites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|suite| suite["duration"].as_f64().unwrap())
        .sum();
    let told = report.0["sum_of_durations"].as_f64().unwrap();
    assert!((told - sum).abs() < 1e-5, "{told} {sum}");
}

#[test]
fn the_events_of_a_run_can_be_read_back() {
    let env = TestEnvironment::with_config(TWO);
    env.expect(1, &["--events", "events.ndjson"]);
    let kinds: Vec<String> = env
        .read("events.ndjson")
        .lines()
        .map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            event["kind"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(kinds.first().map(String::as_str), Some("run-started"));
    assert_eq!(kinds.last().map(String::as_str), Some("run-finished"));
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "test-finished").count(),
        2
    );
    assert!(!kinds.contains(&"output".to_owned()), "output is for -v");
}
