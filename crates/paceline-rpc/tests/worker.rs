//! A test binary as paceline's worker, against an engine that speaks the protocol line by line.
//!
//! This program is its own test binary: started with `RPC_BINARY` set, it is one.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Trial};
use paceline_rpc::mock::MockServer;
use paceline_rpc::{Failure, Harness, JsonRpc, Test, ensure_eq};
use serde_json::{Value, json};

fn main() -> ExitCode {
    if let Ok(what) = std::env::var("RPC_BINARY") {
        return binary(&what);
    }
    let tests: Vec<(&str, fn())> = vec![
        ("the_host_lists_the_units", host),
        ("a_worker_runs_what_it_is_given", worker),
        ("one_server_connection_serves_many_units", one_set_up),
        ("units_can_be_taken_back", taken_back),
        (
            "tests_can_be_taken_back_while_one_runs",
            taken_back_meanwhile,
        ),
        (
            "a_server_that_does_not_start_is_an_error_of_each_test",
            no_server,
        ),
        ("arguments_select", arguments),
        ("a_refused_worker_ends", refused),
        ("a_worker_ends_with_its_engine", engine_gone),
    ];
    let trials = tests.into_iter().map(|(name, run)| {
        Trial::test(name, move || {
            run();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// As the compiler has it.
const FILE: &str = file!();

#[tokio::main]
async fn binary(what: &str) -> ExitCode {
    if Path::new(what).extension().is_some_and(|is| is == "sock") {
        return gated(what).await;
    }
    let server = MockServer::start().await.unwrap();
    server.on("echo", |params| Ok(params[0].clone()));
    let url = match what {
        "no server" => "ws://127.0.0.1:1/".to_owned(),
        _ => server.websocket_url(),
    };
    let set_up = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&set_up);
    Harness::new(JsonRpc::websocket(url))
        .before_all(move |_| {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            async { Ok(()) }
        })
        .test("first", |_| async { Ok(()) })
        .test("echo", |cx| async move {
            let text: String = cx.client().call("echo", ["hi"]).await?;
            ensure_eq!(text, "hi");
            Ok(())
        })
        .parallel()
        .tag("quick")
        .test("second", |_| async { Err(Failure::new("wrong")) })
        .test("skips", |cx| async move { cx.skip("not today") })
        .parallel()
        .test("set up once", move |_| {
            let times = set_up.load(std::sync::atomic::Ordering::SeqCst);
            async move {
                ensure_eq!(times, 1);
                Ok(())
            }
        })
        .parallel()
        .main()
        .await
}

/// A test that runs until its connection to this socket ends, and some behind it.
async fn gated(path: &str) -> ExitCode {
    let path = path.to_owned();
    let rest = ["a", "b", "c"].map(|name| Test::new(name, |_| async { Ok(()) }).parallel());
    Harness::new(|| async { Ok::<(), std::io::Error>(()) })
        .test("waits", move |_| {
            let path = path.clone();
            async move {
                let mut gate = tokio::net::UnixStream::connect(path).await?;
                let mut nothing = Vec::new();
                tokio::io::AsyncReadExt::read_to_end(&mut gate, &mut nothing).await?;
                Ok(())
            }
        })
        .parallel()
        .tests(rest)
        .main()
        .await
}

/// The engine's side of one process.
struct Engine {
    child: Child,
    read: BufReader<UnixStream>,
    write: UnixStream,
    _directory: tempfile::TempDir,
}

impl Engine {
    /// Starts a process and takes its hello.
    fn start(role: &str, what: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .env("RPC_BINARY", what)
            .env("PACELINE_CONNECT", format!("unix:{}", path.display()))
            .env("PACELINE_TOKEN", "t0ken")
            .env("PACELINE_ROLE", role)
            .env("PACELINE_WORKER_ID", "3")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (stream, _) = listener.accept().unwrap();
        let mut engine = Self {
            child,
            read: BufReader::new(stream.try_clone().unwrap()),
            write: stream,
            _directory: directory,
        };
        let hello = engine.next();
        assert_eq!(hello["kind"], "hello");
        assert_eq!(hello["token"], "t0ken");
        assert_eq!(hello["role"], role);
        assert_eq!(hello["framework"]["name"], "paceline-rpc");
        if role == "worker" {
            assert_eq!(hello["worker"], 3);
        }
        engine
    }

    fn welcomed(role: &str, what: &str) -> Self {
        let mut engine = Self::start(role, what);
        engine.send(&json!({"kind": "welcome", "protocol": 1}));
        engine
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.write, "{message}").unwrap();
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.read.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or(Value::Null)
    }

    fn run(&mut self, unit: u64, key: &str) {
        let run = json!({"kind": "run", "unit": unit, "key": key, "tests": null});
        self.send(&run);
    }

    /// Messages up to one of this kind, that one too; what differs from run to run is left out.
    fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            let mut message = self.next();
            assert!(
                message.is_object(),
                "the connection ended; before: {messages:?}"
            );
            if let Some(durations) = message.get("durations") {
                assert_eq!(durations.as_array().unwrap().len(), 3);
                message.as_object_mut().unwrap().remove("durations");
            }
            let last = message["kind"] == kind;
            messages.push(message);
            if last {
                return messages;
            }
        }
    }

    fn end(mut self, code: i32) {
        self.send(&json!({"kind": "shutdown"}));
        let goodbye = self.until("goodbye").pop().unwrap();
        assert_eq!(goodbye["exit_status"], code);
        assert_eq!(self.child.wait().unwrap().code(), Some(code));
    }
}

fn host() {
    let mut engine = Engine::welcomed("host", "tests");
    let messages = engine.until("ready");
    let units: Vec<_> = messages
        .iter()
        .filter_map(|message| message["units"].as_array())
        .flatten()
        .map(|unit| format!("{} {}", unit["unit"], unit["key"].as_str().unwrap()))
        .collect();
    assert_eq!(units, [format!("0 {FILE}")]);
    assert_eq!(messages[messages.len() - 2]["complete"], true);
    assert_eq!(messages.last().unwrap()["can_fork"], false);
    engine.send(&json!({"kind": "nonsense"}));
    let error = engine.next();
    assert_eq!(
        (&error["kind"], &error["fatal"]),
        (&json!("error"), &json!(false))
    );
    assert!(error["text"].as_str().unwrap().contains("nonsense"));
    engine.end(0);
}

fn worker() {
    let mut engine = Engine::welcomed("worker", "tests");
    engine.run(0, FILE);
    let mut messages = engine.until("unit_finished");
    let digest = messages[1]["digest"].take();
    assert!(digest.is_string());
    let text = messages[5]["problems"][0]["text"].take();
    assert!(text.as_str().unwrap().starts_with("wrong\n  at "), "{text}");
    // Where the tests are written down, and where one failed.
    for test in messages[1]["tests"].as_array_mut().unwrap() {
        let test = test.as_object_mut().unwrap();
        assert_eq!(test.remove("file").unwrap(), "tests/worker.rs");
        assert!(test.remove("line").unwrap().as_u64().unwrap() > 1);
    }
    let problem = messages[5]["problems"][0].as_object_mut().unwrap();
    let location = problem.remove("location").unwrap();
    assert_eq!(
        location["file"],
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/worker.rs")
    );
    let started = |test: usize| json!({"kind": "test_started", "unit": 0, "test": test});
    let passed = |test: usize| json!({"kind": "test_finished", "unit": 0, "test": test, "outcome": "passed"});
    assert_eq!(
        messages,
        [
            json!({"kind": "unit_started", "unit": 0}),
            json!({"kind": "collected", "unit": 0, "digest": null, "count": 5, "first": 0, "tests": [
                {"id": "first", "group": "file"},
                {"id": "echo", "markers": ["quick"]},
                {"id": "second", "group": "file"},
                {"id": "skips"},
                {"id": "set up once"},
            ]}),
            started(0),
            passed(0),
            // The sequential tests go first.
            started(2),
            json!({"kind": "test_finished", "unit": 0, "test": 2, "outcome": "failed", "problems": [
                {"phase": "call", "outcome": "failed", "message": "wrong", "text": null},
            ]}),
            started(1),
            passed(1),
            started(3),
            json!({"kind": "test_finished", "unit": 0, "test": 3, "outcome": "skipped", "problems": [
                {"phase": "setup", "outcome": "skipped", "reason": "not today"},
            ]}),
            started(4),
            passed(4),
            json!({"kind": "unit_finished", "unit": 0}),
        ]
    );
    // What is known is not told again, and only the tests that are named are run.
    let known = json!({"kind": "run", "unit": 0, "key": FILE, "tests": [0], "known": digest});
    engine.send(&known);
    let messages = engine.until("unit_finished");
    assert_eq!(messages[1].get("tests"), None);
    assert_eq!(messages.len(), 5);
    engine.run(9, "no such unit");
    let messages = engine.until("unit_finished");
    assert_eq!(messages[1]["kind"], "collect_error");
    engine.end(101);
}

fn one_set_up() {
    let mut engine = Engine::welcomed("worker", "tests");
    for tests in [[1], [0], [4]] {
        engine.send(&json!({"kind": "run", "unit": 0, "key": FILE, "tests": tests}));
        let messages = engine.until("unit_finished");
        assert_eq!(messages[3]["outcome"], "passed", "{tests:?}");
    }
    engine.end(0);
}

fn taken_back() {
    let mut engine = Engine::welcomed("worker", "tests");
    engine.send(&json!({"kind": "take_back", "unit": 1}));
    assert_eq!(
        engine.next(),
        json!({"kind": "taken_back", "unit": 1, "ok": false})
    );
    engine.end(0);
}

/// The rest of a unit is given back while one of its tests runs.
fn taken_back_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("gate.sock");
    let listener = UnixListener::bind(&gate).unwrap();
    let mut engine = Engine::welcomed("worker", gate.to_str().unwrap());
    engine.run(0, FILE);
    let (inside, _) = listener.accept().unwrap();
    engine.until("test_started");
    engine.send(&json!({"kind": "take_back", "unit": 0, "tests": [2, 0, 3]}));
    let answer = engine.next();
    assert_eq!(
        answer,
        json!({"kind": "taken_back", "unit": 0, "ok": true, "tests": [2, 3]})
    );
    drop(inside);
    let rest = engine.until("unit_finished");
    let ran: Vec<_> = rest
        .iter()
        .filter(|message| message["kind"] == "test_finished")
        .collect();
    assert_eq!(ran.len(), 2, "{rest:?}");
    engine.end(0);
}

fn no_server() {
    let mut engine = Engine::welcomed("worker", "no server");
    engine.send(&json!({"kind": "run", "unit": 0, "key": FILE, "tests": [1]}));
    let messages = engine.until("unit_finished");
    assert_eq!(messages[3]["outcome"], "errored");
    let message = messages[3]["problems"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("connecting to ws://127.0.0.1:1/"),
        "{message}"
    );
    engine.end(0);
}

fn arguments() {
    let mut engine = Engine::start("host", "tests");
    engine.send(&json!({"kind": "welcome", "protocol": 1, "args": ["--tag", "quick"]}));
    let messages = engine.until("ready");
    assert_eq!(messages[0]["units"].as_array().unwrap().len(), 1);
    engine.end(0);
    let mut engine = Engine::start("host", "tests");
    engine.send(&json!({"kind": "welcome", "protocol": 1, "args": ["--no-such"]}));
    let error = engine.next();
    assert_eq!(
        (&error["kind"], &error["fatal"]),
        (&json!("error"), &json!(true))
    );
    assert_eq!(engine.child.wait().unwrap().code(), Some(2));
}

fn refused() {
    let mut engine = Engine::start("worker", "tests");
    engine.send(&json!({"kind": "refused", "reason": "wrong token"}));
    assert_eq!(engine.child.wait().unwrap().code(), Some(2));
}

fn engine_gone() {
    let Engine {
        mut child,
        read,
        write,
        ..
    } = Engine::welcomed("worker", "tests");
    drop((read, write));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
