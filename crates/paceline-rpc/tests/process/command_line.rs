//! The command line of a test binary, and its reports.

use std::process::Command;

use serde_json::{Value, json};

use crate::running::me;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("the_command_line", command_line),
    ("junit_is_what_jenkins_reads", junit),
];

fn binary(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(me())
        .env("RPC_FIXTURE", "binary")
        .env_remove("RUST_TEST_THREADS")
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn command_line() {
    let (code, out, _) = binary(&["--list", "--format", "terse"]);
    assert_eq!(
        (code, out.as_str()),
        (
            Some(0),
            "passes: test\nfails: test\nskips: test\nslow: test\n"
        )
    );
    let (_, out, _) = binary(&["--list", "--format", "terse", "--ignored"]);
    assert_eq!(out, "slow: test\n");
    let (code, out, _) = binary(&["passes", "--exact", "--nocapture"]);
    assert_eq!(code, Some(0));
    let out = out.split("; finished").next().unwrap();
    assert_eq!(
        out,
        "\nrunning 1 test\ntest passes ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 \
         measured; 3 filtered out"
    );
    let (code, out, _) = binary(&["--skip", "passes"]);
    assert_eq!(code, Some(101));
    assert!(out.contains("test fails ... FAILED\n"), "{out}");
    assert!(out.contains("test skips ... ignored, not today\n"), "{out}");
    assert!(out.contains("---- fails ----\nwrong\n  at "), "{out}");
    let (_, out, _) = binary(&["--filter", "*s", "--tag", "quick", "-q"]);
    assert!(out.contains("\nrunning 1 test\n.\n"), "{out}");
    let (code, out, _) = binary(&["--format", "json", "--fail-fast", "--parallel-workers", "1"]);
    let events: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        events[0],
        json!({"type": "suite", "event": "started", "test_count": 4})
    );
    assert_eq!(events[2]["event"], "ok");
    assert_eq!(
        (code, &events.last().unwrap()["event"]),
        (Some(101), &json!("failed"))
    );
    let (_, out, _) = binary(&["--format", "json-report"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["summary"]["failed"], 1);
    assert_eq!(document["tests"][1]["failure"]["message"], "wrong");
    let (code, out, err) = binary(&["--format", "yaml"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        err.contains("invalid value 'yaml' for '--format <FORMAT>'"),
        "{err}"
    );
    let (code, _, err) = binary(&["--logfile", "/no/such/directory/x"]);
    assert_eq!(code, Some(2));
    assert!(
        err.starts_with("error: creating /no/such/directory/x: "),
        "{err}"
    );
    let (_, out, _) = binary(&["--color", "always", "passes"]);
    assert!(out.contains("\x1b[32mok\x1b[0m"));
}

fn junit() {
    let (_, out, _) = binary(&["--format", "junit"]);
    let mut xml = String::new();
    for line in out.lines() {
        let mut line = line.to_owned();
        if let Some(at) = line.find("\">wrong") {
            line.truncate(at + 7);
        }
        // Durations, which are not the test's to know.
        while let Some(at) = line.find("time=\"0") {
            let end = at + 6 + line[at + 6..].find('"').unwrap();
            line.replace_range(at..end, "time=\"T");
        }
        if !line.starts_with("  at ") {
            xml.push_str(&line);
            xml.push('\n');
        }
    }
    insta::assert_snapshot!(xml, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="process" tests="4" failures="1" errors="0" time="T">
    <testsuite name="process" tests="4" failures="1" errors="0" skipped="2" time="T">
    <testcase name="passes" classname="process" time="T"/>
    <testcase name="fails" classname="process" time="T">
    <failure type="assertion" message="wrong">wrong
    </failure>
    </testcase>
    <testcase name="skips" classname="process" time="T"><skipped message="not today"/></testcase>
    <testcase name="slow" classname="process" time="T"><skipped message="slow"/></testcase>
    </testsuite>
    </testsuites>
    "#);
}
