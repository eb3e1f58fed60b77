//! What suites do to their runner: one test for each bug of the runner that paceline succeeds, and
//! for each way of a suite to misbehave. None may change another suite's outcome.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::environment::TestEnvironment;
use crate::following::is_alive;

#[test]
fn a_suite_that_never_closes_its_output_is_timed_out() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.hang]
        command = "echo begun; sleep 60"
        timeout = "200ms"
        "#,
    );
    env.expect(1, &[]);
    let report = env.report();
    assert_eq!(report.outcome("hang"), "timed-out");
    assert_eq!(report.message("hang"), "timed out after 200ms");
    assert_eq!(report.suite("hang")["status"], "failed");
    assert!(env.log("hang").contains("\nbegun\n"));
}

#[test]
fn a_background_child_that_holds_the_pipe_does_not_hold_the_run() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.leaky]
        command = "(sleep 60 & echo $! > pid); echo done"
        "#,
    );
    env.expect(0, &[]);
    let report = env.report();
    assert_eq!(report.outcome("leaky"), "passed");
    // That it is named shows that it ran when the suite ended; now it does not.
    assert_eq!(report.suite("leaky")["leaked"][0]["command"], "sleep 60");
    assert!(!is_alive(env.process("pid")));
}

#[test]
fn a_timeout_reaches_grandchildren() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.tree]
        command = "sh -c 'sleep 60 & echo $! > pid; wait'; true"
        timeout = "300ms"
        "#,
    );
    env.expect(1, &[]);
    assert_eq!(env.report().outcome("tree"), "timed-out");
    assert!(!is_alive(env.process("pid")));
}

#[test]
fn a_suite_that_ignores_term_is_killed_after_the_grace() {
    let env = TestEnvironment::with_config(
        r#"
        kill-grace = "50ms"
        [suite.stubborn]
        command = "trap '' TERM; echo $$ > pid; while :; do sleep 1; done"
        timeout = "200ms"
        "#,
    );
    env.expect(1, &[]);
    let report = env.report();
    assert_eq!(report.outcome("stubborn"), "timed-out");
    assert_eq!(report.suite("stubborn")["attempts"][0]["exit"]["signal"], 9);
    assert!(!is_alive(env.process("pid")));
}

#[test]
fn a_daemon_does_not_outlive_its_suite() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.daemon]
        command = "setsid sh -c 'echo $$ > pid; exec sleep 60' >/dev/null 2>&1 & until test -s pid; do sleep 0.01; done"
        "#,
    );
    env.expect(0, &[]);
    assert_eq!(
        env.report().suite("daemon")["leaked"][0]["command"],
        "sleep 60"
    );
    assert!(!is_alive(env.process("pid")));
}

#[test]
fn a_daemon_that_hides_its_origin_does_not_outlive_the_run() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.daemon]
        command = "setsid env -i sh -c 'echo $$ > pid; exec /bin/sleep 60' >/dev/null 2>&1 & until test -s pid; do sleep 0.01; done"
        "#,
    );
    env.expect(0, &[]);
    assert!(!is_alive(env.process("pid")));
    let warnings = env.report().0["warnings"].to_string();
    assert!(warnings.contains("sleep 60"), "{warnings}");
}

#[test]
fn output_that_is_not_text_harms_nothing() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.binary]
        command = "printf 'a\\377\\000\\033[31mb'; exit 1"
        [suite.text]
        command = "echo fine"
        "#,
    );
    env.expect(1, &["--report", "junit=junit.xml"]);
    let report = env.report();
    assert_eq!(report.outcome("binary"), "failed");
    assert_eq!(report.outcome("text"), "passed");
    let log = fs::read(env.root().join(".paceline/logs/binary.log")).unwrap();
    let printed = b"a\xff\0\x1b[31mb";
    assert!(log.windows(printed.len()).any(|window| window == printed));
}

#[test]
fn a_line_of_ten_megabytes_is_a_line() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.long]
        command = "head -c 10000000 /dev/zero | tr '\\0' x"
        "#,
    );
    env.expect(0, &["-v"]);
    let log = fs::read(env.root().join(".paceline/logs/long.log")).unwrap();
    let printed = log.iter().filter(|byte| **byte == b'x').count();
    assert!(printed >= 10_000_000, "{printed}");
    assert_eq!(
        env.report().suite("long")["attempts"][0]["output_bytes"],
        10_000_000
    );
}

#[test]
fn both_streams_are_in_one_log_in_the_order_of_writing() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.both]
        command = "for i in 1 2 3; do echo out $i; echo err $i >&2; done"
        "#,
    );
    env.expect(0, &[]);
    let log = env.log("both");
    assert!(
        log.contains("\nout 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n"),
        "{log}"
    );
}

#[test]
fn a_suite_that_a_signal_kills_has_crashed() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.segfault]
        command = "kill -SEGV $$"
        "#,
    );
    env.expect(1, &[]);
    assert_eq!(env.report().outcome("segfault"), "crashed");
    assert_eq!(env.report().message("segfault"), "killed by SIGSEGV");
}

#[test]
fn a_program_that_is_missing_is_an_error_of_its_suite_alone() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.missing]
        command = ["no-such-program-anywhere"]
        [suite.present]
        command = ["true"]
        "#,
    );
    env.expect(5, &[]);
    let report = env.report();
    assert_eq!(report.outcome("missing"), "errored");
    assert_eq!(
        report.message("missing"),
        "`no-such-program-anywhere` was not found in the directories of PATH"
    );
    assert_eq!(report.outcome("present"), "passed");
}

#[test]
fn a_program_that_is_not_executable_is_named() {
    let env = TestEnvironment::with_config("[suite.script]\ncommand = ['./script']\n");
    env.write("script", "#!/bin/sh\n");
    env.expect(5, &[]);
    assert_eq!(
        env.report().message("script"),
        "`./script` is not executable"
    );
}

#[test]
fn suites_read_nothing_from_stdin_and_have_no_terminal() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.reader]
        command = "test -z \"$(cat)\" && ! (: < /dev/tty)"
        "#,
    );
    env.expect(0, &[]);
}

#[test]
fn a_log_that_cannot_be_written_is_named_and_loses_no_result() {
    let env = TestEnvironment::with_config(
        r#"
        log-dir = "logs"
        [suite.one]
        command = "echo hello; exit 1"
        [suite.two]
        command = "true"
        "#,
    );
    env.write("logs", "a file where the directory should be");
    let run = env.expect(3, &["--report", "json=report.json"]);
    assert!(run.stderr.contains("[DIR]/logs"), "{run}");
    let report: serde_json::Value = serde_json::from_str(&env.read("report.json")).unwrap();
    assert_eq!(report["suites"][0]["outcome"], "failed");
    assert_eq!(report["suites"][1]["outcome"], "passed");
}

#[test]
fn a_full_disk_is_named_and_loses_no_result() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.big]
        command = "head -c 100000 /dev/zero"
        [suite.small]
        command = "true"
        "#,
    );
    // A limit on the size of files stands in for a disk that fills up.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 32; exec \"$@\"", "sh"]);
    shell.args([env!("CARGO_BIN_EXE_paceline"), "--events", "-"]);
    let output = shell.current_dir(env.root()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}{stderr}");
    assert!(text.contains("big.log: File too large"), "{text}");
    let passed = text.matches(r#""kind":"test-finished""#).count();
    assert_eq!(passed, 2, "{text}");
    assert_eq!(
        text.matches(r#""outcome":"passed","flaky":false"#).count(),
        2,
        "{text}"
    );
}

#[test]
fn a_requested_report_that_cannot_be_written_is_exit_code_3() {
    let env = TestEnvironment::with_config("[suite.a]\ncommand = 'true'\n");
    let run = env.expect(
        3,
        &["--report", "junit=no-such-dir/../paceline.toml/junit.xml"],
    );
    assert!(run.stderr.contains("junit.xml"), "{run}");
    assert_eq!(env.report().outcome("a"), "passed");
}

#[test]
fn a_state_directory_that_cannot_be_made_is_a_warning() {
    let env = TestEnvironment::with_config("log-dir = 'logs'\n[suite.a]\ncommand = 'true'\n");
    env.write(".paceline", "a file where the directory should be");
    let run = env.expect(0, &[]);
    assert!(
        run.stderr.contains("warning") && run.stderr.contains(".paceline"),
        "{run}"
    );
    assert!(env.read("logs/a.log").contains("passed"));
}

#[test]
fn a_history_that_is_broken_is_a_warning() {
    let env = TestEnvironment::with_config("[suite.a]\ncommand = 'true'\n");
    env.write(
        ".paceline/history.db",
        "not a database, and long enough to be looked at closely",
    );
    let run = env.expect(0, &[]);
    assert!(run.stderr.contains("history.db"), "{run}");
}

#[test]
fn events_to_a_full_device_are_an_error_and_the_rest_is_reported() {
    let env = TestEnvironment::with_config("[suite.a]\ncommand = 'true'\n");
    let run = env.expect(3, &["--events", "/dev/full"]);
    assert!(
        run.stderr.contains("/dev/full: No space left on device"),
        "{run}"
    );
    assert_eq!(env.report().outcome("a"), "passed");
}

#[test]
fn a_dir_that_cannot_be_entered_is_an_error_of_its_suite() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.build]
        command = "rmdir sub && touch sub"
        [suite.sub]
        command = "true"
        dir = "sub"
        depends-on = ["build"]
        "#,
    );
    fs::create_dir(env.root().join("sub")).unwrap();
    env.expect(5, &[]);
    let message = env.report().message("sub").to_owned();
    assert!(message.contains("sub` cannot be entered: "), "{message}");
    // The file stands for the directory and is what the message is about.
    assert!(
        fs::metadata(env.root().join("sub"))
            .unwrap()
            .permissions()
            .mode()
            & 0o111
            == 0
    );
}
