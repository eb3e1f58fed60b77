//! Files that cannot be written: what is said of them agrees with the exit code.

use crate::environment::TestEnvironment;

fn passing() -> TestEnvironment {
    let environment = TestEnvironment::with_config(
        r#"
        [suite.a]
        command = "true"
        "#,
    );
    // Nothing can be written below it.
    environment.write("file", "");
    environment
}

#[test]
fn a_report_that_was_asked_for_and_is_missing_is_in_the_verdict() {
    let environment = passing();
    let summary = environment.root().join("summary.md");
    let reports = [
        "--report",
        "junit=file/junit.xml",
        "--report",
        "json=ok.json",
    ];
    let mut command = environment.command(reports);
    let invocation = environment.finish(command.env("GITHUB_STEP_SUMMARY", &summary));
    assert_eq!(invocation.code, Some(3), "{invocation}");
    let stdout = &invocation.stdout;
    assert!(
        stdout.contains("\n PASSED, with errors 1 suite: 1 passed\n"),
        "{stdout}"
    );
    let reports = "\n reports  .paceline/logs/test-report.json  ok.json\n";
    assert!(stdout.contains(reports), "{stdout}");
    assert!(
        environment
            .read("summary.md")
            .contains("paceline: PASSED, with errors, 1 passed")
    );
    assert!(
        invocation
            .stderr
            .contains("error: cannot write [DIR]/file/junit.xml"),
        "{invocation}"
    );
}

#[test]
fn logs_that_are_missing_are_in_the_verdict_and_not_listed() {
    let environment = passing();
    let invocation = environment.run(["--log-dir", "file/logs"]);
    assert_eq!(invocation.code, Some(3), "{invocation}");
    let stdout = &invocation.stdout;
    assert!(
        stdout.contains("\n PASSED, with errors 1 suite: 1 passed\n"),
        "{stdout}"
    );
    assert!(
        !stdout.contains(" logs ") && !stdout.contains(" reports "),
        "{stdout}"
    );
}

#[test]
fn what_is_written_in_any_case_and_is_missing_is_only_not_listed() {
    let environment = passing();
    // A directory is where the file has to be.
    environment.write(".paceline/logs/test-report.json/x", "");
    let invocation = environment.run(["run"]);
    assert_eq!(invocation.code, Some(0), "{invocation}");
    let stdout = &invocation.stdout;
    assert!(
        stdout.contains("\n PASSED   1 suite: 1 passed\n"),
        "{stdout}"
    );
    assert!(
        stdout.contains(" logs ") && !stdout.contains(" reports "),
        "{stdout}"
    );
    assert!(!invocation.stderr.contains(".tmp"), "{invocation}");
}

#[test]
fn the_directories_above_the_events_are_made() {
    let environment = passing();
    let invocation = environment.run(["--events", "out/new/e.ndjson"]);
    assert_eq!(invocation.code, Some(0), "{invocation}");
    let events = environment.read("out/new/e.ndjson");
    assert!(events.contains("\"kind\":\"run-finished\""), "{events}");
}

#[test]
fn without_the_events_that_were_asked_for_there_is_no_record() {
    let environment = passing();
    let invocation = environment.run(["--events", "file/e.ndjson"]);
    assert_eq!(invocation.code, Some(3), "{invocation}");
    assert!(
        invocation
            .stderr
            .contains("cannot write [DIR]/file/e.ndjson"),
        "{invocation}"
    );
    assert!(!environment.root().join(".paceline").exists());
}

#[test]
fn only_a_damaged_history_is_to_be_deleted() {
    let help = "help: it can be deleted";
    let damaged = passing();
    damaged.write(".paceline/history.db", &"no database ".repeat(1000));
    let invocation = damaged.run(["run"]);
    assert_eq!(invocation.code, Some(0), "{invocation}");
    assert!(invocation.stderr.contains(help), "{invocation}");

    let blocked = passing();
    blocked.write(".paceline/history.db/x", "");
    let invocation = blocked.run(["run"]);
    assert_eq!(invocation.code, Some(0), "{invocation}");
    assert!(invocation.stderr.contains("warning: "), "{invocation}");
    assert!(!invocation.stderr.contains(help), "{invocation}");
}
