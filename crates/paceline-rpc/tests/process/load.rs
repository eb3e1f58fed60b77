//! Much of everything.

use paceline_rpc::{Harness, ensure};
use serde_json::Value;

use crate::running::{fixture, run, workers};

pub(crate) const TESTS: &[(&str, fn())] = &[("a_server_that_floods_its_output", floods)];

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
