//! What paceline makes of the test binaries.

use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Signal};
use serde_json::Value;

use crate::environment::TestEnvironment;
use crate::following::await_death;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("results_are_the_same_for_any_number_of_workers", outcomes),
    ("a_failure_shows_all_that_is_known", failure),
    ("a_test_that_ends_its_process_hurts_nobody_else", crashes),
    ("a_server_that_dies_is_started_again", deaths),
    ("a_test_that_hangs_is_timed_out", hangs),
    ("the_server_stays_up_between_tests", many),
    ("tests_are_named_and_left_out", selection),
    ("what_failed_runs_again", failed_again),
    ("overrides_hold_for_single_tests", overrides),
    ("an_interrupt_stops_the_servers", interrupt),
    ("cargo_is_asked_once", cargo),
    ("what_does_not_build_is_an_error_of_the_suite", no_build),
    ("a_program_that_is_no_worker_is_explained", no_worker),
    ("suites_are_found_without_a_configuration", detection),
];

fn program() -> String {
    let program = std::env::current_exe().unwrap();
    program.into_os_string().into_string().unwrap()
}

/// A repository with one suite of this program.
fn suite(role: &str, keys: &str) -> TestEnvironment {
    let env = TestEnvironment::new();
    let config = format!(
        "kill-grace = '100ms'\n[suite.live]\nframework = 'paceline-rpc'\nprogram = '{}'\n\
         env = {{ RPC_ROLE = '{role}', RPC_DIR = '{}' }}\n{keys}\n",
        program(),
        env.root().display(),
    );
    env.write("paceline.toml", &config);
    env
}

/// The processes of all servers that were started.
fn servers(env: &TestEnvironment) -> Vec<Pid> {
    let files = fs::read_dir(env.root()).unwrap().map(Result::unwrap);
    let names = files.map(|file| file.file_name().into_string().unwrap());
    let pids = names.filter_map(|name| name.strip_prefix("server-")?.parse().ok());
    pids.map(|pid| Pid::from_raw(pid).unwrap()).collect()
}

#[track_caller]
fn assert_no_server_is_left(env: &TestEnvironment) {
    let all = servers(env);
    assert!(!all.is_empty(), "there was no server");
    all.into_iter().for_each(await_death);
}

/// Native id and outcome of every test of the last run, in the order of the report.
fn results(env: &TestEnvironment) -> Vec<(String, String)> {
    let report = env.report();
    let tests = report.suite("live")["tests"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tests = tests.iter();
    tests
        .map(|test| (text(&test["native_id"]), text(&test["outcome"])))
        .collect()
}

fn passed(env: &TestEnvironment) -> usize {
    let results = results(env);
    let passed = results.iter().filter(|(_, outcome)| outcome == "passed");
    passed.count()
}

#[track_caller]
fn assert_results(env: &TestEnvironment, expected: &[(&str, &str)]) {
    let found = results(env);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(id, outcome)| (id.as_str(), outcome.as_str()))
        .collect();
    assert_eq!(found, expected);
}

/// The output without what differs from run to run: times, ports, process ids.
fn masked(text: &str) -> String {
    let mut kept = String::new();
    let mut in_slowest = false;
    for line in text.lines() {
        in_slowest = line.starts_with(" SLOWEST") || (in_slowest && !line.is_empty());
        if in_slowest || line.starts_with(" time ") || line.starts_with(" limit ") {
            continue;
        }
        for word in line.split_whitespace() {
            let is_time = word.ends_with('s') && word.starts_with(|c: char| c.is_ascii_digit());
            if !is_time {
                kept.push_str(word);
                kept.push(' ');
            }
        }
        kept.push('\n');
    }
    kept
}

fn outcomes() {
    let env = suite("outcomes", "");
    let mut outputs = Vec::new();
    for jobs in ["1", "2", "4"] {
        let run = env.expect(1, &["-j", jobs, "--color", "never"]);
        assert_results(
            &env,
            &[
                ("passes", "passed"),
                ("shared one", "passed"),
                ("fails", "failed"),
                ("shared two", "passed"),
                ("panics", "failed"),
                ("skips", "skipped"),
                ("times out", "failed"),
                ("is ignored", "skipped"),
                ("passes too", "passed"),
            ],
        );
        outputs.push(masked(&run.stdout));
    }
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
    assert_no_server_is_left(&env);
}

fn failure() {
    let env = suite("outcomes", "");
    let run = env.expect(1, &["--color", "never"]);
    for part in [
        "`reply` is not as expected",
        r#"- "a""#,
        r#"+ "b""#,
        "last frames of the connection:",
        r#""method":"echo""#,
        "the server's output since the test began:",
        r#"echoes ["b"]"#,
        "printed by the test",
        "panicked: at once",
        "the test did not end within 20ms",
        "--exact fails",
    ] {
        assert!(run.stdout.contains(part), "{part}: {run}");
    }
    let report = env.report();
    let test = &report.suite("live")["tests"][2];
    let file = test["file"].as_str().unwrap();
    assert!(file.ends_with("tests/rpc/live.rs"), "{test}");
    assert_eq!(test["markers"], serde_json::json!(["red"]));
}

fn crashes() {
    let env = suite("crashes", "");
    for jobs in ["1", "2"] {
        env.expect(1, &["-j", jobs]);
        assert_results(
            &env,
            &[
                ("first", "passed"),
                ("exits", "crashed"),
                ("between", "passed"),
                ("aborts", "crashed"),
                ("last", "passed"),
            ],
        );
    }
    let report = env.report();
    let tests = &report.suite("live")["tests"];
    assert_eq!(tests[1]["message"], "the worker died: exit code 3");
    assert_eq!(tests[3]["message"], "the worker died: killed by SIGABRT");
    assert_no_server_is_left(&env);
}

fn deaths() {
    let env = suite("deaths", "");
    let run = env.expect(1, &["-j", "1", "--color", "never"]);
    assert_results(
        &env,
        &[
            ("first", "passed"),
            ("kills the server", "failed"),
            ("after it", "passed"),
            ("and another", "passed"),
        ],
    );
    let report = env.report();
    let message = report.suite("live")["tests"][1]["message"]
        .as_str()
        .unwrap();
    assert!(run.stdout.contains("exit code 7"), "{message}: {run}");
    assert_eq!(servers(&env).len(), 2);
    assert_no_server_is_left(&env);
}

fn hangs() {
    let env = suite("hangs", "timeout = '1s'");
    env.expect(1, &[]);
    assert_results(
        &env,
        &[
            ("first", "passed"),
            ("hangs", "timed-out"),
            ("last", "passed"),
        ],
    );
    assert_no_server_is_left(&env);
}

fn many() {
    let env = suite("many", "workers = 1");
    env.expect(0, &["-j", "4"]);
    assert_eq!(passed(&env), 200);
    assert_eq!(servers(&env).len(), 1);
    assert_no_server_is_left(&env);
}

fn selection() {
    let env = suite("outcomes", "");
    env.expect(0, &["run", "live::passes too", "live::shared two"]);
    assert_results(&env, &[("shared two", "passed"), ("passes too", "passed")]);
    env.expect(
        0,
        &["run", "live", "--deselect", "live::passes", "--", "pass"],
    );
    assert_results(&env, &[("passes too", "passed")]);
    env.expect(1, &["--", "--tag", "red"]);
    assert_results(&env, &[("fails", "failed")]);
    let run = env.expect(5, &["run", "live::no such test"]);
    assert!(
        run.stdout.contains("there is no test named `no such test`"),
        "{run}"
    );
    let run = env.expect(5, &["--", "--no-such-option"]);
    assert!(run.stdout.contains("--no-such-option"), "{run}");
}

fn failed_again() {
    let env = suite("outcomes", "");
    env.expect(1, &[]);
    env.expect(1, &["--failed"]);
    assert_results(
        &env,
        &[
            ("fails", "failed"),
            ("panics", "failed"),
            ("times out", "failed"),
        ],
    );
}

fn overrides() {
    let keys = "[[suite.live.override]]\ntests = 'b'\nneeds = ['ports']\n\
                [[suite.live.override]]\ntests = 'c'\nserial = true\nretries = 1\n\
                [resources]\nports = 1";
    let env = suite("constrained", keys);
    env.expect(0, &["-j", "3"]);
    let all = ["a", "b", "c", "d"].map(|name| (name, "passed"));
    assert_results(&env, &all);
    assert_no_server_is_left(&env);
}

fn interrupt() {
    let env = suite("hangs", "");
    let mut run = env.follow(&["-j", "2"]);
    run.until(|event| event["kind"] == "attempt-started" && event["test"] == "live::hangs");
    run.signal(Signal::INT);
    assert_eq!(run.end(), Some(130));
    assert!(env.report().0["interrupted"].is_string());
    // It may not have come to its server yet.
    servers(&env).into_iter().for_each(await_death);
}

/// A package with the test target `live`, and a `cargo` that takes it for built.
fn package(role: &str) -> (TestEnvironment, PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;

    let env = TestEnvironment::new();
    env.write(
        "Cargo.toml",
        "[package]\nname = 'daemon'\n[dev-dependencies]\npaceline-rpc = '0.1'\n\
         [[test]]\nname = 'live'\nharness = false\n",
    );
    env.write("tests/live.rs", "use paceline_rpc::Harness;\n");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> '{root}/asked'\n[ -e '{root}/broken' ] && {{ echo 'error[E0308]: mismatched types' >&2; exit 101; }}\n\
         export CARGO_MANIFEST_DIR='{root}' CARGO_PKG_NAME=daemon\n'{program}'\n",
        root = env.root().display(),
        program = program(),
    );
    env.write("bin/cargo", &script);
    let bin = env.root().join("bin");
    fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    env.write("role", role);
    (env, bin)
}

/// Runs paceline with that `cargo`.
fn run_with_cargo(
    env: &TestEnvironment,
    bin: &std::path::Path,
    args: &[&str],
) -> crate::environment::Invocation {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path));
    let mut command = env.command(args);
    command
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("RPC_ROLE", env.read("role"))
        .env("RPC_DIR", env.root());
    env.finish(&mut command)
}

fn cargo() {
    let (env, bin) = package("crashes");
    env.write(
        "paceline.toml",
        "[suite.live]\nframework = 'paceline-rpc'\ncargo-args = ['--release']\n",
    );
    let run = run_with_cargo(&env, &bin, &["-j", "2", "--color", "never"]);
    assert_eq!(run.code, Some(1), "{run}");
    // Each death has made a new worker, and none of them went through cargo.
    let outcomes: Vec<_> = results(&env)
        .into_iter()
        .map(|(_, outcome)| outcome)
        .collect();
    assert_eq!(
        outcomes,
        ["passed", "crashed", "passed", "crashed", "passed"]
    );
    assert_eq!(env.read("asked"), "test --test live --release\n");
    assert!(
        run.stdout
            .contains("cargo test --test live --release -- --exact exits"),
        "{run}"
    );
    assert_no_server_is_left(&env);
}

fn no_build() {
    let (env, bin) = package("outcomes");
    env.write(
        "paceline.toml",
        "[suite.live]\nframework = 'paceline-rpc'\n",
    );
    env.write("broken", "");
    let run = run_with_cargo(&env, &bin, &["--color", "never"]);
    assert_eq!(run.code, Some(5), "{run}");
    assert!(
        run.stdout.contains("error[E0308]: mismatched types"),
        "{run}"
    );
    assert!(run.stdout.contains("cargo test --test live"), "{run}");
}

fn no_worker() {
    let env = suite("none", "");
    let run = env.expect(5, &["--color", "never"]);
    assert!(
        run.stdout
            .contains("its host ended before it was ready: exit code 0"),
        "{run}"
    );
    assert!(run.stdout.contains("feature `worker`"), "{run}");
}

fn detection() {
    let (env, bin) = package("many");
    let run = run_with_cargo(&env, &bin, &["--color", "never"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("Cargo.toml [[test]] live"), "{run}");
    assert_eq!(passed(&env), 200);
    let run = run_with_cargo(&env, &bin, &["init", "--print"]);
    assert!(
        run.stdout
            .contains("[suite.live]\nframework = \"paceline-rpc\"\ntest = \"live\"\n"),
        "{run}"
    );
    assert_no_server_is_left(&env);
}
