//! A server that ends in the middle.

use std::sync::Arc;

use paceline_rpc::{
    Client, Ctx, FailureKind, Harness, Isolation, OnServerExit, ProcessServer, Test, ensure_eq,
};
use serde_json::Value;

use crate::processes::until_gone;
use crate::running::{fixture, outcome, run, workers};

pub(crate) const TESTS: &[(&str, fn())] = &[
    (
        "a_server_that_dies_fails_what_runs_and_skips_the_rest",
        dies_and_skips,
    ),
    (
        "a_server_that_dies_is_started_again_if_so_configured",
        dies_and_restarts,
    ),
    (
        "a_server_that_keeps_dying_is_not_restarted_for_ever",
        dies_again_and_again,
    ),
    ("a_server_that_dies_leaves_no_child", dies_without_its_child),
    ("a_test_may_end_its_own_server", may_exit),
];

/// Two tests that run when the server dies, and two that come after.
fn dying() -> Harness<ProcessServer> {
    let both = Arc::new(tokio::sync::Barrier::new(2));
    let (first, second) = (Arc::clone(&both), both);
    Harness::new(fixture("serve").websocket("/").build())
        .test("kills it", move |cx| {
            let both = Arc::clone(&first);
            async move {
                both.wait().await;
                let _: Value = cx.client().call("segfault", ()).await?;
                Ok(())
            }
        })
        .parallel()
        .test("runs beside", move |_| {
            let both = Arc::clone(&second);
            async move {
                both.wait().await;
                std::future::pending().await
            }
        })
        .parallel()
        .test("comes later", |cx| async move {
            let _: u32 = cx.client().call("pid", ()).await?;
            Ok(())
        })
        .parallel()
        .tests([])
}

fn dies_and_skips() {
    let report = run(dying(), &workers(2));
    for at in 0..2 {
        let text = outcome(&report, at);
        assert!(
            text.contains("the server has ended: signal 11 (SIGSEGV)"),
            "{text}"
        );
        assert!(text.contains("about to crash"), "{text}");
    }
    let beside = report.tests[1].outcome.failure().unwrap();
    assert_eq!(beside.kind, FailureKind::ServerExit);
    assert_eq!(
        beside.message,
        "the server ended during the test: signal 11 (SIGSEGV)"
    );
    assert_eq!(
        outcome(&report, 2),
        "skipped: the server ended: signal 11 (SIGSEGV)"
    );
}

fn dies_and_restarts() {
    let mut config = workers(2);
    config.on_server_exit = OnServerExit::Restart;
    let set_up = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&set_up);
    let harness = dying().before_all(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async { Ok(()) }
    });
    let report = run(harness, &config);
    assert_eq!((report.failed, report.passed), (2, 1), "{report:?}");
    assert_eq!(report.warnings.len(), 1);
    assert_eq!(set_up.load(std::sync::atomic::Ordering::SeqCst), 2);
}

fn dies_again_and_again() {
    let mut config = workers(1);
    config.on_server_exit = OnServerExit::Restart;
    config.max_restarts = 2;
    let tests = (0..5).map(|n| {
        Test::new(format!("t{n}"), |cx: Ctx<Client>| async move {
            let _: Value = cx.client().call("segfault", ()).await?;
            Ok(())
        })
    });
    let harness = Harness::new(fixture("serve").websocket("/").build()).tests(tests);
    let report = run(harness, &config);
    assert_eq!((report.failed, report.skipped), (3, 2));
    assert_eq!(
        outcome(&report, 4),
        "skipped: the server ended: signal 11 (SIGSEGV), and had been restarted 2 times already"
    );
}

fn dies_without_its_child() {
    let report = run(
        Harness::new(fixture("serve").websocket("/").build()).test("t", |cx| async move {
            let pid: u32 = cx.client().call("spawn", ["sleep"]).await?;
            cx.note(pid.to_string());
            let _: Value = cx.client().call("segfault", ()).await?;
            Ok(())
        }),
        &workers(1),
    );
    assert_eq!(report.failed, 1, "{report:?}");
    until_gone(report.tests[0].notes[0].parse().unwrap());
}

fn may_exit() {
    let report = run(
        Harness::new(fixture("serve").websocket("/").build())
            .test("shutdown", |cx| async move {
                cx.client().notify("exit", ()).await?;
                let exit = cx.server().exited().await;
                ensure_eq!(exit.to_string(), "exit code 7");
                Ok(())
            })
            .isolation(Isolation::Server)
            .server_may_exit()
            .test("others are not disturbed", |cx| async move {
                let _: u32 = cx.client().call("pid", ()).await?;
                Ok(())
            }),
        &workers(1),
    );
    assert_eq!(report.passed, 2, "{report:?}");
}
