//! Much of everything, and connections that misbehave.

use std::sync::Arc;
use std::time::Duration;

use paceline_rpc::{Client, Ctx, Harness, Test, ensure, ensure_eq};
use serde_json::Value;
use tokio::sync::Barrier;

use crate::processes::lives;
use crate::running::{fixture, outcome, run, workers};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_server_that_floods_its_output", floods),
    (
        "ten_thousand_tests_of_one_server_process",
        ten_thousand_tests,
    ),
    (
        "two_hundred_and_fifty_six_connections_to_one_server_process",
        many_connections,
    ),
    (
        "a_connection_that_misbehaves_fails_its_own_test_only",
        misbehaves,
    ),
];

fn floods() {
    let server = fixture("serve").buffer_bytes(10_000).websocket("/").build();
    let report = run(
        Harness::new(server).test("flood", |cx| async move {
            // Several megabytes: more than any pipe holds, so it only returns if somebody reads.
            let _: Value = cx.client().call("flood", ()).await?;
            ensure!(cx.server().output_mark() > 10_000);
            Err(paceline_rpc::Failure::new("to see the output"))
        }),
        &workers(1),
    );
    let failure = report.tests[0].outcome.failure().unwrap();
    assert!(failure.server_output.len() < 11_000);
    assert!(failure.server_output.contains("earlier lines were dropped"));
    assert!(failure.to_string().len() < 10_000);
}

fn ten_thousand_tests() {
    const COUNT: usize = 10_000;
    let tests = (0..COUNT).map(|n| {
        let test = Test::new(format!("t{n}"), move |cx: Ctx<Client>| async move {
            let reply: usize = cx.client().call("echo", [n]).await?;
            ensure_eq!(reply, n);
            ensure!(n % 1000 != 7);
            Ok(())
        });
        // Some have connections of their own.
        if n % 20 == 0 { test.parallel() } else { test }
    });
    let pid = Arc::new(std::sync::OnceLock::new());
    let known = Arc::clone(&pid);
    let harness = Harness::new(fixture("serve").websocket("/").build())
        .before_all(move |cx| {
            let _ = known.set(cx.server().pid());
            async { Ok(()) }
        })
        .tests(tests);
    let report = run(harness, &workers(16));
    assert_eq!((report.passed, report.failed), (COUNT - 10, 10));
    let mut tests = report.tests.iter().enumerate();
    assert!(tests.all(|(n, test)| test.name == format!("t{n}")));
    assert!(!lives(pid.get().unwrap().unwrap()));
}

fn many_connections() {
    const COUNT: usize = 256;
    let all = Arc::new(Barrier::new(COUNT));
    let tests = (0..COUNT).map(|n| {
        let all = Arc::clone(&all);
        Test::new(format!("t{n}"), move |cx: Ctx<Client>| {
            let all = Arc::clone(&all);
            async move {
                // All of them are open before any is used.
                all.wait().await;
                let reply: usize = cx.client().call("echo", [n]).await?;
                ensure_eq!(reply, n);
                cx.note(cx.server().pid().unwrap_or_default().to_string());
                Ok(())
            }
        })
        .parallel()
    });
    let harness = Harness::new(fixture("serve").websocket("/").build()).tests(tests);
    let report = run(harness, &workers(COUNT));
    assert_eq!(report.passed, COUNT, "{:?}", report.warnings);
    assert!(!lives(report.tests[0].notes[0].parse().unwrap()));
}

fn misbehaves() {
    let call = |method: &'static str| {
        let test = Test::new(method, move |cx: Ctx<Client>| async move {
            let _: Value = cx.client().call(method, ["hi"]).await?;
            cx.note(cx.server().pid().unwrap_or_default().to_string());
            Ok(())
        })
        .parallel();
        // The others have all the time there is.
        if method == "never" {
            test.timeout(Duration::from_millis(300))
        } else {
            test
        }
    };
    let tests = ["cut", "garbage", "twice", "never", "echo"].map(call);
    let harness = Harness::new(fixture("serve").websocket("/").build()).tests(tests);
    let report = run(harness, &workers(1));
    let outcomes: Vec<_> = (0..5).map(|at| outcome(&report, at)).collect();
    assert!(outcomes[0].contains("calling cut: the connection is closed"));
    assert!(outcomes[1].contains("<html>"), "{}", outcomes[1]);
    assert_eq!(outcomes[2], "passed");
    assert!(outcomes[3].contains("did not end within 300ms"));
    assert_eq!(outcomes[4], "passed");
    assert!(!lives(report.tests[4].notes[0].parse().unwrap()));
}
