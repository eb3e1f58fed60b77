//! jsonrpsee's client: the connector is one closure.

use std::process::ExitCode;

use jsonrpsee::core::client::ClientT;
use jsonrpsee::rpc_params;
use jsonrpsee::server::{RpcModule, Server};
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::ws_client::{WsClient, WsClientBuilder};
use paceline_rpc::{Ctx, Failure, Harness, InProcess, TestResult, ensure, ensure_eq};

#[tokio::main]
async fn main() -> ExitCode {
    let server = InProcess::new(|| async {
        let server = Server::builder().build("127.0.0.1:0").await?;
        let url = format!("ws://{}", server.local_addr()?);
        let task = tokio::spawn(server.start(methods()?).stopped());
        let connect = move || {
            let url = url.clone();
            async move { WsClientBuilder::default().build(url).await }
        };
        Ok((connect, task))
    });
    Harness::new(server)
        .test("echo returns its argument", echo)
        .parallel()
        .test("what is unknown is refused", |cx| async move {
            let answer = cx.client().request::<(), _>("no_such", rpc_params![]).await;
            let error = answer
                .err()
                .ok_or_else(|| Failure::new("it was answered"))?;
            ensure!(error.to_string().contains("Method not found"), "{error}");
            Ok(())
        })
        .parallel()
        .main()
        .await
}

async fn echo(cx: Ctx<WsClient>) -> TestResult {
    let reply: String = cx.client().request("echo", rpc_params!["hi"]).await?;
    ensure_eq!(reply, "hi");
    Ok(())
}

fn methods() -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>> {
    let mut module = RpcModule::new(());
    module.register_method("echo", |params, (), _| {
        Ok::<String, ErrorObjectOwned>(params.one()?)
    })?;
    Ok(module)
}
