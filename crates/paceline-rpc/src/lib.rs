//! Tests against a live RPC server, in parallel, each on its own connection, with everything that is
//! needed to understand a failure.
//!
//! A test binary is a `main` function. It says how the server is started and what the tests are; the
//! rest is here: starting and stopping the server and all that it starts, connections, hooks, order,
//! timeouts, reports, and a command line that `cargo test` and cargo-nextest know.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use std::time::Duration;
//!
//! use paceline_rpc::{Client, Ctx, Harness, ProcessServer, Ready, TestResult, ensure_eq};
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     let server = ProcessServer::builder("target/debug/my-server")
//!         .arg("--port")
//!         .port_arg()
//!         .ready_when(Ready::http_get("/health"))
//!         .websocket("/rpc")
//!         .build();
//!     Harness::new(server)
//!         .before_each(|cx| async move { Ok(cx.client().subscribe(&["balance"]).await?) })
//!         .test("echo returns its argument", |cx| async move {
//!             let reply: String = cx.client().call("echo", ["hi"]).await?;
//!             ensure_eq!(reply, "hi");
//!             Ok(())
//!         })
//!         .test("balance updates are announced", balance_updates)
//!         .parallel()
//!         .tag("events")
//!         .timeout(Duration::from_secs(5))
//!         .main()
//!         .await
//! }
//!
//! async fn balance_updates(cx: Ctx<Client>) -> TestResult {
//!     let soon = Duration::from_secs(1);
//!     let (_, event) = cx
//!         .client()
//!         .call_and_wait::<bool>("deposit", [5], "balance", |_| true, soon)
//!         .await?;
//!     ensure_eq!(event.params["now"], 5);
//!     Ok(())
//! }
//! ```
//!
//! In `Cargo.toml` such a test has `harness = false`. The repository's `docs/rpc.md` is a guide, and
//! `examples/rpc` a whole daemon with its tests.
//!
//! # The server
//!
//! | it is | with |
//! |---|---|
//! | a program that is started for the tests | [`ProcessServer`] |
//! | a program that is started for each connection, over its standard input and output | [`Stdio`] |
//! | a task of the test's own process | [`InProcess`] |
//! | running already | [`JsonRpc`], or a function that connects |
//! | anything else | an implementation of [`Server`] |
//!
//! # The client
//!
//! [`Client`] speaks JSON-RPC 2.0 over WebSocket, HTTP, TCP, Unix sockets, standard input and output,
//! or [any stream](Client::from_stream). Every other client plugs in by a function that connects,
//! since a [`Connect`] is all that the harness needs:
//!
//! ```ignore
//! // tonic. Clones of a channel share a connection, so each test connects for itself.
//! Harness::new(|| GreeterClient::connect("http://127.0.0.1:50051"));
//!
//! // jsonrpsee
//! Harness::new(|| WsClientBuilder::default().build("ws://127.0.0.1:9944"));
//!
//! // reqwest: a client is a pool of connections, so a new one is a new pool.
//! Harness::new(|| async { reqwest::Client::builder().build() });
//! ```
//!
//! With a server that is started here, [`ProcessServerBuilder::build_with`] gives the function its
//! address.
//!
//! # Order and isolation
//!
//! Sequential tests run first, one after another, in the order in which they were registered, on the
//! connection that `before_all` used. Then the parallel ones run, each on a connection of its own, and
//! start in the order in which they were registered. Results and output are in that order too,
//! whatever finished first. [`Isolation`] gives a test less, or a server of its own.
//!
//! `after_each` runs after each test whose `before_each` was called, however the test ended;
//! `after_all` after everything. A test that panics or outlives its timeout is a failed test and
//! nothing more.
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `websocket`, `http`, `tcp`, `unix`, `stdio` | yes | transports |
//! | `cli` | yes | [`Harness::main`] and the `paceline-rpc` program |
//! | `jsonpath` | yes | [`matching::query`] |
//! | `schema` | no | JSON Schema: `matching::conforms` |
//! | `snapshots` | no | `ensure_snapshot!`, by insta |
//! | `mock` | no | `mock::MockServer` |
//! | `worker` | yes | serving paceline as one of its workers; takes in `cli` |
//!
//! # ws-rpc-test → paceline-rpc
//!
//! | ws-rpc-test | here |
//! |---|---|
//! | `ProcessHarness::builder()` and its methods | [`ProcessServer::builder`], methods of the same names; `health_url` is [`Ready::http_get`], `ws_url` is [`websocket`](ProcessServerBuilder::websocket) |
//! | `ProcessHarness::{start, stop, restart, pid}` | the harness's business; [`Server::start`] and [`Instance`] for one's own use |
//! | `RpcClient::connect(url, token)` | [`Client::websocket`] with [`ClientOptions::token`] |
//! | `call`, `call_timeout` | the same; results have a type |
//! | `subscribe`, `wait_for`, `wait_for_any`, `call_and_wait`, `buffered_notification_count`, `dropped_notification_count` | the same |
//! | `collect_events` | [`Client::collect`] |
//! | `assert_ok!` and others, `TestError::Assertion` | [`ensure_ok!`], [`ensure_eq!`], … and [`Failure`] |
//! | `TestError::RpcError`, `TestError::Timeout` | [`CallError::Rpc`], [`CallError::Timeout`] |
//! | `TestError::Skip` | [`Ctx::skip`] |
//! | `TestRunner::new(harness)`, `.test(name, \|client\| …)` | [`Harness::new`], [`Harness::test`]; a test is given a [`Ctx`] |
//! | `.tag()`, `.parallel()`, `.skip_if()` | the same; `skip_if` takes a reason |
//! | `RunConfig { parallel, parallel_workers, … }` | [`RunConfig`]; `parallel` is on by default, since tests are marked one by one |
//! | `before_all`, `before_each`, `after_each`, `after_all` | the same; [`AfterEachFailure`] can make a failed `after_each` count |
//! | `TestReport { tests, passed, … }` | [`RunReport`], in the order of registration |
//! | `Reporter`, `OutputFormat` | [`Reporter`], [`reporters`] |
//! | `parse_cli_args()` | [`Harness::main`]; options of the same names, a wrong one is an error |
//! | `--binary`, `--host`, `--port`, `--health-url`, `--ws-url`, `--token` | [`cli::ServerArgs`] |
//! | `MockServer` | `mock::MockServer` |

#[cfg(feature = "cli")]
pub mod cli;
mod client;
mod config;
mod connect;
mod context;
mod ensure;
mod event;
mod failure;
mod harness;
mod human;
mod in_process;
mod io_file;
pub mod matching;
#[cfg(feature = "mock")]
pub mod mock;
mod panics;
mod process;
mod render;
mod report;
pub mod reporters;
mod run;
mod select;
mod server;
#[cfg(feature = "snapshots")]
mod snapshot;
mod test;
mod transport;
#[cfg(feature = "worker")]
mod worker;

pub use client::{
    Batch, CallError, Client, ClientOptions, CloseReason, ConnectError, Direction, Frame, Id,
    IdStyle, Notification, RpcError, WaitError,
};
pub use config::{AfterEachFailure, OnServerExit, RunConfig, TestRuntime};
pub use connect::{BoxError, Connect, Diagnostics};
pub use context::Ctx;
pub use event::{Event, Reporter, Silent};
pub use failure::{Failure, TestResult};
pub use harness::{ClientOf, Harness, LastTest, Open};
pub use in_process::InProcess;
#[cfg(feature = "snapshots")]
pub use insta;
pub use io_file::{IoFile, IoFileError, Step, io_tests};
pub use process::{
    Address, Output, OutputLine, OutputStream, Process, ProcessServer, ProcessServerBuilder, Ready,
    Stopped, kill_all,
};
pub use report::{FailureKind, FailureReport, Outcome, RunReport, Stage, TestReport};
pub use select::{Ignored, Selection};
pub use server::{BoxFuture, Instance, Running, Server, ServerExit, StartContext, StartError};
pub use test::{Isolation, Mode, Test};
#[cfg(feature = "stdio")]
pub use transport::Stdio;
pub use transport::{Framing, JsonRpc};
