//! The tests of the daemon: black-box, in parallel, each on its own connection.

use std::process::ExitCode;
use std::time::Duration;

use paceline_rpc::matching::{find, json};
use paceline_rpc::{
    Client, ClientOptions, Ctx, Harness, Isolation, ProcessServer, Ready, RpcError, TestResult,
    ensure, ensure_eq, ensure_matches, ensure_rpc_error, io_tests,
};

const SOON: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    let server = ProcessServer::builder(env!("CARGO_BIN_EXE_ledger"))
        .arg("--port")
        .port_arg()
        .args(["--token", "s3cret"])
        .ready_when(Ready::http_get("/health"))
        .health_poll_interval(Duration::from_millis(10))
        .options(ClientOptions::new().token("s3cret"))
        .websocket("/rpc")
        .build();
    let files = match io_tests(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/io")) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    Harness::new(server)
        .before_all(|cx| async move {
            open(&cx, "the bank").await?;
            deposit(&cx, "the bank", 1_000_000).await
        })
        .test("a new ledger has only what was set up", |cx| async move {
            let accounts: Vec<String> = cx.client().call("accounts", ()).await?;
            ensure_eq!(accounts, ["the bank"]);
            Ok(())
        })
        .isolation(Isolation::Shared)
        .test("an account opens empty", |cx| async move {
            let opened = cx
                .client()
                .call("open", json!({"account": cx.name()}))
                .await?;
            ensure_matches!(opened, {"account": cx.name(), "balance": 0});
            let opened = find(&opened, "$.balance")?;
            ensure_eq!(*opened, json!(0));
            Ok(())
        })
        .parallel()
        .test("an account opens once", |cx| async move {
            open(&cx, cx.name()).await?;
            let again = cx
                .client()
                .call::<bool>("open", json!({"account": cx.name()}))
                .await;
            let error = ensure_rpc_error!(again, 1);
            ensure!(error.message.contains("already"), "{}", error.message);
            Ok(())
        })
        .parallel()
        .test("a deposit is announced", deposit_is_announced)
        .parallel()
        .tag("events")
        .test("a transfer moves money", transfer)
        .parallel()
        .test("nothing is announced unasked", |cx| async move {
            let account = cx.name();
            open(&cx, account).await?;
            deposit(&cx, account, 1).await?;
            // A further answer shows that what was to be announced has been.
            let _: i64 = cx
                .client()
                .call("balance", json!({"account": account}))
                .await?;
            ensure_eq!(cx.client().buffered_notification_count(), 0);
            Ok(())
        })
        .parallel()
        .tag("events")
        .test("parameters are checked", |cx| async move {
            let wrong = json!({"account": 7});
            let reply = cx.client().call::<i64>("balance", wrong).await;
            ensure_rpc_error!(reply, RpcError::INVALID_PARAMS);
            let reply = cx.client().call::<i64>("withdraw", ()).await;
            ensure_rpc_error!(reply, RpcError::METHOD_NOT_FOUND);
            Ok(())
        })
        .parallel()
        .test("batches are answered in one message", |cx| async move {
            let account = json!({"account": cx.name()});
            let batch = cx
                .client()
                .batch()
                .call("open", &account)
                .call("balance", &account);
            let answers = batch
                .notify("close", &account)
                .call("balance", &account)
                .send()
                .await?;
            ensure!(answers[0].is_ok());
            ensure_eq!(answers[1].as_ref().ok(), Some(&json!(0)));
            ensure_eq!(
                answers[2].as_ref().err().and_then(|error| error.code()),
                Some(2)
            );
            Ok(())
        })
        .parallel()
        .test("what is no JSON is answered", |cx| async move {
            cx.client().send_raw("{").await?;
            let answer = cx.client().next_unmatched(SOON).await?;
            ensure_matches!(answer, {"id": null, "error": {"code": RpcError::PARSE_ERROR}});
            Ok(())
        })
        .parallel()
        .test("SIGTERM ends it", |cx| async move {
            let server = cx.server();
            server.stop().await.map_err(paceline_rpc::Failure::new)?;
            ensure_eq!(
                server.exit().map(|exit| exit.to_string()),
                Some("exit code 0".to_owned())
            );
            ensure!(server.output_since(0).contains("stopping"));
            Ok(())
        })
        .parallel()
        .isolation(Isolation::Server)
        .server_may_exit()
        .tests(files)
        .main()
        .await
}

async fn open(cx: &Ctx<Client>, account: &str) -> TestResult {
    let opened = cx
        .client()
        .call("open", json!({"account": account}))
        .await?;
    ensure_matches!(opened, {"balance": 0});
    Ok(())
}

async fn deposit(cx: &Ctx<Client>, account: &str, amount: i64) -> TestResult {
    let params = json!({"account": account, "amount": amount});
    let balance: i64 = cx.client().call("deposit", params).await?;
    ensure!(balance >= amount);
    Ok(())
}

async fn deposit_is_announced(cx: Ctx<Client>) -> TestResult {
    let account = cx.name().to_owned();
    open(&cx, &account).await?;
    let watcher = cx.connect_another().await?;
    watcher.subscribe(&["changed"]).await?;
    cx.client().subscribe(&["changed"]).await?;
    let params = json!({"account": account, "amount": 5});
    let mine = account.clone();
    let (balance, event) = cx
        .client()
        .call_and_wait::<i64>(
            "deposit",
            params,
            "changed",
            move |event| event.params["account"] == mine.as_str(),
            SOON,
        )
        .await?;
    ensure_eq!(balance, 5);
    ensure_matches!(event.params, {"account": account.as_str(), "balance": 5});
    let seen = watcher
        .wait_for(
            "changed",
            move |event| event.params["account"] == account.as_str(),
            SOON,
        )
        .await?;
    ensure_eq!(seen.params, event.params);
    Ok(())
}

async fn transfer(cx: Ctx<Client>) -> TestResult {
    let (from, to) = (format!("{} from", cx.name()), format!("{} to", cx.name()));
    open(&cx, &from).await?;
    open(&cx, &to).await?;
    deposit(&cx, &from, 10).await?;
    let order = |amount: i64| json!({"from": from, "to": to, "amount": amount});
    let too_much = cx.client().call::<bool>("transfer", order(11)).await;
    ensure_rpc_error!(too_much, 3);
    ensure_rpc_error!(cx.client().call::<bool>("transfer", order(0)).await, 4);
    let _: bool = cx.client().call("transfer", order(4)).await?;
    for (account, expected) in [(&from, 6), (&to, 4)] {
        let balance: i64 = cx
            .client()
            .call("balance", json!({"account": account}))
            .await?;
        ensure_eq!(balance, expected, "the balance of {account}");
    }
    Ok(())
}
