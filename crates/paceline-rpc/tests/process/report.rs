//! What is told of a failure.

use paceline_rpc::{Harness, ensure_eq};
use serde_json::{Value, json};

use crate::running::{fixture, outcome, run, workers};

pub(crate) const TESTS: &[(&str, fn())] =
    &[("a_failure_tells_all_there_is_to_tell", failure_tells_all)];

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
