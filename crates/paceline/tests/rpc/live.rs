//! The server, and the test binaries.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use paceline_rpc::mock::{MockServer, Raw};
use paceline_rpc::{
    Client, Ctx, Failure, Harness, ProcessServer, Ready, Test, TestResult, ensure_eq,
};

/// A server that says where it listens, and leaves its process id in `RPC_DIR`.
#[tokio::main]
pub(crate) async fn server() -> ExitCode {
    let pid = std::process::id();
    let dir = PathBuf::from(std::env::var_os("RPC_DIR").unwrap());
    std::fs::write(dir.join(format!("server-{pid}")), pid.to_string()).unwrap();
    let server = MockServer::start().await.unwrap();
    server.on("echo", |params| {
        println_now(&format!("echoes {params}"));
        Ok(params[0].clone())
    });
    server.on_raw("die", |_| -> Vec<Raw> { std::process::exit(7) });
    println_now(&format!("listening on {}", server.address()));
    server.ended().await;
    ExitCode::SUCCESS
}

fn println_now(text: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{text}").unwrap();
    out.flush().unwrap();
}

#[tokio::main]
pub(crate) async fn suite(role: &str) -> ExitCode {
    let server = ProcessServer::builder(std::env::current_exe().unwrap())
        .env("RPC_ROLE", "server")
        .ready_when(Ready::line(r"listening on \S+:(\d+)").unwrap())
        .websocket("/")
        .build();
    let tests = match role {
        "outcomes" => outcomes(),
        "crashes" => crashes(),
        "deaths" => deaths(),
        "hangs" => hangs(),
        "many" => (0..200).map(|n| echo(&format!("echo {n}"))).collect(),
        "constrained" => vec![echo("a").sequential(), echo("b"), echo("c"), echo("d")],
        "none" => return ExitCode::SUCCESS,
        other => panic!("there is no suite {other}"),
    };
    Harness::new(server).tests(tests).main().await
}

fn echo(name: &str) -> Test<Client> {
    Test::new(name, echoes).parallel()
}

async fn echoes(cx: Ctx<Client>) -> TestResult {
    let reply: String = cx.client().call("echo", [cx.name()]).await?;
    ensure_eq!(reply, cx.name());
    Ok(())
}

fn outcomes() -> Vec<Test<Client>> {
    vec![
        echo("passes"),
        Test::new("shared one", echoes),
        Test::new("fails", |cx: Ctx<Client>| async move {
            println_now("printed by the test");
            let reply: String = cx.client().call("echo", ["b"]).await?;
            ensure_eq!(reply, "a");
            Ok(())
        })
        .parallel()
        .tag("red"),
        Test::new("shared two", echoes),
        Test::new("panics", |_| async { panic!("at once") }).parallel(),
        Test::new(
            "skips",
            |cx: Ctx<Client>| async move { cx.skip("not here") },
        )
        .parallel(),
        Test::new("times out", |_| std::future::pending())
            .timeout(Duration::from_millis(20))
            .parallel(),
        echo("is ignored").ignore("for later"),
        echo("passes too"),
    ]
}

fn crashes() -> Vec<Test<Client>> {
    vec![
        Test::new("first", echoes),
        Test::new("exits", |cx: Ctx<Client>| async move {
            echoes(cx).await?;
            std::process::exit(3)
        }),
        echo("between"),
        Test::new("aborts", |cx: Ctx<Client>| async move {
            echoes(cx).await?;
            std::process::abort()
        })
        .parallel(),
        Test::new("last", echoes),
    ]
}

fn deaths() -> Vec<Test<Client>> {
    vec![
        Test::new("first", echoes),
        Test::new("kills the server", |cx: Ctx<Client>| async move {
            cx.client().call::<()>("die", ()).await?;
            Err(Failure::new("it lives"))
        }),
        Test::new("after it", echoes),
        echo("and another"),
    ]
}

fn hangs() -> Vec<Test<Client>> {
    vec![
        echo("first"),
        Test::new("hangs", |cx: Ctx<Client>| async move {
            echoes(cx).await?;
            loop {
                std::thread::park();
            }
        }),
        echo("last"),
    ]
}
