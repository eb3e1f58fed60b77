//! Servers that speak over their standard input and output.

use std::time::Duration;

use paceline_rpc::{Client, Ctx, Framing, Harness, Stdio as StdioServer, Test, ensure_rpc_error};
use serde_json::Value;

use crate::processes::lives;
use crate::running::{me, on_runtime, outcome, workers};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_server_over_stdio", over_stdio),
    ("a_server_over_stdio_that_dies", stdio_dies),
];

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
