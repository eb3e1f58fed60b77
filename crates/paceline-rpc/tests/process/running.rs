//! Running a harness against one of the fixtures.

use std::time::Duration;

use paceline_rpc::{Harness, Outcome, ProcessServer, ProcessServerBuilder, RunConfig, RunReport};

pub(crate) fn on_runtime<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

pub(crate) fn me() -> std::path::PathBuf {
    std::env::current_exe().unwrap()
}

pub(crate) fn fixture(what: &str) -> ProcessServerBuilder {
    ProcessServer::builder(me())
        .env("RPC_FIXTURE", what)
        .port_arg()
        .health_poll_interval(Duration::from_millis(5))
}

pub(crate) fn run<Stage>(harness: Harness<ProcessServer, Stage>, config: &RunConfig) -> RunReport {
    on_runtime(harness.run(config))
}

pub(crate) fn workers(count: usize) -> RunConfig {
    let mut config = RunConfig::default();
    config.parallel_workers = Some(count);
    config
}

pub(crate) fn outcome(report: &RunReport, at: usize) -> String {
    match &report.tests[at].outcome {
        Outcome::Passed => "passed".to_owned(),
        Outcome::Skipped(reason) => format!("skipped: {reason}"),
        Outcome::Failed(failure) | Outcome::TimedOut(failure) => failure.to_string(),
    }
}
