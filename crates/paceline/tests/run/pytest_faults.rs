//! What tests of pytest suites can do to their workers, and what becomes of the others.

use crate::following::await_death;
use crate::kills::lose_no_test_and_report_none_twice;
use crate::pytest::{assert_outcomes, suite};

#[test]
fn workers_killed_at_random_moments_lose_no_test_and_report_none_twice() {
    let tests: String = (0..20)
        .map(|i| format!("def test_{i}(): time.sleep(0.001)\n"))
        .collect();
    let text = format!("import os, time\n{tests}");
    let files = ["test_a.py", "test_b.py", "test_c.py"].map(|name| (name, text.as_str()));
    lose_no_test_and_report_none_twice(8, 60, |start| suite(start, &files));
}

#[test]
fn loops_that_never_end_are_timed_out_wherever_they_are() {
    let text = "
import itertools, re
def test_before(): pass
def test_in_python():
    while True: pass
def test_in_c():
    sum(itertools.repeat(0))
def test_in_a_regular_expression():
    re.match('(a|a)*b', 'a' * 60)
def test_after(): pass
";
    let env = suite("timeout = '500ms'", &[("test_loops.py", text)]);
    let run = env.expect(1, &["-j", "1"]);
    assert_outcomes(
        &env,
        &[
            ("test_loops.py::test_before", "passed"),
            ("test_loops.py::test_in_python", "timed-out"),
            ("test_loops.py::test_in_c", "timed-out"),
            ("test_loops.py::test_in_a_regular_expression", "timed-out"),
            ("test_loops.py::test_after", "passed"),
        ],
    );
    // The stacks come from loops that do not give Python a chance.
    for name in [
        "test_in_python",
        "test_in_c",
        "test_in_a_regular_expression",
    ] {
        assert!(run.stdout.contains(&format!("in {name}")), "{run}");
    }
}

#[test]
fn a_crash_is_not_shown_with_the_stacks_of_a_hang_before_it() {
    let text = "
import os, signal, time
def test_hangs(): time.sleep(3600)
def test_crashes(): os.kill(os.getpid(), signal.SIGKILL)
";
    let env = suite("timeout = '500ms'", &[("test_x.py", text)]);
    let run = env.expect(1, &["-j", "1"]);
    let outcomes = [
        ("test_x.py::test_hangs", "timed-out"),
        ("test_x.py::test_crashes", "crashed"),
    ];
    assert_outcomes(&env, &outcomes);
    assert_eq!(run.stdout.matches("in test_hangs").count(), 1, "{run}");
    // What is below every test is not shown.
    assert!(run.stdout.contains(" more of the framework)"), "{run}");
    assert!(!run.stdout.contains("in pytest_pyfunc_call"), "{run}");
}

#[test]
fn a_test_that_starts_very_many_threads_hurts_nobody_else() {
    let text = "
import threading
def test_before(): pass
def test_threads():
    forever = threading.Event()
    for _ in range(1000):
        threading.Thread(target=forever.wait).start()
    assert threading.active_count() > 1000
def test_after(): pass
";
    // Threads that are no daemons keep an interpreter from ending.
    let files = [
        ("test_threads.py", text),
        ("test_x.py", "def test_x(): pass\n"),
    ];
    for start in ["fork", "spawn"] {
        let env = suite(&format!("start = '{start}'"), &files);
        env.expect(0, &["-j", "2"]);
        assert_eq!(env.report().0["counts"]["passed"], 4, "{start}");
    }
}

#[test]
fn a_hundred_megabytes_of_output_are_cut_and_fill_no_memory() {
    let text = "
import sys
def test_prints():
    for _ in range(100): sys.stdout.write('x' * (1 << 20))
    assert 0
def test_after():
    # Keeps paceline from ending before its memory has been looked at.
    open('go-on').close()
";
    let env = suite("", &[("test_big.py", text)]);
    env.expect_little_memory_for("unit::test_big.py::test_prints");
    assert_outcomes(
        &env,
        &[
            ("test_big.py::test_prints", "failed"),
            ("test_big.py::test_after", "passed"),
        ],
    );
}

#[test]
fn whoever_prints_where_the_protocol_is_not_disturbs_nothing() {
    let conftest = r#"
import os, sys
print("conftest prints")
os.write(1, b'{"kind":"test_finished"}\n')
def pytest_configure(config):
    print('{"kind":"goodbye","exit_status":0}', flush=True)
def pytest_runtest_logreport(report):
    os.write(1, b'{"kind":"unit_finished","unit":0}\n')
    os.write(2, b"\xff\xfe not text \n")
def pytest_sessionfinish(session):
    print("a last word", flush=True)
"#;
    let files = [
        ("conftest.py", conftest),
        (
            "test_a.py",
            "print('at import')\ndef test_a(): print('in a test')\n",
        ),
    ];
    for start in ["fork", "spawn"] {
        let env = suite(&format!("start = '{start}'"), &files);
        env.expect(0, &["-j", "2"]);
        assert_outcomes(&env, &[("test_a.py::test_a", "passed")]);
    }
}

#[test]
fn an_interpreter_that_is_missing_is_named() {
    let env = suite("", &[("test_a.py", "def test_a(): pass\n")]);
    let config = "[suite.unit]\nframework = 'pytest'\npython = 'no-such-python'\n";
    env.write("paceline.toml", config);
    let run = env.expect(2, &[]);
    assert!(
        run.stderr
            .contains("the interpreter `no-such-python` is not on PATH"),
        "{run}"
    );
}

#[test]
fn a_worker_that_boots_by_itself_and_dies_at_it_ends_the_suite_with_what_it_said() {
    let conftest = "import os, sys\nif 'PACELINE_WORKER_ID' in os.environ:\n    \
                    sys.stderr.write('no licence for a second process\\n')\n    sys.exit(9)\n";
    let files = [
        ("conftest.py", conftest),
        ("test_a.py", "def test_a(): pass\n"),
    ];
    let env = suite("start = 'spawn'", &files);
    let run = env.expect(5, &["-j", "2"]);
    assert!(
        run.stdout.contains("no licence for a second process"),
        "{run}"
    );
}

#[test]
fn a_host_that_is_killed_while_workers_run_leaves_no_worker() {
    let text = "import os, time\ndef test_a():\n    open('new', 'w').write(str(os.getpid()))\n    os.rename('new', 'worker')\n    \
                print('ready')\n    time.sleep(600)\n";
    let killer = "import os, time\ndef test_b():\n    while not os.path.exists('worker'): time.sleep(0.001)\n    \
                  os.kill(os.getppid(), 9)\n    time.sleep(600)\n";
    let env = suite("", &[("test_a.py", text), ("test_b.py", killer)]);
    env.expect(5, &["-j", "2"]);
    await_death(env.process("worker"));
}

#[test]
fn a_crash_in_a_process_of_its_own_shows_what_was_printed() {
    let text = "
import ctypes, os
def test_other(): os.write(2, b'nothing to see')
def test_segfault():
    print('last words', flush=True)
    ctypes.string_at(0)
def test_after(): pass
";
    let env = suite("isolation = 'test'", &[("test_a.py", text)]);
    let run = env.expect(1, &["-j", "1"]);
    assert_outcomes(
        &env,
        &[
            ("test_a.py::test_other", "passed"),
            ("test_a.py::test_segfault", "crashed"),
            ("test_a.py::test_after", "passed"),
        ],
    );
    for part in [
        "last words",
        "Fatal Python error: Segmentation fault",
        "in test_segfault",
    ] {
        assert!(run.stdout.contains(part), "{part}: {run}");
    }
    assert!(!run.stdout.contains("nothing to see"), "{run}");
}

#[test]
fn a_timeout_that_cannot_be_understood_is_an_error_that_names_the_test() {
    let text = "
import pytest
@pytest.mark.paceline(timeout='soon')
def test_soon(): pass
@pytest.mark.paceline(timeout=1e30)
def test_late(): pass
";
    let env = suite("", &[("test_a.py", text)]);
    let run = env.expect(5, &[]);
    assert_outcomes(
        &env,
        &[
            ("test_a.py", "errored"),
            ("test_a.py::test_soon", "passed"),
            ("test_a.py::test_late", "passed"),
        ],
    );
    assert!(
        run.stdout
            .contains("test_a.py::test_soon: its timeout \"soon\" is no duration"),
        "{run}"
    );
}
