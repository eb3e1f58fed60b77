//! Tests of a server that somebody else wrote: the language server of ruff, over its standard input
//! and output. `setup.sh` installs it; without it the tests are skipped.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use paceline_rpc::matching::{find, json, query};
use paceline_rpc::{
    Client, ClientOptions, Ctx, Framing, Harness, RpcError, RunConfig, Stdio, Test, TestResult,
    ensure, ensure_eq, ensure_matches, ensure_rpc_error,
};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

/// Where `setup.sh` installs it, or wherever `RUFF` says.
fn ruff() -> PathBuf {
    let installed = concat!(env!("CARGO_MANIFEST_DIR"), "/target/ruff/bin/ruff");
    std::env::var_os("RUFF").map_or_else(|| installed.into(), PathBuf::from)
}

#[tokio::main]
async fn main() -> ExitCode {
    // Each connection is a process of its own, so that everything can run beside everything.
    let server = Stdio::command(ruff(), Framing::ContentLength)
        .arg("server")
        // It takes no `{}` where it expects nothing.
        .options(ClientOptions::new().omit_null_params());
    let tests = [
        test("introduces itself", |cx| async move {
            let server = initialize(&cx).await?;
            ensure_matches!(server, {
                "serverInfo": {"name": "ruff", "version": "<regex:^[0-9]+\\.>"},
                "capabilities": {"documentFormattingProvider": true},
            });
            Ok(())
        }),
        test("finds an unused import", |cx| async move {
            initialize(&cx).await?;
            open(&cx, "import os\n").await?;
            let diagnostics = diagnostics(&cx).await?;
            let found = find(&diagnostics, "$.items[0]")?;
            ensure_matches!(found, {
                "code": "F401",
                "range": {"start": {"line": 0, "character": 7}},
                "source": "Ruff",
            });
            Ok(())
        }),
        test("finds nothing in what is right", |cx| async move {
            initialize(&cx).await?;
            open(&cx, "print(1)\n").await?;
            ensure_matches!(diagnostics(&cx).await?, {"items": []});
            Ok(())
        }),
        test("formats", |cx| async move {
            initialize(&cx).await?;
            open(&cx, "x = {  'a':1 }\n").await?;
            let params = json!({
                "textDocument": {"uri": URI},
                "options": {"tabSize": 4, "insertSpaces": true},
            });
            let edits: Value = cx.client().call("textDocument/formatting", params).await?;
            let texts = query(&edits, "$[*].newText")?;
            let text: String = texts.into_iter().filter_map(Value::as_str).collect();
            ensure!(text.contains("\"a\": 1"), "{text:?}");
            Ok(())
        }),
        test("refuses what it does not know", |cx| async move {
            initialize(&cx).await?;
            let answer = cx.client().call::<Value>("no/such/method", ()).await;
            ensure_rpc_error!(answer, RpcError::METHOD_NOT_FOUND);
            Ok(())
        }),
        test("ends when it is told to", |cx| async move {
            initialize(&cx).await?;
            let answer: Value = cx.client().call("shutdown", Value::Null).await?;
            ensure_eq!(answer, Value::Null);
            cx.client().notify("exit", ()).await?;
            let Some(process) = cx.client().process() else {
                return cx.skip("not a process");
            };
            ensure_eq!(process.wait().await.to_string(), "exit code 0");
            Ok(())
        }),
    ];
    let cli = <paceline_rpc::cli::Cli as paceline_rpc::cli::Parser>::parse();
    let mut config = RunConfig::default();
    config.default_mode = paceline_rpc::Mode::Parallel;
    Harness::new(server)
        .tests(tests)
        .main_with(&cli, config)
        .await
}

/// A test that is skipped where the server is not installed.
fn test<F, Fut>(name: &str, run: F) -> Test<Client>
where
    F: Fn(Ctx<Client>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = TestResult> + Send + 'static,
{
    Test::new(name, run).skip_if(|| !ruff().exists(), "ruff is not installed: run setup.sh")
}

const URI: &str = "file:///work/example.py";

async fn initialize(cx: &Ctx<Client>) -> Result<Value, paceline_rpc::Failure> {
    let params = json!({
        "processId": null,
        "rootUri": null,
        "capabilities": {"textDocument": {"diagnostic": {"dynamicRegistration": false}}},
    });
    let server = cx.client().call_timeout("initialize", params, SOON).await?;
    cx.client().notify("initialized", ()).await?;
    Ok(server)
}

async fn open(cx: &Ctx<Client>, text: &str) -> TestResult {
    let document = json!({"uri": URI, "languageId": "python", "version": 1, "text": text});
    let params = json!({"textDocument": document});
    Ok(cx.client().notify("textDocument/didOpen", params).await?)
}

async fn diagnostics(cx: &Ctx<Client>) -> Result<Value, paceline_rpc::Failure> {
    let params = json!({"textDocument": {"uri": URI}});
    Ok(cx
        .client()
        .call_timeout("textDocument/diagnostic", params, SOON)
        .await?)
}
