//! Tests that a person talks to, on a terminal.

use std::process::Command;

use serde_json::json;

use crate::environment::{Invocation, TestEnvironment};
use crate::pytest::{assert_outcomes, python, suite};

const CTRL_C: &str = "\x03";

/// Runs paceline on a terminal of its own. Each pair is a text to wait for, and what to type then.
fn talk(env: &TestEnvironment, args: &[&str], dialogue: &[(&str, &str)]) -> Invocation {
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run/terminal.py");
    let paceline = env.command(args);
    let mut command = Command::new(python());
    command
        .arg(driver)
        .arg(json!(dialogue).to_string())
        .arg(paceline.get_program())
        .args(args)
        .current_dir(env.root())
        .env_clear()
        .env("TERM", "xterm");
    for (name, value) in paceline.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let run = env.finish(&mut command);
    assert!(!run.stdout.contains("never came"), "{run}");
    run
}

const TESTS: &str = "
def test_passes():
    pass
def test_fails():
    answer = 41
    assert answer == 42
def test_stops():
    inner = 'what is ' + 'inside'
    breakpoint()
    print('and on')
";

#[test]
fn a_breakpoint_opens_a_debugger_where_output_is_not_captured() {
    let env = suite("timeout = '1ms'", &[("test_a.py", TESTS)]);
    // What the terminal echoes is no answer: the texts differ from what is typed.
    let dialogue = [("(Pdb)", "p inner\n"), ("what is inside", "c\n")];
    let run = talk(&env, &["-s", "-j", "4", "--", "-k", "not fails"], &dialogue);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("\nand on\n"), "{run}");
    assert_outcomes(
        &env,
        &[
            ("test_a.py::test_passes", "passed"),
            ("test_a.py::test_stops", "passed"),
        ],
    );
}

#[test]
fn a_debugger_opens_where_a_test_fails_and_keeps_ctrl_c_to_itself() {
    let env = suite("", &[("test_a.py", TESTS)]);
    let dialogue = [
        // The line break wakes a `readline` that was interrupted before it began to wait.
        ("(Pdb)", "\x03\n"),
        ("(Pdb)", "p answer + 1000\n"),
        ("1041", "c\n"),
        ("(Pdb)", "c\n"),
    ];
    let run = talk(&env, &["--pdb"], &dialogue);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(!run.stdout.contains("test session starts"), "{run}");
    assert!(
        !run.stdout.contains("\nand on\n"),
        "captured all the same: {run}"
    );
    assert_outcomes(
        &env,
        &[
            ("test_a.py::test_passes", "passed"),
            ("test_a.py::test_fails", "failed"),
            ("test_a.py::test_stops", "passed"),
        ],
    );
}

#[test]
fn quitting_the_debugger_ends_the_suite() {
    let env = suite("", &[("test_a.py", TESTS)]);
    let run = talk(&env, &["--pdb"], &[("(Pdb)", "q\n")]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_outcomes(
        &env,
        &[
            ("test_a.py::test_passes", "passed"),
            ("test_a.py::test_fails", "failed"),
            ("test_a.py::test_stops", "not-run"),
        ],
    );
}

#[test]
fn what_a_test_prints_is_there_while_it_runs_and_it_can_read() {
    let text =
        "def test_asks():\n    print('first words')\n    assert input('your name? ') == 'ada'\n";
    let files = [("test_a.py", text), ("test_b.py", text)];
    let env = suite("", &files);
    let dialogue = [
        ("first words", ""),
        ("your name? ", "ada\n"),
        ("first words", ""),
        ("your name? ", "ada\n"),
    ];
    let run = talk(&env, &["--no-capture"], &dialogue);
    assert_eq!(run.code, Some(0), "{run}");
    // Nothing of the live region: the terminal is the tests'.
    assert!(!run.stdout.contains("\x1b[?25l"), "{run}");
}

#[test]
fn ctrl_c_in_a_test_on_the_terminal_interrupts_the_run() {
    // A call that waits would miss a signal that came just before it.
    let text = "def test_a(): pass\ndef test_b():\n    print('ready')\n    while True: pass\n\
                def test_c(): pass\n";
    let env = suite("", &[("test_a.py", text)]);
    let run = talk(&env, &["-s"], &[("ready", CTRL_C)]);
    assert_eq!(run.code, Some(130), "{run}");
    assert_outcomes(
        &env,
        &[
            ("test_a.py::test_a", "passed"),
            ("test_a.py::test_b", "not-run"),
            ("test_a.py::test_c", "not-run"),
        ],
    );
}

#[test]
fn ctrl_c_while_a_file_is_collected_interrupts_the_run() {
    let hangs = "print('ready')\nwhile True: pass\n";
    let files = [("test_a.py", hangs), ("test_b.py", "def test_b(): pass\n")];
    let env = suite("", &files);
    let run = talk(&env, &["-s"], &[("ready", CTRL_C)]);
    assert_eq!(run.code, Some(130), "{run}");
    assert_outcomes(&env, &[("test_a.py", "not-run"), ("test_b.py", "not-run")]);
}

#[test]
fn without_a_terminal_what_is_printed_comes_through_too() {
    let env = suite("", &[("test_a.py", "def test_a(): print('through')\n")]);
    let run = env.expect(0, &["-s"]);
    assert!(run.stdout.contains("through"), "{run}");
    let run = env.expect(2, &["-s", "--events", "-"]);
    assert!(
        run.stderr
            .contains("`--no-capture` cannot be used with `--events -`"),
        "{run}"
    );
}
