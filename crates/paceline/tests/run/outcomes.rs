//! Outcomes, and what follows from them.

use crate::environment::TestEnvironment;

#[test]
fn dependents_of_a_failure_are_not_run_and_say_why() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.build]
        command = "exit 2"
        [suite.unit]
        command = "true"
        depends-on = ["build"]
        [suite.acceptance]
        command = "true"
        depends-on = ["unit"]
        [suite.other]
        command = "true"
        "#,
    );
    env.expect(1, &[]);
    let report = env.report();
    assert_eq!(report.message("build"), "exit code 2");
    assert_eq!(report.outcome("unit"), "not-run");
    assert_eq!(report.message("unit"), "needs build, which failed");
    assert_eq!(
        report.message("acceptance"),
        "needs unit, which needs build, which failed"
    );
    assert_eq!(
        report.suite("acceptance")["start_time"],
        serde_json::Value::Null
    );
    assert_eq!(report.outcome("other"), "passed");
    assert_eq!(report.summary(), [4, 1, 1, 2]);
}

#[test]
fn a_pass_after_a_failure_is_flaky() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.flaky]
        command = "test $PACELINE_ATTEMPT = 2"
        retries = 3
        "#,
    );
    env.expect(0, &[]);
    let report = env.report();
    assert_eq!(report.outcome("flaky"), "passed");
    assert_eq!(report.suite("flaky")["flaky"], true);
    assert_eq!(
        report.suite("flaky")["attempts"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(report.0["counts"]["flaky"], 1);
    let log = env.log("flaky");
    assert!(
        log.contains("attempt:   1 of 4") && log.contains("attempt:   2 of 4"),
        "{log}"
    );
}

#[test]
fn retries_end_with_the_last_failure() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.broken]
        command = "exit $PACELINE_ATTEMPT"
        retries = 2
        [suite.after]
        command = "true"
        depends-on = ["broken"]
        "#,
    );
    env.expect(1, &[]);
    assert_eq!(env.report().message("broken"), "exit code 3");
    assert_eq!(env.report().outcome("after"), "not-run");
}

#[test]
fn an_allowed_failure_is_reported_and_does_not_fail_the_run() {
    let env = TestEnvironment::with_config(
        r#"
        jobs = 1
        [suite.shaky]
        command = "exit 1"
        allow-failure = true
        [suite.after]
        command = "true"
        depends-on = ["shaky"]
        [suite.solid]
        command = "true"
        "#,
    );
    env.expect(0, &["--fail-fast"]);
    let report = env.report();
    assert_eq!(report.outcome("shaky"), "failed");
    assert_eq!(report.suite("shaky")["allowed"], true);
    assert_eq!(report.outcome("after"), "not-run");
    assert_eq!(report.outcome("solid"), "passed");
    assert_eq!(report.0["counts"]["allowed"], 1);
}

#[test]
fn fail_fast_stops_what_is_queued_at_once() {
    let env = TestEnvironment::with_config(
        r#"
        jobs = 1
        [suite.bad]
        command = "exit 1"
        [suite.one]
        command = "touch ran"
        [suite.two]
        command = "touch ran"
        "#,
    );
    env.expect(1, &["--fail-fast"]);
    let report = env.report();
    for suite in ["one", "two"] {
        assert_eq!(report.outcome(suite), "not-run");
        assert_eq!(report.message(suite), "the run stopped after bad failed");
    }
    assert!(!env.root().join("ran").exists());
}

#[test]
fn max_fail_lets_what_runs_end() {
    let env = TestEnvironment::with_config(
        r#"
        jobs = 2
        [suite.bad]
        command = "until test -e running; do sleep 0.01; done; exit 1"
        [suite.good]
        command = "touch running; until test -e release; do sleep 0.01; done"
        [suite.queued]
        command = "true"
        "#,
    );
    let mut run = env.follow(&["--max-fail", "1"]);
    run.until(|event| event["kind"] == "stopping");
    env.write("release", "");
    assert_eq!(run.end(), Some(1));
    assert_eq!(env.report().outcome("good"), "passed");
    assert_eq!(env.report().outcome("queued"), "not-run");
}

#[test]
fn max_fail_immediate_stops_what_runs() {
    let env = TestEnvironment::with_config(
        r#"
        jobs = 2
        [suite.bad]
        command = "until test -e running; do sleep 0.01; done; exit 1"
        [suite.long]
        command = "touch running; sleep 60"
        "#,
    );
    env.expect(1, &["--max-fail", "1:immediate"]);
    assert_eq!(env.report().outcome("long"), "not-run");
    assert_eq!(
        env.report().message("long"),
        "stopped while it ran: the run stopped after bad failed"
    );
}

#[test]
fn a_shell_that_finds_no_command_is_told_apart() {
    let env = TestEnvironment::with_config("[suite.typo]\ncommand = 'no-such-command-here'\n");
    env.expect(1, &[]);
    assert_eq!(
        env.report().message("typo"),
        "exit code 127: command not found"
    );
}

#[test]
fn a_selection_pulls_in_what_it_depends_on() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.base]
        command = "true"
        [suite.top]
        command = "true"
        depends-on = ["base"]
        [suite.other]
        command = "true"
        "#,
    );
    env.expect(0, &["run", "top"]);
    assert_eq!(env.report().summary(), [2, 2, 0, 0]);
    env.expect(0, &["run", "top", "--no-deps"]);
    assert_eq!(env.report().summary(), [1, 1, 0, 0]);
}

#[test]
fn a_suite_sees_what_it_is_and_what_was_set() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.env]
        command = "echo $PACELINE_SUITE $PACELINE_ATTEMPT $PACELINE_WORKER_ID $GREETING $(basename $PWD)"
        dir = "sub"
        env = { GREETING = "hello" }
        "#,
    );
    env.write("sub/file", "");
    env.expect(0, &[]);
    let log = env.log("env");
    assert!(log.contains("\nenv 1 0 hello sub\n"), "{log}");
    assert!(log.contains("GREETING=hello"), "{log}");
}
