//! Starting a server: readiness, its address, its environment, and what fails.

use std::sync::Arc;
use std::time::Duration;

use paceline_rpc::{
    Client, Ctx, Framing, Harness, Isolation, ProcessServer, Ready, Test, ensure, ensure_eq,
};
use serde_json::Value;

use crate::processes::{lives, until_gone};
use crate::running::{fixture, me, run, workers};

pub(crate) const TESTS: &[(&str, fn())] = &[
    (
        "a_server_is_started_used_and_stopped",
        started_used_and_stopped,
    ),
    ("every_way_to_be_ready", every_way_to_be_ready),
    ("a_server_that_never_becomes_ready", never_ready),
    ("a_server_that_exits_at_once", exits_at_once),
    (
        "a_server_that_exits_at_once_leaves_no_child",
        exits_without_its_child,
    ),
    ("a_program_that_is_not_there", not_there),
    (
        "each_worker_has_a_server_of_its_own",
        server_for_each_worker,
    ),
    ("a_unix_socket_for_each_server", unix_socket),
    ("a_port_that_the_server_chose", port_from_output),
    ("the_environment_can_be_cleared", cleared_environment),
];

fn started_used_and_stopped() {
    let report = run(
        Harness::new(fixture("serve").websocket("/").build())
            .test("pid", |cx| async move {
                let pid: u32 = cx.client().call("pid", ()).await?;
                ensure_eq!(Some(pid), cx.server().pid());
                cx.note(pid.to_string());
                Err(paceline_rpc::Failure::new("to see the note"))
            })
            .parallel(),
        &workers(1),
    );
    let pid = report.tests[0].notes[0].parse().unwrap();
    assert!(!lives(pid));
    assert_eq!(report.warnings, [""; 0]);
}

fn every_way_to_be_ready() {
    for ready in [
        Ready::http_get("/health"),
        Ready::tcp(),
        Ready::line("^listening on").unwrap(),
        Ready::Connects,
        Ready::rpc("pid", Value::Null),
    ] {
        let shown = ready.to_string();
        let server = fixture("serve").ready_when(ready).websocket("/").build();
        let report = run(
            Harness::new(server).test("t", |cx| async move {
                let _: u32 = cx.client().call("pid", ()).await?;
                Ok(())
            }),
            &workers(1),
        );
        assert_eq!(report.passed, 1, "{shown}: {report:?}");
    }
}

fn never_ready() {
    let server = fixture("deaf").startup_timeout(Duration::from_millis(300));
    let report = run(
        Harness::new(server.websocket("/").build()).test("t", |_| async { panic!("must not run") }),
        &workers(1),
    );
    let why = report.aborted.unwrap();
    assert!(
        why.starts_with("the server was not ready within 300ms: opening a connection:"),
        "{why}"
    );
    assert!(
        why.contains("its last output:\n    pretending to start\n"),
        "{why}"
    );
    let pid = why.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(!lives(pid));
    assert_eq!(report.skipped, 1);
}

fn exits_at_once() {
    let report = run(
        Harness::new(fixture("exit").websocket("/").build())
            .test("t", |_| async { panic!("must not run") }),
        &workers(1),
    );
    assert_eq!(
        report.aborted.unwrap(),
        "the server ended before it was ready: exit code 3; its last output:\n    no configuration"
    );
}

fn exits_without_its_child() {
    let report = run(
        Harness::new(fixture("exit-alone").websocket("/").build())
            .test("t", |_| async { panic!("must not run") }),
        &workers(1),
    );
    let why = report.aborted.unwrap();
    assert!(why.contains("ended before it was ready"), "{why}");
    until_gone(why.rsplit(' ').next().unwrap().parse().unwrap());
}

fn not_there() {
    let server = ProcessServer::builder("/no/such/program")
        .websocket("/")
        .build();
    let report = run(
        Harness::new(server).test("t", |_| async { Ok(()) }),
        &workers(1),
    );
    let why = report.aborted.unwrap();
    assert!(
        why.starts_with("starting the server /no/such/program: No such file"),
        "{why}"
    );
    let nowhere = fixture("serve").build();
    let report = run(
        Harness::new(nowhere).test("t", |_| async { Ok(()) }),
        &workers(1),
    );
    assert!(report.aborted.unwrap().contains("no transport was chosen"));
}

fn server_for_each_worker() {
    let both = Arc::new(tokio::sync::Barrier::new(2));
    let tests = (0..2).map(|n| {
        let both = Arc::clone(&both);
        Test::new(format!("t{n}"), move |cx: Ctx<Client>| {
            let both = Arc::clone(&both);
            async move {
                both.wait().await;
                let pid: u32 = cx.client().call("pid", ()).await?;
                cx.note(pid.to_string());
                Ok(())
            }
        })
        .parallel()
        .isolation(Isolation::WorkerServer)
    });
    let report = run(
        Harness::new(fixture("serve").websocket("/").build()).tests(tests),
        &workers(2),
    );
    assert_eq!(report.passed, 2, "{report:?}");
    let pids: Vec<u32> = report
        .tests
        .iter()
        .map(|test| test.notes[0].parse().unwrap())
        .collect();
    assert_ne!(pids[0], pids[1]);
    assert!(pids.into_iter().all(|pid| !lives(pid)));
}

fn unix_socket() {
    let server = ProcessServer::builder(me())
        .env("RPC_FIXTURE", "unix")
        .socket_arg()
        .health_poll_interval(Duration::from_millis(5))
        .unix(Framing::Newline)
        .build();
    let report = run(
        Harness::new(server).test("t", |cx| async move {
            let text: String = cx.client().call("echo", ["hi"]).await?;
            ensure_eq!(text, "hi");
            Ok(())
        }),
        &workers(1),
    );
    assert_eq!(report.passed, 1, "{report:?}");
}

fn port_from_output() {
    let server = ProcessServer::builder(me())
        .env("RPC_FIXTURE", "serve")
        .arg("0")
        .ready_when(Ready::line(r"^listening on \S+:(\d+)$").unwrap())
        .tcp(Framing::ContentLength)
        .build();
    let report = run(
        Harness::new(server).test("t", |cx| async move {
            let _: u32 = cx.client().call("pid", ()).await?;
            Ok(())
        }),
        &workers(1),
    );
    assert_eq!(report.passed, 1, "{report:?}");
}

fn cleared_environment() {
    let server = fixture("serve")
        .clear_env()
        .env("DISPLAY", ":7")
        .env_template("WHERE", "{host}:{port}");
    let report = run(
        Harness::new(server.websocket("/").build()).test("t", |cx| async move {
            let variables: std::collections::BTreeMap<String, String> =
                cx.client().call("env", ()).await?;
            ensure_eq!(variables.get("DISPLAY").map(String::as_str), Some(":7"));
            ensure!(variables["WHERE"].starts_with("127.0.0.1:"));
            ensure!(variables.contains_key("PATH"));
            ensure!(!variables.contains_key("CARGO"), "{variables:?}");
            Ok(())
        }),
        &workers(1),
    );
    assert_eq!(report.passed, 1, "{report:?}");
}
