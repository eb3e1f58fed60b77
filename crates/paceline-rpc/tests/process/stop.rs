//! Stopping a server, and what it has started.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use paceline_rpc::{Harness, RunReport, Server, StartContext};

use crate::processes::{lives, until_gone};
use crate::running::{fixture, on_runtime, run, workers};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_server_that_ignores_term_is_killed", ignores_term),
    ("what_a_server_starts_ends_with_it", children_end_too),
    ("what_leaves_the_process_group_ends_too", daemons_end_too),
    (
        "a_background_process_that_holds_the_pipe_holds_nothing_up",
        pipe_holder,
    ),
    ("dropping_a_run_kills_the_server", dropped),
];

fn ignores_term() {
    let server = fixture("stubborn").shutdown_timeout(Duration::from_millis(200));
    let report = run(
        Harness::new(server.websocket("/").build()).test("t", |cx| async move {
            cx.note(cx.server().pid().unwrap_or_default().to_string());
            Ok(())
        }),
        &workers(1),
    );
    assert_eq!(
        report.warnings,
        ["the server had not ended 200ms after SIGTERM and was killed"]
    );
    assert!(!lives(report.tests[0].notes[0].parse().unwrap()));
}

/// Runs one test that learns the pid of what the server has started.
fn child_of(what: &'static str) -> (u32, RunReport) {
    let server = fixture("serve").shutdown_timeout(Duration::from_millis(500));
    let report = run(
        Harness::new(server.websocket("/").build()).test("t", move |cx| async move {
            let pid: u32 = cx.client().call("spawn", [what]).await?;
            cx.note(pid.to_string());
            Ok(())
        }),
        &workers(1),
    );
    assert_eq!(report.passed, 1, "{report:?}");
    (report.tests[0].notes[0].parse().unwrap(), report)
}

fn children_end_too() {
    let (pid, report) = child_of("sleep");
    assert!(!lives(pid));
    assert_eq!(report.warnings, [""; 0]);
}

fn daemons_end_too() {
    if !Path::new("/proc/self/environ").exists() {
        return;
    }
    let (pid, report) = child_of("daemon");
    let warning = report.warnings.first();
    assert!(
        warning.is_some_and(|text| text.contains("had left its process group")),
        "{report:?}"
    );
    // It was killed; its end, which only its new parent is told, may be a moment later.
    until_gone(pid);
}

fn pipe_holder() {
    let (pid, _) = child_of("stubborn");
    assert!(!lives(pid));
}

fn dropped() {
    let server = Arc::new(fixture("serve").websocket("/").build());
    let pid = on_runtime(async {
        let running = server.start(&StartContext::default()).await.unwrap();
        running.instance.pid().unwrap()
    });
    until_gone(pid);
}
