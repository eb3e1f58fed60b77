//! pytest suites, run by real pytest.
//!
//! `PACELINE_TEST_PYTHON` names an interpreter that has pytest; `cargo xtask test` sets it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::environment::TestEnvironment;
use crate::following::{await_death, is_alive};

/// An interpreter with pytest.
pub(crate) fn python() -> PathBuf {
    let named = std::env::var_os("PACELINE_TEST_PYTHON");
    let python = named.map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let works = Command::new(&python).args(["-c", "import pytest"]).output();
    assert!(
        works.is_ok_and(|output| output.status.success()),
        "{} cannot import pytest: run `cargo xtask test`, or name one in PACELINE_TEST_PYTHON",
        python.display()
    );
    python
}

/// A repository with one pytest suite of these files.
pub(crate) fn suite(keys: &str, files: &[(&str, &str)]) -> TestEnvironment {
    let config = format!(
        "kill-grace = '100ms'\n[suite.unit]\nframework = 'pytest'\npython = '{}'\n{keys}\n",
        python().display()
    );
    let env = TestEnvironment::with_config(&config);
    // Plugins that happen to be installed must not decide about order and fixtures.
    env.write(
        "pytest.ini",
        "[pytest]\naddopts = -p no:randomly -p no:django\n",
    );
    for (name, text) in files {
        env.write(name, text);
    }
    env
}

/// Native id and outcome of every test of the last run, in the order of the report.
pub(crate) fn outcomes(env: &TestEnvironment) -> Vec<(String, String)> {
    let report = env.report();
    let tests = report.suite("unit")["tests"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    tests
        .iter()
        .map(|test| (text(&test["native_id"]), text(&test["outcome"])))
        .collect()
}

#[track_caller]
pub(crate) fn assert_outcomes(env: &TestEnvironment, expected: &[(&str, &str)]) {
    let found = outcomes(env);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(id, o)| (id.as_str(), o.as_str()))
        .collect();
    assert_eq!(found, expected);
}

const OUTCOMES: &str = r#"
import pytest

def test_passes(): pass
def test_fails(): assert 1 == 2
@pytest.mark.skip(reason="why not")
def test_skipped(): pass
@pytest.mark.xfail(reason="known")
def test_xfails(): assert 0
@pytest.mark.xfail
def test_xpasses(): pass
@pytest.fixture
def broken(): raise RuntimeError("in set-up")
def test_errors(broken): pass
@pytest.mark.parametrize("x", ["a b", "ü", "[", "::"])
def test_ids(x): pass
"#;

#[test]
fn every_outcome_is_pytests_own_in_plan_order_for_any_number_of_workers() {
    let files = [
        ("test_b.py", OUTCOMES),
        ("test_a.py", "def test_one(): pass\n"),
    ];
    let env = suite("", &files);
    let mut outputs = Vec::new();
    for (jobs, start) in [("1", "fork"), ("2", "fork"), ("8", "fork"), ("2", "spawn")] {
        let config = env.read("paceline.toml").replace("start = 'fork'\n", "");
        env.write("paceline.toml", &format!("{config}start = '{start}'\n"));
        env.write(
            "paceline.toml",
            &env.read("paceline.toml")
                .replace("start = 'spawn'\nstart", "start"),
        );
        let run = env.expect(1, &["-j", jobs, "--color", "never"]);
        assert_outcomes(
            &env,
            &[
                ("test_a.py::test_one", "passed"),
                ("test_b.py::test_passes", "passed"),
                ("test_b.py::test_fails", "failed"),
                ("test_b.py::test_skipped", "skipped"),
                ("test_b.py::test_xfails", "xfailed"),
                ("test_b.py::test_xpasses", "xpassed"),
                ("test_b.py::test_errors", "errored"),
                ("test_b.py::test_ids[a b]", "passed"),
                ("test_b.py::test_ids[\\xfc]", "passed"),
                ("test_b.py::test_ids[[]", "passed"),
                ("test_b.py::test_ids[::]", "passed"),
            ],
        );
        outputs.push(without_times(&run.stdout));
    }
    assert!(
        outputs.windows(2).all(|pair| pair[0] == pair[1]),
        "{outputs:#?}"
    );
}

/// The output without durations, the lines that hold nothing else, and what pads them.
pub(crate) fn without_times(text: &str) -> String {
    let is_time = |word: &str| {
        let rest = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == 'm');
        word.starts_with(|c: char| c.is_ascii_digit()) && rest == "s"
    };
    let mut in_slowest = false;
    let mut kept = String::new();
    for line in text.lines() {
        in_slowest = line.starts_with(" SLOWEST") || (in_slowest && !line.is_empty());
        if in_slowest || line.starts_with(" time ") || line.starts_with(" limit ") {
            continue;
        }
        // The list of the slowest may be there or not.
        if line.is_empty() && kept.ends_with("\n\n") {
            continue;
        }
        let words: Vec<&str> = line
            .split_whitespace()
            .filter(|word| !is_time(word))
            .collect();
        kept.push_str(&words.join(" "));
        kept.push('\n');
    }
    kept
}

#[test]
fn a_test_that_ends_its_process_hurts_nobody_else() {
    let env = suite(
        "",
        &[(
            "test_crash.py",
            "import os, signal\ndef test_a(): pass\ndef test_exit(): os._exit(3)\ndef test_zero(): os._exit(0)\n\
             def test_kill(): os.kill(os.getpid(), signal.SIGKILL)\ndef test_b(): pass\n",
        )],
    );
    env.expect(1, &["-j", "2"]);
    assert_outcomes(
        &env,
        &[
            ("test_crash.py::test_a", "passed"),
            ("test_crash.py::test_exit", "crashed"),
            ("test_crash.py::test_zero", "crashed"),
            ("test_crash.py::test_kill", "crashed"),
            ("test_crash.py::test_b", "passed"),
        ],
    );
    let report = env.report();
    let tests = report.suite("unit")["tests"].as_array().unwrap().clone();
    assert_eq!(tests[1]["message"], "the worker died: exit code 3");
    assert_eq!(tests[3]["message"], "the worker died: killed by SIGKILL");
}

#[test]
fn a_test_that_hangs_is_timed_out_with_its_stacks() {
    let env = suite(
        "timeout = '1s'",
        &[(
            "test_hang.py",
            "import time\ndef test_a(): pass\ndef where_it_hangs(): time.sleep(60)\n\
             def test_hang(): where_it_hangs()\ndef test_b(): pass\n",
        )],
    );
    let run = env.expect(1, &[]);
    assert_outcomes(
        &env,
        &[
            ("test_hang.py::test_a", "passed"),
            ("test_hang.py::test_hang", "timed-out"),
            ("test_hang.py::test_b", "passed"),
        ],
    );
    assert!(run.stdout.contains("in where_it_hangs"), "{run}");
}

#[test]
fn a_file_that_hangs_while_it_is_imported_is_an_error_of_that_file() {
    let files = [
        (
            "test_hang.py",
            "import time\ntime.sleep(60)\ndef test_never(): pass\n",
        ),
        ("test_ok.py", "def test_ok(): pass\n"),
    ];
    let env = suite("timeout = '1s'", &files);
    env.expect(5, &["-j", "2"]);
    assert_outcomes(
        &env,
        &[
            ("test_hang.py", "errored"),
            ("test_ok.py::test_ok", "passed"),
        ],
    );
}

#[test]
fn a_file_that_cannot_be_imported_is_one_error() {
    let files = [
        ("test_bad.py", "import nothing_of_this_name\n"),
        ("test_ok.py", "def test_ok(): pass\n"),
    ];
    let env = suite("", &files);
    let run = env.expect(5, &["-j", "2"]);
    assert_outcomes(
        &env,
        &[
            ("test_bad.py", "errored"),
            ("test_ok.py::test_ok", "passed"),
        ],
    );
    assert!(
        run.stdout
            .contains("No module named 'nothing_of_this_name'"),
        "{run}"
    );
}

#[test]
fn a_conftest_that_raises_is_an_error_of_the_suite_and_dependents_say_why() {
    let env = suite(
        "",
        &[
            ("conftest.py", "raise RuntimeError('broken conftest')\n"),
            ("test_a.py", ""),
        ],
    );
    let config = env.read("paceline.toml");
    env.write(
        "paceline.toml",
        &format!("{config}[suite.after]\ncommand = 'true'\ndepends-on = ['unit']\n"),
    );
    let run = env.expect(5, &[]);
    assert!(run.stdout.contains("broken conftest"), "{run}");
    assert_eq!(env.report().message("after"), "needs unit, which errored");
}

#[test]
fn an_interpreter_without_pytest_is_named() {
    let env = suite("", &[("test_a.py", "def test_a(): pass\n")]);
    let config = env.read("paceline.toml");
    env.write("site/usercustomize.py", "");
    env.write("hidden/pytest.py", "raise ImportError('no pytest here')\n");
    env.write(
        "paceline.toml",
        &format!("{config}env = {{ PYTHONPATH = 'hidden' }}\n"),
    );
    let run = env.expect(5, &[]);
    let expected = format!(
        "cannot import pytest: no pytest here ({})",
        python().display()
    );
    assert!(run.stdout.contains(&expected), "{run}");
}

#[test]
fn a_pytest_that_is_too_old_is_named() {
    let env = suite("env = { PYTHONPATH = 'old' }", &[("test_a.py", "")]);
    env.write("old/pytest.py", "__version__ = '6.2.5'\n");
    let run = env.expect(5, &[]);
    let expected = format!(
        "paceline needs pytest 7.0 or newer; this is pytest 6.2.5 ({})",
        python().display()
    );
    assert!(run.stdout.contains(&expected), "{run}");
    assert!(
        run.stdout.contains("-m pip install --upgrade pytest"),
        "{run}"
    );
}

#[test]
fn a_python_that_is_too_old_is_named() {
    let env = suite("", &[("test_a.py", "def test_a(): pass\n")]);
    let python = python();
    // Takes itself for an old one before it runs the worker program.
    let pretend = "import runpy, sys; sys.version_info = (3, 7, 16, 'final', 0); \
                   sys.version = '3.7.16 (default)'; sys.argv.pop(0); \
                   runpy.run_path(sys.argv[0], run_name='__main__')";
    let script = format!(
        "#!/bin/sh\nexec '{}' -c \"{pretend}\" \"$@\"\n",
        python.display()
    );
    env.write("old-python", &script);
    let path = env.root().join("old-python");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = env.read("paceline.toml");
    let named = format!("python = '{}'", python.display());
    assert!(config.contains(&named), "{config}");
    let old = format!("python = '{}'", path.display());
    env.write("paceline.toml", &config.replace(&named, &old));
    let run = env.expect(5, &[]);
    let expected = "paceline needs Python 3.8 or newer to run pytest; this is Python 3.7.16";
    assert!(run.stdout.contains(expected), "{run}");
}

#[test]
fn a_killed_host_ends_the_suite_and_nothing_is_left() {
    let env = suite(
        "",
        &[(
            "test_a.py",
            "import os, time\ndef test_a():\n    open('host', 'w').write(str(os.getppid()))\n    \
             open('worker', 'w').write(str(os.getpid()))\n    os.kill(os.getppid(), 9)\n    time.sleep(60)\n",
        )],
    );
    env.expect(5, &["-j", "2"]);
    assert!(!is_alive(env.process("host")));
    await_death(env.process("worker"));
    let counts = &env.report().suite("unit")["counts"].clone();
    assert_eq!(counts["errored"], 1, "{counts}");
}

#[test]
fn one_file_is_shared_by_workers_without_tearing_fixtures_apart() {
    let text = r#"
import os, time, pytest

@pytest.fixture(scope="class")
def heavy():
    with open("setups", "a") as f: f.write("x")

class TestHeavy:
    @pytest.mark.parametrize("i", range(10))
    def test_h(self, heavy, i): time.sleep(0.01)

@pytest.mark.parametrize("i", range(60))
def test_free(i):
    time.sleep(0.02)
    with open("pids", "a") as f: f.write(f"{os.getpid()}\n")
"#;
    let env = suite("", &[("test_one.py", text)]);
    env.expect(0, &["-j", "2"]);
    assert_eq!(outcomes(&env).len(), 70);
    assert_eq!(env.read("setups"), "x");
    let pids: std::collections::BTreeSet<String> =
        env.read("pids").lines().map(str::to_owned).collect();
    assert_eq!(pids.len(), 2, "the rest was given to another worker");
}

#[test]
fn a_flaky_test_passes_on_its_second_attempt() {
    let text = "import os\ndef test_flaky():\n    if not os.path.exists('mark'):\n        \
                open('mark', 'w').close()\n        assert 0\n";
    let env = suite("retries = 1", &[("test_f.py", text)]);
    env.expect(0, &[]);
    assert_eq!(env.report().0["counts"]["flaky"], 1);
}

#[test]
fn fail_fast_leaves_the_rest_not_run() {
    let text = "import time\ndef test_a(): assert 0\ndef test_b(): time.sleep(0.01)\n";
    let env = suite(
        "",
        &[
            ("test_a.py", text),
            ("test_b.py", text),
            ("test_c.py", text),
        ],
    );
    env.expect(1, &["-x", "-j", "1"]);
    let counts = env.report().0["counts"].clone();
    assert_eq!(counts["failed"], 1, "{counts}");
    assert!(counts["not_run"].as_u64().unwrap() >= 2, "{counts}");
}

#[test]
fn an_interrupt_ends_workers_and_reports_what_ran() {
    let text = "import os, time\ndef test_a(): pass\ndef test_b():\n    \
                open('worker', 'w').write(str(os.getpid()))\n    print('x')\n    time.sleep(60)\ndef test_c(): pass\n";
    let env = suite("", &[("test_a.py", text)]);
    env.interrupt_in("unit::test_a.py::test_b");
    assert_outcomes(
        &env,
        &[
            ("test_a.py::test_a", "passed"),
            ("test_a.py::test_b", "not-run"),
            ("test_a.py::test_c", "not-run"),
        ],
    );
    await_death(env.process("worker"));
}

#[test]
fn selection_reaches_pytest() {
    let files = [
        ("test_a.py", OUTCOMES),
        ("sub/test_b.py", "def test_sub(): pass\n"),
    ];
    let env = suite("", &files);
    env.expect(0, &["run", "test_a.py::test_passes", "sub"]);
    assert_eq!(outcomes(&env).len(), 2);
    env.expect(0, &["-k", "passes or sub"]);
    assert_eq!(outcomes(&env).len(), 3);
}

#[test]
fn workers_over_tcp_work_as_well() {
    let env = suite("", &[("test_a.py", "def test_a(): pass\n")]);
    env.expect(0, &["--transport", "tcp"]);
    assert_outcomes(&env, &[("test_a.py::test_a", "passed")]);
}

#[test]
fn a_file_that_kills_its_worker_while_it_is_imported_is_an_error_of_that_file() {
    let files = [
        (
            "test_bad.py",
            "import os\nopen('imports', 'a').write('x')\nos._exit(7)\n",
        ),
        ("test_ok.py", "def test_ok(): pass\n"),
    ];
    let env = suite("", &files);
    let run = env.expect(5, &["-j", "2"]);
    assert_outcomes(
        &env,
        &[
            ("test_bad.py", "errored"),
            ("test_ok.py::test_ok", "passed"),
        ],
    );
    assert!(run.stdout.contains("exit code 7"), "{run}");
    assert_eq!(
        env.read("imports"),
        "xx",
        "another worker tries it once more"
    );
}

#[test]
fn tests_that_say_what_they_need_get_it() {
    let text = r#"
import os, time, pytest

def alone(path):
    os.mkdir(path)
    time.sleep(0.01)
    os.rmdir(path)

@pytest.mark.paceline(serial=True)
@pytest.mark.parametrize("i", range(3))
def test_serial(i):
    assert not os.path.exists("free")
    alone("serial")

@pytest.mark.paceline(needs=["db"])
@pytest.mark.parametrize("i", range(6))
def test_db(i): alone("db")

@pytest.mark.parametrize("i", range(12))
def test_free(i):
    assert not os.path.exists("serial")
    open("free", "w").close()
    time.sleep(0.01)
    try: os.remove("free")
    except FileNotFoundError: pass

@pytest.mark.paceline(isolation="test")
def test_isolated(): os._exit(9)
"#;
    let env = suite("", &[("test_a.py", text), ("test_b.py", text)]);
    let config = env.read("paceline.toml");
    env.write("paceline.toml", &format!("{config}[resources]\ndb = 1\n"));
    env.expect(1, &["-j", "4"]);
    let counts = env.report().0["counts"].clone();
    assert_eq!(
        (&counts["passed"], &counts["crashed"]),
        (&42.into(), &2.into()),
        "{counts}"
    );
}
