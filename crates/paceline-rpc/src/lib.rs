//! Tests against a live RPC server, in parallel, each on its own connection.

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
mod test;
mod transport;

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
