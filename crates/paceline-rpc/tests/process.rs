//! Servers that are processes: what they do to their tests, and that nothing of them is left.
//!
//! This program is its own server: started with `RPC_FIXTURE` set, it serves. So it has no harness.

#![cfg(unix)]
#![expect(
    clippy::exit,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test, and a server"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use paceline_rpc::mock::{MockServer, Raw};
use paceline_rpc::{
    Client, Ctx, FailureKind, Framing, Harness, Isolation, JsonRpc, OnServerExit, Outcome,
    ProcessServer, ProcessServerBuilder, Ready, RunConfig, RunReport, Server, StartContext,
    Stdio as StdioServer, Test, ensure, ensure_eq, ensure_rpc_error,
};
use serde_json::{Value, json};

fn main() -> ExitCode {
    if let Ok(what) = std::env::var("RPC_FIXTURE") {
        return fixture::run(&what);
    }
    let tests: Vec<(&str, fn())> = vec![
        (
            "a_server_is_started_used_and_stopped",
            started_used_and_stopped,
        ),
        ("every_way_to_be_ready", every_way_to_be_ready),
        ("a_server_that_never_becomes_ready", never_ready),
        ("a_server_that_exits_at_once", exits_at_once),
        ("a_program_that_is_not_there", not_there),
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
        ("a_test_may_end_its_own_server", may_exit),
        ("a_server_that_floods_its_output", floods),
        ("a_server_that_ignores_term_is_killed", ignores_term),
        ("what_a_server_starts_ends_with_it", children_end_too),
        ("what_leaves_the_process_group_ends_too", daemons_end_too),
        (
            "a_background_process_that_holds_the_pipe_holds_nothing_up",
            pipe_holder,
        ),
        ("dropping_a_run_kills_the_server", dropped),
        ("a_test_process_that_panics_leaves_nothing", || {
            dies_leaving_nothing("panic");
        }),
        ("a_test_process_that_is_killed_leaves_nothing", || {
            dies_leaving_nothing("kill");
        }),
        ("interrupts_while_starting", || interrupted_at("starting")),
        ("interrupts_while_connecting", || {
            interrupted_at("connecting");
        }),
        ("interrupts_while_stopping", interrupted_while_stopping),
        ("interrupts_in_before_all", || interrupted_at("before_all")),
        ("interrupts_in_a_test", || interrupted_at("test")),
        ("interrupts_in_after_all", || interrupted_at("after_all")),
        ("a_second_interrupt_kills_at_once", interrupted_twice),
        (
            "each_worker_has_a_server_of_its_own",
            server_for_each_worker,
        ),
        ("a_server_over_stdio", over_stdio),
        ("a_server_over_stdio_that_dies", stdio_dies),
        ("a_unix_socket_for_each_server", unix_socket),
        ("a_port_that_the_server_chose", port_from_output),
        ("the_environment_can_be_cleared", cleared_environment),
        ("a_failure_tells_all_there_is_to_tell", failure_tells_all),
        ("the_command_line", command_line),
        ("junit_is_what_jenkins_reads", junit),
    ];
    let trials = tests.into_iter().map(|(name, run)| {
        Trial::test(name, move || {
            run();
            Ok::<(), Failed>(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn on_runtime<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

fn me() -> std::path::PathBuf {
    std::env::current_exe().unwrap()
}

fn fixture(what: &str) -> ProcessServerBuilder {
    ProcessServer::builder(me())
        .env("RPC_FIXTURE", what)
        .port_arg()
        .health_poll_interval(Duration::from_millis(5))
}

fn run<Stage>(harness: Harness<ProcessServer, Stage>, config: &RunConfig) -> RunReport {
    on_runtime(harness.run(config))
}

fn workers(count: usize) -> RunConfig {
    let mut config = RunConfig::default();
    config.parallel_workers = Some(count);
    config
}

fn outcome(report: &RunReport, at: usize) -> String {
    match &report.tests[at].outcome {
        Outcome::Passed => "passed".to_owned(),
        Outcome::Skipped(reason) => format!("skipped: {reason}"),
        Outcome::Failed(failure) | Outcome::TimedOut(failure) => failure.to_string(),
    }
}

/// Whether a process is there and not merely waiting to be reaped.
fn lives(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        let found = Command::new("ps").args(["-p", &pid.to_string()]).output();
        return !Path::new("/proc/self").exists() && found.is_ok_and(|out| out.status.success());
    };
    !stat
        .rsplit_once(") ")
        .is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

/// Waits for the end of something that was told to end. Only a bug makes this last.
fn until_gone(pid: u32) {
    while lives(pid) {
        std::thread::yield_now();
    }
}

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
        why.ends_with("its last output:\n    pretending to start"),
        "{why}"
    );
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
    assert!(!lives(pid));
    assert!(
        report.warnings[0].contains("had left its process group"),
        "{report:?}"
    );
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

/// Starts this program as a test binary, and returns the pid of its server.
fn inner(
    how: &str,
) -> (
    std::process::Child,
    BufReader<std::process::ChildStdout>,
    u32,
) {
    let mut child = Command::new(me())
        .env("RPC_FIXTURE", "inner")
        .arg(how)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("server pid ") {
        line.clear();
        assert_ne!(
            output.read_line(&mut line).unwrap(),
            0,
            "ended before its server started"
        );
    }
    let pid = line.rsplit(' ').next().unwrap().trim().parse().unwrap();
    (child, output, pid)
}

fn dies_leaving_nothing(how: &str) {
    let (mut child, _output, server) = inner(how);
    let status = child.wait().unwrap();
    assert!(!status.success());
    until_gone(server);
}

fn interrupt(child: &std::process::Child) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
}

fn interrupted_at(phase: &str) {
    let (mut child, mut output, server) = inner(phase);
    interrupt(&child);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130), "{rest}");
    assert!(rest.contains("test result: interrupted."), "{rest}");
    until_gone(server);
}

fn interrupted_twice() {
    let (mut child, mut output, server) = inner("hang");
    interrupt(&child);
    let mut line = String::new();
    // The first is known to have arrived before the second is sent.
    while !line.contains("cleaning for ever") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0);
    }
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    until_gone(server);
}

fn interrupted_while_stopping() {
    let (mut child, _output, server) = inner("stopping");
    // The server takes no notice of SIGTERM and has a minute for it, so that only the second
    // interrupt, or a later one, can end this.
    while child.try_wait().unwrap().is_none() {
        interrupt(&child);
        std::thread::yield_now();
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    until_gone(server);
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

fn over_stdio() {
    for framing in [Framing::Newline, Framing::ContentLength] {
        let name = format!("stdio-{framing:?}");
        let server = StdioServer::command(me(), framing)
            .env("RPC_FIXTURE", name)
            .shutdown_timeout(Duration::from_millis(500));
        let tests = (0..3).map(|n| {
            Test::new(format!("t{n}"), |cx: Ctx<Client>| async move {
                let pid: u32 = cx.client().call("pid", ()).await?;
                cx.note(pid.to_string());
                ensure_rpc_error!(cx.client().call::<Value>("nothing", ()).await, -32601);
                Ok(())
            })
            .parallel()
        });
        let report = on_runtime(Harness::new(server).tests(tests).run(&workers(3)));
        assert_eq!(report.passed, 3, "{report:?}");
        let mut pids: Vec<u32> = report
            .tests
            .iter()
            .map(|test| test.notes[0].parse().unwrap())
            .collect();
        assert!(pids.iter().all(|&pid| !lives(pid)));
        pids.dedup();
        assert_eq!(pids.len(), 3);
    }
}

fn stdio_dies() {
    let server = StdioServer::command(me(), Framing::Newline).env("RPC_FIXTURE", "stdio-Newline");
    let report = on_runtime(
        Harness::new(server)
            .test("t", |cx| async move {
                let _: Value = cx.client().call("segfault", ()).await?;
                Ok(())
            })
            .run(&workers(1)),
    );
    let text = outcome(&report, 0);
    assert!(
        text.contains("the server's process ended: signal 11 (SIGSEGV)"),
        "{text}"
    );
    assert!(text.contains("about to crash"), "{text}");
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

fn failure_tells_all() {
    let report = run(
        Harness::new(fixture("serve").websocket("/").build()).test("t", |cx| async move {
            let _: Value = cx
                .client()
                .call("echo", [json!({"token": "s3cret"})])
                .await?;
            let _: Value = cx.client().call("log", ["something happened"]).await?;
            ensure_eq!("one\ntwo\nthree", "one\n2\nthree");
            Ok(())
        }),
        &workers(1),
    );
    let mut text = outcome(&report, 0);
    for (at, _) in text
        .clone()
        .rmatch_indices("s >> ")
        .chain(text.clone().rmatch_indices("s << "))
    {
        text.replace_range(at - 5..at, "0.000");
    }
    let text = text.replace(file!(), "process.rs");
    let line = text
        .lines()
        .find(|line| line.starts_with("  at "))
        .unwrap()
        .to_owned();
    let text = text.replace(&line, "  at process.rs");
    insta::assert_snapshot!(text, @r#"
    `"one\ntwo\nthree"` is not as expected
      at process.rs

      - expected
      + got
      - "one\n2\nthree"
      + "one\ntwo\nthree"

    last frames of the connection:
          0.000s >> {"jsonrpc":"2.0","id":1,"method":"echo","params":[{"token":"***"}]}
          0.000s << {"jsonrpc":"2.0","id":1,"result":{"token":"***"}}
          0.000s >> {"jsonrpc":"2.0","id":2,"method":"log","params":["something happened"]}
          0.000s << {"jsonrpc":"2.0","id":2,"result":null}

    the server's output since the test began:
      something happened
    "#);
}

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

/// What this program is when it is not the test.
mod fixture {
    #[expect(clippy::wildcard_imports, reason = "the other half of one program")]
    use super::*;

    pub(super) fn run(what: &str) -> ExitCode {
        let argument = std::env::args().nth(1).unwrap_or_default();
        match what {
            "serve" => on_one_thread(serve(&argument)),
            "stubborn" => on_one_thread(async {
                use tokio::signal::unix::{SignalKind, signal};
                let _term = signal(SignalKind::terminate()).unwrap();
                serve(&argument).await;
            }),
            "deaf" => {
                println!("pretending to start");
                std::thread::park();
            }
            "announce" => {
                announce();
                std::thread::park();
            }
            "mute" => {
                let port: u16 = argument.parse().unwrap();
                // Connections are accepted by the system, and never by this program.
                let _listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
                announce();
                println!("bound");
                std::thread::park();
            }
            "exit" => {
                eprintln!("no configuration");
                return ExitCode::from(3);
            }
            "unix" => on_runtime(unix(argument)),
            "stdio-Newline" => on_runtime(stdio(Framing::Newline)),
            "stdio-ContentLength" => on_runtime(stdio(Framing::ContentLength)),
            "inner" => return on_runtime(inner(argument)),
            "binary" => return on_runtime(binary()),
            other => panic!("no fixture {other}"),
        }
        ExitCode::SUCCESS
    }

    /// Tells this server's pid through what is somebody else's standard output.
    fn announce() {
        let path = std::env::var_os("ANNOUNCE").unwrap();
        let mut to = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        writeln!(to, "server pid {}", std::process::id()).unwrap();
    }

    /// So that nobody is accepted before the methods are there.
    fn on_one_thread(future: impl Future<Output = ()>) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(future);
    }

    fn own_group() -> rustix::process::Pid {
        rustix::process::getpgrp()
    }

    #[expect(
        clippy::zombie_processes,
        reason = "what it starts is to be left behind"
    )]
    fn answer(method: &str, params: &Value) -> Option<Value> {
        Some(match method {
            "pid" => json!(std::process::id()),
            "echo" => params[0].clone(),
            "env" => std::env::vars().collect(),
            "log" => {
                println!("{}", params[0].as_str().unwrap());
                Value::Null
            }
            "flood" => {
                let line = "x".repeat(100);
                let mut out = std::io::stdout().lock();
                for _ in 0..50_000 {
                    writeln!(out, "{line}").unwrap();
                }
                Value::Null
            }
            "segfault" => {
                eprintln!("about to crash");
                let me = rustix::process::getpid();
                // The first is taken by the standard library, which looks for stack overflows.
                loop {
                    rustix::process::kill_process(me, rustix::process::Signal::SEGV).unwrap();
                    std::thread::yield_now();
                }
            }
            "exit" => std::process::exit(7),
            "spawn" => {
                let script = match params[0].as_str().unwrap() {
                    "sleep" => "exec sleep 1000",
                    "daemon" => "setsid sleep 1000 >/dev/null 2>&1 & echo $!; exec sleep 1000",
                    _ => "trap '' TERM; while :; do sleep 1000; done",
                };
                let daemon = params[0] == "daemon";
                let mut command = Command::new("sh");
                command.args(["-c", script]);
                if daemon {
                    command.stdout(Stdio::piped());
                }
                let mut child = command.spawn().unwrap();
                match child.stdout.take() {
                    Some(out) => {
                        let mut line = String::new();
                        BufReader::new(out).read_line(&mut line).unwrap();
                        let pid: i32 = line.trim().parse().unwrap();
                        let daemon = rustix::process::Pid::from_raw(pid);
                        // It is one once it has left the group.
                        while rustix::process::getpgid(daemon).unwrap() == own_group() {
                            std::thread::yield_now();
                        }
                        json!(pid)
                    }
                    None => json!(child.id()),
                }
            }
            _ => return None,
        })
    }

    async fn serve(port: &str) {
        let port: u16 = port.parse().unwrap();
        let server = match MockServer::start_at(([127, 0, 0, 1], port).into()).await {
            Ok(server) => server,
            Err(error) => panic!("{error}"),
        };
        for method in [
            "pid", "echo", "env", "log", "flood", "segfault", "exit", "spawn",
        ] {
            server.on(method, move |params| Ok(answer(method, &params).unwrap()));
        }
        server.on_raw("cut", |_| vec![Raw::Cut]);
        println!("listening on {}", server.address());
        server.ended().await;
    }

    async fn lines(
        read: impl tokio::io::AsyncRead + Unpin,
        mut write: impl tokio::io::AsyncWrite + Unpin,
        framing: Framing,
    ) {
        use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};

        let mut read = tokio::io::BufReader::new(read);
        loop {
            let mut line = String::new();
            if read.read_line(&mut line).await.unwrap() == 0 {
                return;
            }
            if framing == Framing::ContentLength {
                let length = line.trim().rsplit(' ').next().unwrap().parse().unwrap();
                read.read_line(&mut line).await.unwrap();
                let mut body = vec![0; length];
                read.read_exact(&mut body).await.unwrap();
                line = String::from_utf8(body).unwrap();
            }
            let request: Value = serde_json::from_str(&line).unwrap();
            let method = request["method"].as_str().unwrap();
            let mut response = json!({"jsonrpc": "2.0", "id": request["id"]});
            match answer(method, &request["params"]) {
                Some(result) => response["result"] = result,
                None => response["error"] = json!({"code": -32601, "message": "unknown"}),
            }
            let text = match framing {
                Framing::ContentLength => {
                    let text = response.to_string();
                    format!("Content-Length: {}\r\n\r\n{text}", text.len())
                }
                _ => format!("{response}\n"),
            };
            write.write_all(text.as_bytes()).await.unwrap();
            write.flush().await.unwrap();
        }
    }

    async fn stdio(framing: Framing) {
        lines(tokio::io::stdin(), tokio::io::stdout(), framing).await;
    }

    async fn unix(path: String) {
        let listener = tokio::net::UnixListener::bind(path).unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (read, write) = stream.into_split();
            tokio::spawn(lines(read, write, Framing::Newline));
        }
    }

    /// A test binary with a server, which ends in the middle in some way.
    async fn inner(how: String) -> ExitCode {
        // The server that never is ready tells its own pid, through a file that is this program's
        // standard output.
        let server = match how.as_str() {
            "starting" => {
                fixture("announce").env("ANNOUNCE", format!("/proc/{}/fd/1", std::process::id()))
            }
            "connecting" => fixture("mute")
                .env("ANNOUNCE", format!("/proc/{}/fd/1", std::process::id()))
                .ready_when(Ready::line("^bound$").unwrap()),
            "stopping" => fixture("stubborn").shutdown_timeout(Duration::from_secs(60)),
            _ => fixture("serve"),
        };
        let announce = |cx: &Ctx<Client>| {
            println!("server pid {}", cx.server().pid().unwrap_or_default());
        };
        let at = move |phase: &'static str| {
            let how = how.clone();
            move |cx: Ctx<Client>| {
                let how = how.clone();
                async move {
                    if how == "stopping" && phase == "test" {
                        announce(&cx);
                        return Ok(());
                    }
                    if how == phase
                        || (phase == "test" && matches!(&*how, "panic" | "kill" | "hang"))
                    {
                        announce(&cx);
                        match how.as_str() {
                            "panic" => {
                                // Not the test's thread, but the whole program.
                                std::thread::spawn(|| std::process::abort()).join().unwrap();
                            }
                            "kill" => {
                                let me = rustix::process::getpid();
                                let kill = rustix::process::Signal::KILL;
                                rustix::process::kill_process(me, kill).unwrap();
                            }
                            "after_all" => {
                                // Until the interrupt has arrived; a hook is not cut short by it.
                                cx.cancelled().cancelled().await;
                                return Ok(());
                            }
                            _ => {}
                        }
                        std::future::pending::<()>().await;
                    }
                    if how == "hang" && phase == "after_all" {
                        println!("cleaning for ever");
                        std::future::pending::<()>().await;
                    }
                    Ok(())
                }
            }
        };
        let server = server.websocket("/").build();
        let cli = <paceline_rpc::cli::Cli as clap::Parser>::parse_from(["inner"]);
        Harness::new(server)
            .before_all(at("before_all"))
            .after_all(at("after_all"))
            .test("t", at("test"))
            .main_with(&cli, RunConfig::default())
            .await
    }

    /// A test binary without a server of its own.
    async fn binary() -> ExitCode {
        let server = MockServer::start().await.unwrap();
        Harness::new(JsonRpc::websocket(server.websocket_url()))
            .test("passes", |_| async { Ok(()) })
            .parallel()
            .tag("quick")
            .test("fails", |_| async {
                Err(paceline_rpc::Failure::new("wrong"))
            })
            .parallel()
            .test("skips", |cx| async move { cx.skip("not today") })
            .parallel()
            .test("slow", |_| async { Ok(()) })
            .parallel()
            .ignore("slow")
            .main()
            .await
    }
}
