//! Both roles of a test binary that paceline runs.

use std::collections::VecDeque;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};

use super::connection::Engine;
use super::units::{Unit, units};
use crate::config::RunConfig;
use crate::harness::{ClientOf, Hooks};
use crate::human::shortened;
use crate::report::{Outcome, RunReport, Stage, TestReport};
use crate::run::Run;
use crate::server::Server;
use crate::test::Test;

/// More of a failure is of no use to anybody.
const MAX_TEXT: usize = 1024 * 1024;

/// What paceline has asked for in the environment.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    address: String,
    token: String,
    /// The number of the worker; none for the host.
    worker: Option<usize>,
}

impl Asked {
    /// Nothing if the program was started by anybody else.
    pub(crate) fn from_env() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let worker = variable("PACELINE_WORKER_ID").and_then(|number| number.parse().ok());
        Some(Self {
            address: variable("PACELINE_CONNECT")?,
            token: variable("PACELINE_TOKEN").unwrap_or_default(),
            worker: match variable("PACELINE_ROLE").as_deref() {
                Some("worker") => Some(worker.unwrap_or_default()),
                _ => None,
            },
        })
    }
}

/// Serves until paceline has no more for this process.
#[expect(
    clippy::print_stderr,
    reason = "the engine keeps it as this process's log"
)]
pub(crate) async fn serve<S: Server>(
    asked: &Asked,
    server: Arc<S>,
    hooks: Hooks<ClientOf<S>>,
    tests: Vec<Test<ClientOf<S>>>,
    config: RunConfig,
) -> ExitCode {
    let served = async {
        let mut engine = Engine::connect(&asked.address).await?;
        let Some(config) = greet(asked, &mut engine, config).await? else {
            return Ok(2);
        };
        let run = Arc::new(Run::new(server, hooks, &config));
        let selected = tests
            .into_iter()
            .filter(|test| config.selection.selects(test))
            .collect();
        let units = units(selected, |test| run.mode(test));
        match asked.worker {
            None => host(&mut engine, &units).await,
            Some(number) => work(&mut engine, &run, &units, number).await,
        }
    };
    let served: io::Result<u8> = served.await;
    match served {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: serving paceline: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Says hello. Nothing if this process is not wanted.
#[expect(
    clippy::print_stderr,
    reason = "the protocol asks for the reason there"
)]
async fn greet(
    asked: &Asked,
    engine: &mut Engine,
    mut config: RunConfig,
) -> io::Result<Option<RunConfig>> {
    let version = env!("CARGO_PKG_VERSION");
    let mut hello = json!({
        "kind": "hello",
        "protocol": 1,
        "token": asked.token,
        "role": if asked.worker.is_some() { "worker" } else { "host" },
        "pid": std::process::id(),
        "framework": {"name": "paceline-rpc", "version": version},
        "language": {"name": "rust", "version": null},
    });
    if let Some(number) = asked.worker {
        hello["worker"] = json!(number);
    }
    engine.send(&hello).await?;
    let answer = engine.next().await.unwrap_or_default();
    if answer["kind"] != "welcome" {
        let reason = answer["reason"].as_str().unwrap_or("the connection ended");
        eprintln!("error: refused by paceline: {reason}");
        return Ok(None);
    }
    let args: Vec<String> = answer["args"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|arg| arg.as_str().map(str::to_owned))
        .collect();
    #[cfg(feature = "cli")]
    if !args.is_empty() {
        use clap::Parser;

        let all = std::iter::once("test".to_owned()).chain(args);
        match crate::cli::Cli::try_parse_from(all) {
            Ok(cli) => cli.apply(&mut config),
            Err(error) => {
                fatal(engine, &error.to_string()).await?;
                return Ok(None);
            }
        }
    }
    #[cfg(not(feature = "cli"))]
    if !args.is_empty() {
        fatal(
            engine,
            "built without the feature `cli`, and so without arguments",
        )
        .await?;
        return Ok(None);
    }
    // How many tests run at once, and when to stop, is paceline's business.
    config.max_failures = None;
    Ok(Some(config))
}

async fn fatal(engine: &mut Engine, text: &str) -> io::Result<()> {
    let error = json!({"kind": "error", "fatal": true, "text": text, "exit_status": 2});
    engine.send(&error).await
}

async fn refuse(engine: &mut Engine, message: &Value) -> io::Result<()> {
    let text = format!("unknown kind of message: {}", message["kind"]);
    let error = json!({"kind": "error", "fatal": false, "text": text});
    engine.send(&error).await
}

async fn goodbye(engine: &mut Engine, status: u8) -> io::Result<u8> {
    // The engine may be gone already.
    let _ = engine
        .send(&json!({"kind": "goodbye", "exit_status": status}))
        .await;
    Ok(status)
}

/// Lists the units.
async fn host<C>(engine: &mut Engine, units: &[Unit<C>]) -> io::Result<u8> {
    let program = std::env::current_exe().unwrap_or_default();
    let path = program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    for (chunk, some) in units.chunks(1000).enumerate() {
        let list: Vec<_> = some
            .iter()
            .enumerate()
            .map(|(at, unit)| json!({"unit": chunk * 1000 + at, "key": unit.key, "path": path}))
            .collect();
        let message = json!({"kind": "discovered", "units": list, "complete": false});
        engine.send(&message).await?;
    }
    let end = json!({"kind": "discovered", "units": [], "complete": true});
    engine.send(&end).await?;
    let ready = json!({
        "kind": "ready",
        "can_fork": false,
        "why_not": "a program with threads cannot be forked",
        "collect": "files",
        "rootdir": std::env::current_dir()?.to_string_lossy(),
        "config_file": null,
        "maxfail": 0,
    });
    engine.send(&ready).await?;
    while let Some(message) = engine.next().await {
        match message["kind"].as_str() {
            Some("shutdown") => break,
            Some("fork") => {
                let failed = json!({
                    "kind": "fork_failed",
                    "worker": message["worker"],
                    "reason": "a program with threads cannot be forked",
                });
                engine.send(&failed).await?;
            }
            _ => refuse(engine, &message).await?,
        }
    }
    goodbye(engine, 0).await
}

/// What the engine has asked of a worker and is still to be done.
#[derive(Default)]
struct Orders {
    units: VecDeque<Value>,
    /// No more will come.
    shutdown: bool,
    /// Not even what has come is to be run.
    now: bool,
}

impl Orders {
    /// Takes in a message; between two tests, or when there is nothing to do.
    async fn take(&mut self, engine: &mut Engine, message: Value) -> io::Result<()> {
        match message["kind"].as_str() {
            Some("run") => self.units.push_back(message),
            Some("wait") => {}
            Some("shutdown") => {
                self.shutdown = true;
                self.now = message["now"] == true;
            }
            Some("take_back") => {
                let before = self.units.len();
                self.units.retain(|unit| unit["unit"] != message["unit"]);
                let ok = self.units.len() < before;
                let answer = json!({"kind": "taken_back", "unit": message["unit"], "ok": ok});
                engine.send(&answer).await?;
            }
            _ => refuse(engine, &message).await?,
        }
        Ok(())
    }
}

/// Runs units, with one server for all of them.
async fn work<S: Server>(
    engine: &mut Engine,
    run: &Run<S>,
    units: &[Unit<ClientOf<S>>],
    number: usize,
) -> io::Result<u8> {
    let interrupt = run.config.interrupt.clone();
    let mut orders = Orders::default();
    let mut failed = false;
    let mut result = Ok(());
    while result.is_ok() && !orders.now && !interrupt.is_cancelled() {
        if let Some(order) = orders.units.pop_front() {
            result = unit(engine, run, units, number, &order, &mut orders, &mut failed).await;
            continue;
        }
        if orders.shutdown {
            break;
        }
        let message = tokio::select! {
            message = engine.next() => message,
            () = interrupt.cancelled() => None,
        };
        let Some(message) = message else { break };
        result = orders.take(engine, message).await;
    }
    // Whatever has happened to the engine, the server is stopped.
    let mut report = RunReport::default();
    run.finish(&mut report).await;
    if let Some(why) = &report.after_all_failed {
        failed = true;
        let error = json!({"kind": "error", "fatal": false, "text": why});
        let _ = engine.send(&error).await;
    }
    result?;
    goodbye(engine, if failed { 101 } else { 0 }).await
}

async fn unit<S: Server>(
    engine: &mut Engine,
    run: &Run<S>,
    units: &[Unit<ClientOf<S>>],
    number: usize,
    order: &Value,
    orders: &mut Orders,
    failed: &mut bool,
) -> io::Result<()> {
    let id = &order["unit"];
    engine
        .send(&json!({"kind": "unit_started", "unit": id}))
        .await?;
    let Some(unit) = units.iter().find(|unit| order["key"] == unit.key.as_str()) else {
        let text = format!("there is no unit {} in this program", order["key"]);
        let error = json!({"kind": "collect_error", "unit": id, "text": text});
        engine.send(&error).await?;
        return engine
            .send(&json!({"kind": "unit_finished", "unit": id}))
            .await;
    };
    let digest = unit.digest();
    let mut collected = json!({
        "kind": "collected",
        "unit": id,
        "digest": digest,
        "count": unit.tests.len(),
    });
    if order["known"] != digest.as_str() {
        collected["first"] = json!(0);
        collected["tests"] = json!(unit.descriptions());
    }
    engine.send(&collected).await?;
    for at in wanted(unit, order) {
        while let Some(message) = engine.arrived() {
            orders.take(engine, message).await?;
        }
        if orders.now || run.config.interrupt.is_cancelled() {
            break;
        }
        let Some(test) = unit.tests.get(at) else {
            continue;
        };
        let started = json!({"kind": "test_started", "unit": id, "test": at});
        engine.send(&started).await?;
        // A test's own worker would have no number in the sequential phase.
        let worker = (!unit.together).then_some(number);
        let report = match run.passed_over(at, test) {
            Some(report) => report,
            None => run.attempt(at, test, worker).await,
        };
        if run.config.interrupt.is_cancelled() {
            // It has no result.
            break;
        }
        *failed |= report.outcome.is_failure();
        engine.send(&finished(run, id, at, &report)).await?;
    }
    engine
        .send(&json!({"kind": "unit_finished", "unit": id}))
        .await
}

/// The indexes of the tests that an order is about.
fn wanted<C>(unit: &Unit<C>, order: &Value) -> Vec<usize> {
    if let Some(indexes) = order["tests"].as_array() {
        let indexes = indexes.iter().filter_map(Value::as_u64);
        return indexes
            .filter_map(|index| usize::try_from(index).ok())
            .collect();
    }
    let ids = order["ids"].as_array();
    let named =
        |at: &usize| ids.is_none_or(|ids| ids.iter().any(|id| *id == unit.tests[*at].name()));
    (0..unit.tests.len()).filter(named).collect()
}

fn finished<S: Server>(run: &Run<S>, unit: &Value, at: usize, report: &TestReport) -> Value {
    let mut message = json!({
        "kind": "test_finished",
        "unit": unit,
        "test": at,
        "durations": [0.0, report.duration.as_secs_f64(), 0.0],
    });
    let (outcome, problem) = match &report.outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Skipped(reason) => match run.servers.gone() {
            // A test whose server is not there has not been left out by anybody's wish.
            Some(gone) if gone == *reason => {
                let text = run.servers.why_aborted().unwrap_or(gone);
                let problem = json!({
                    "phase": "setup",
                    "outcome": "errored",
                    "message": reason,
                    "text": shortened(&text, MAX_TEXT),
                });
                ("errored", Some(problem))
            }
            _ => {
                let problem = json!({"phase": "setup", "outcome": "skipped", "reason": reason});
                ("skipped", Some(problem))
            }
        },
        Outcome::Failed(failure) | Outcome::TimedOut(failure) => {
            let (phase, outcome) = match failure.stage {
                Stage::Body => ("call", "failed"),
                Stage::AfterEach => ("teardown", "errored"),
                Stage::Server | Stage::Connect | Stage::BeforeEach => ("setup", "errored"),
            };
            let problem = json!({
                "phase": phase,
                "outcome": outcome,
                "message": shortened(&failure.message, 10_000),
                "text": shortened(&failure.to_string(), MAX_TEXT),
            });
            (outcome, Some(problem))
        }
    };
    message["outcome"] = json!(outcome);
    if let Some(problem) = problem {
        message["problems"] = json!([problem]);
    }
    if report.outcome.is_failure() && !report.notes.is_empty() {
        message["sections"] = json!([["Notes", report.notes.join("\n")]]);
    }
    message
}
