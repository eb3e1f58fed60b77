//! Suites whose tests a framework runs one by one: configuration, selection of tests, what is found.

use insta::assert_snapshot;
use paceline_engine::event::TestDetails;

use crate::environment::{Invocation, TestEnvironment};

const CONFIG: &str = r#"
    [resources]
    postgres = 1

    [suite.api]
    framework = "pytest"
    dir = "api"
    args = ["--strict-markers", "tests"]
    [[suite.api.override]]
    tests = "tests/test_db.py::*"
    needs = ["postgres"]

    [suite.web]
    command = "make test"
    dir = "web"
    depends-on = ["api"]
"#;

/// A repository with a suite of pytest in `api`, with an environment, and a command in `web`.
fn repository() -> TestEnvironment {
    let environment = TestEnvironment::with_config(CONFIG);
    for file in [
        "api/tests/test_a.py",
        "api/tests/sub/test_b.py",
        "web/test_c.py",
    ] {
        environment.write(file, "");
    }
    program(&environment, "api/.venv/bin/python", "#!/bin/sh\n");
    environment
}

fn program(environment: &TestEnvironment, file: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;

    environment.write(file, text);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(environment.root().join(file), mode).unwrap();
}

/// The commands that would run, one a line.
fn commands(environment: &TestEnvironment, arguments: &[&str]) -> String {
    let arguments = ["run", "--dry-run", "-v"].iter().chain(arguments);
    let invocation = environment.run(arguments);
    let lines = invocation.stdout.lines().map(str::trim);
    let commands: Vec<&str> = lines.filter(|line| line.starts_with("(cd")).collect();
    if commands.is_empty() {
        return invocation.to_string();
    }
    commands.join("\n")
}

fn mistakes(config: &str) -> Invocation {
    TestEnvironment::with_config(config).run(["list"])
}

#[test]
fn a_list_tells_the_interpreter_and_why_it_is_that() {
    assert_snapshot!(repository().run(["list"]), @"
    exit code 0
    ---- stdout
    (no category)
      api  .venv/bin/python -m pytest --strict-markers tests
           pytest with .venv/bin/python (found by .venv)
      web  make test
           after api
    ");
}

#[test]
fn paths_and_ids_are_translated_for_their_suite() {
    let repository = repository();
    let commands = |arguments: &[&str]| commands(&repository, arguments);
    assert_snapshot!(commands(&["api"]), @"(cd [DIR]/api && .venv/bin/python -m pytest --strict-markers tests)");
    assert_snapshot!(commands(&["api/tests/test_a.py::TestX::test_y[a/b]"]), @"(cd [DIR]/api && .venv/bin/python -m pytest --strict-markers 'tests/test_a.py::TestX::test_y[a/b]')");
    assert_snapshot!(commands(&["api/tests/sub"]), @"(cd [DIR]/api && .venv/bin/python -m pytest --strict-markers tests/sub)");
    assert_snapshot!(commands(&["api/**/test_*.py"]), @"(cd [DIR]/api && .venv/bin/python -m pytest --strict-markers tests/sub/test_b.py tests/test_a.py)");
    assert_snapshot!(commands(&["-C", "api/tests", "sub/../test_a.py"]), @"(cd [DIR]/api && .venv/bin/python -m pytest --strict-markers tests/test_a.py)");
    assert_snapshot!(commands(&["api::tests/test_a.py::test_x"]), @"(cd [DIR]/api && .venv/bin/python -m pytest --strict-markers tests/test_a.py::test_x)");
    // What holds suites stands for them.
    assert_snapshot!(commands(&["."]), @"
    (cd [DIR]/api && .venv/bin/python -m pytest --strict-markers tests)
    (cd [DIR]/web && make test)
    ");
    // A suite that is only depended on runs in full.
    assert_snapshot!(commands(&["web"]), @"
    (cd [DIR]/api && .venv/bin/python -m pytest --strict-markers tests)
    (cd [DIR]/web && make test)
    ");
}

#[test]
fn expressions_and_arguments_reach_the_framework() {
    let repository = repository();
    assert_snapshot!(commands(&repository, &["-k", "a and not b", "-m", "slow", "--deselect", "api/tests/test_a.py::test_x", "--ignore", "api/tests/sub", "--", "--tb=short", "-x"]), @"(cd [DIR]/api && .venv/bin/python -m pytest --strict-markers tests -k 'a and not b' -m slow --deselect tests/test_a.py::test_x --ignore tests/sub --tb=short -x)");
    assert_snapshot!(commands(&repository, &["api", "-s"]), @"(cd [DIR]/api && .venv/bin/python -m pytest --strict-markers tests --capture=no)");
    assert_snapshot!(commands(&repository, &["api", "--pdb", "-n", "auto", "--maxfail", "2"]), @"(cd [DIR]/api && .venv/bin/python -m pytest --strict-markers tests --pdb)");
}

#[test]
fn what_names_no_tests_is_explained() {
    let repository = repository();
    let run = |arguments: &[&str]| repository.run(["run"].iter().chain(arguments));
    assert_snapshot!(run(&["api/tests/test_aa.py"]), @"
    exit code 2
    ---- stderr
    error: there is no file or directory `api/tests/test_aa.py`
    help: did you mean `api/tests/test_a.py`?
    ");
    assert_snapshot!(run(&["web/test_c.py", "web::x", "paceline.toml", "x/*.py"]), @"
    exit code 2
    ---- stderr
    error: `web/test_c.py` cannot run by itself
    note: suite `web` is a command, which runs as a whole
    help: `paceline run web` runs the suite

    error: `web::x` cannot run by itself
    note: suite `web` is a command, which runs as a whole
    help: `paceline run web` runs the suite

    error: `paceline.toml` is in the directory of no suite
    help: `paceline list` shows the suites

    error: no file matches `x/*.py`

    error: 4 mistakes
    ");
    assert_snapshot!(run(&["web", "--no-deps", "-k", "x", "--", "-q"]), @"
    exit code 2
    ---- stderr
    error: no selected suite understands `-k`
    note: suites with a `command` run as a whole

    error: no selected suite takes arguments after `--`
    note: suites with a `command` run as a whole

    error: 2 mistakes
    ");
    assert_snapshot!(run(&["--failed"]), @"
    exit code 4
    ---- stderr
    error: no run is recorded whose failures could run again
    ");
}

#[test]
fn what_failed_last_runs_again() {
    let repository = repository();
    let commands = |arguments: &[&str]| commands(&repository, arguments);
    let finished = |suite: &str, native: Option<&str>, outcome: &str| {
        let details = native.map(|id| TestDetails {
            native_id: id.to_owned(),
            ..TestDetails::default()
        });
        let event = serde_json::json!({
            "v": 1, "seq": 0, "at": 0.0, "kind": "test-finished", "suite": suite, "test": "t",
            "outcome": outcome, "flaky": false, "message": null, "not_run": null, "attempts": [],
            "position": [0, 0], "details": details,
        });
        format!("{event}\n")
    };
    let record = |run: &str, events: &[String]| {
        let file = format!(".paceline/runs/{run}/events.ndjson");
        repository.write(&file, &events.concat());
    };
    record("20260101-000000-000", &[finished("web", None, "failed")]);
    assert_snapshot!(commands(&["--failed", "--no-deps"]), @"(cd [DIR]/web && make test)");
    record(
        "20260102-000000-000",
        &[
            finished("api", Some("tests/test_a.py::test_x"), "failed"),
            finished("api", Some("tests/test_a.py::test_y"), "passed"),
            finished("api", Some("tests/test_gone.py::test_x"), "failed"),
            finished("api", Some("tests/sub/test_b.py::test_z[1]"), "errored"),
            finished("gone", None, "failed"),
        ],
    );
    assert_snapshot!(commands(&["--failed"]), @"(cd [DIR]/api && .venv/bin/python -m pytest --strict-markers tests/test_a.py::test_x 'tests/sub/test_b.py::test_z[1]')");
    assert_snapshot!(commands(&["--lf", "api/tests/sub"]), @"(cd [DIR]/api && .venv/bin/python -m pytest --strict-markers 'tests/sub/test_b.py::test_z[1]')");
    assert_snapshot!(commands(&["--failed", "web"]), @"
    exit code 4
    ---- stderr
    error: no suite is selected
    help: `paceline list` shows all suites with their categories
    ");
    record("20260103-000000-000", &[finished("web", None, "passed")]);
    assert_snapshot!(commands(&["--failed"]), @"
    exit code 4
    ---- stderr
    error: nothing failed in the last run
    ");
}

#[test]
fn two_suites_of_one_directory_have_to_be_told_apart() {
    let environment = TestEnvironment::with_config(
        r#"
        [suite.unit]
        framework = "pytest"
        args = ["tests"]
        [suite.slow]
        framework = "pytest"
        args = ["-m", "slow"]
        "#,
    );
    environment.write("tests/test_a.py", "");
    program(&environment, ".venv/bin/python", "");
    assert_snapshot!(environment.run(["run", "tests/test_a.py"]), @"
    exit code 2
    ---- stderr
    error: `tests/test_a.py` can be of several suites
    note: `unit` and `slow` have the same directory
    help: say which, as in `--suites unit`
    ");
    assert_snapshot!(commands(&environment, &["tests/test_a.py", "--suites", "slow"]), @"(cd [DIR] && .venv/bin/python -m pytest -m slow tests/test_a.py)");
}

#[test]
fn a_missing_interpreter_is_told_where_it_is_needed() {
    let environment = TestEnvironment::with_config(
        r#"
        [suite.api]
        framework = "pytest"
        python = "env/bin/python"
        "#,
    );
    assert_snapshot!(environment.run(["run"]), @"
    exit code 2
    ---- stderr
    error: suite `api` cannot start: the interpreter `env/bin/python` does not exist
    help: `python` is a name, or a path relative to the root
    ");
    // What only shows suites goes on.
    assert_snapshot!(environment.run(["list"]), @"
    exit code 0
    ---- stdout
    (no category)
      api  python3 -m pytest
           pytest with no interpreter (the interpreter `env/bin/python` does not exist)
    ");
}

#[test]
fn the_worker_program_is_unpacked_and_started() {
    let repository = repository();
    // In place of an interpreter: it tells what it was given.
    let script =
        "#!/bin/sh\ntest -f \"$1/__main__.py\" && echo \"worker $1\" >\"$0.started\"\nexit 1\n";
    program(&repository, "api/.venv/bin/python", script);
    repository.run(["run", "api"]);
    let started = repository.read("api/.venv/bin/python.started");
    let start = format!(
        "worker {}/.paceline/cache/workers/python-",
        repository.root().display()
    );
    assert!(started.starts_with(&start), "{started}");
    assert!(started.ends_with("/paceline_worker\n"), "{started}");
}

#[test]
fn without_a_configuration_a_project_is_a_suite_of_its_framework() {
    let environment = TestEnvironment::new();
    environment.write("pyproject.toml", "[tool.pytest.ini_options]\n");
    program(&environment, ".venv/bin/python", "");
    assert_snapshot!(environment.run(["list"]), @"
    exit code 0
    ---- stdout
    unit
      pytest  Python tests
              pytest with .venv/bin/python (found by .venv)
    ---- stderr
    no paceline.toml; detected 1 suite (`paceline init` writes a configuration)
      pytest  pyproject.toml [tool.pytest.ini_options]  .venv/bin/python -m pytest
    ");
    assert_snapshot!(environment.run(["init", "--print"]), @r#"
    exit code 0
    ---- stdout
    # The suites of this repository. `paceline` runs them, `paceline list` shows them.

    # jobs = "cpus"                  # slots shared by all suites
    # timeout = "5m"                 # for suites that say nothing else
    # slow-categories = ["acceptance", "integration"]   # what --fast leaves out

    # [resources]                    # locks that suites can need, with their capacities
    # postgres = 1

    # Found by pyproject.toml [tool.pytest.ini_options].
    [suite.pytest]
    framework = "pytest"
    description = "Python tests"
    category = "unit"
    ---- stderr
      pytest: .venv/bin/python -m pytest (found by pyproject.toml [tool.pytest.ini_options])
    "#);
}

#[test]
fn a_suite_is_a_command_or_has_a_framework() {
    assert_snapshot!(mistakes(r#"
        [suite.both]
        command = "x"
        framework = "pytest"

        [suite.command]
        command = "x"
        python = "python3"
        [[suite.command.override]]
        tests = "*"
        serial = true

        [suite.neither]
        dir = "."

        [suite.unknown]
        framework = "pytst"
    "#), @r#"
    exit code 2
    ---- stderr
    error: suite `both` has both a command and a framework
     --> paceline.toml:3:13
      |
    3 | framework = "pytest"
      |             ^^^^^^^^ the framework has its own command
      |
      = help: leave out one of them; arguments for the framework are its `args`

    error: `python` is only for suites with a framework
     --> paceline.toml:7:10
      |
    7 | python = "python3"
      |          ^^^^^^^^^ suite `command` is a command
      |
      = help: a suite of a framework has a line like `framework = "pytest"` in place of its command

    error: `override` is only for suites with a framework
     --> paceline.toml:9:9
      |
    9 | tests = "*"
      |         ^^^ suite `command` is a command
      |
      = help: a suite of a framework has a line like `framework = "pytest"` in place of its command

    error: suite `neither` has nothing to run
      --> paceline.toml:12:8
       |
    12 | [suite.neither]
       |        ^^^^^^^ `command` or `framework` is missing
       |
       = help: add a line like `command = "make test"` or `framework = "pytest"`

    error: `pytst` is not a known framework
      --> paceline.toml:16:13
       |
    16 | framework = "pytst"
       |             ^^^^^^^ value of `framework`
       |
       = help: did you mean `pytest`?

    error: 5 mistakes in paceline.toml
    "#);
}

#[test]
fn values_that_no_framework_has() {
    assert_snapshot!(mistakes(r#"
        [suite.x]
        framework = "rspec"
        split = "files"
        isolation = "thread"
        collect = 1
        start = "Fork"
        workers = 0
        args = "-q"
    "#), @r#"
    exit code 2
    ---- stderr
    error: `rspec` is not a known framework
     --> paceline.toml:2:13
      |
    2 | framework = "rspec"
      |             ^^^^^^^ value of `framework`
      |
      = help: the frameworks are phpunit, pytest, paceline-rpc, test-unit, minitest; everything else runs as a `command`

    error: `split` cannot be `files`
     --> paceline.toml:3:9
      |
    3 | split = "files"
      |         ^^^^^^^ not a value that is known
      |
      = help: did you mean `file`?

    error: `isolation` cannot be `thread`
     --> paceline.toml:4:13
      |
    4 | isolation = "thread"
      |             ^^^^^^^^ not a value that is known
      |
      = help: write one of worker, file, test

    error: `collect` is no string
     --> paceline.toml:5:11
      |
    5 | collect = 1
      |           ^ expected a string

    error: `start` cannot be `Fork`
     --> paceline.toml:6:9
      |
    6 | start = "Fork"
      |         ^^^^^^ not a value that is known
      |
      = help: did you mean `fork`?

    error: 0 is not a number from 1 to 4294967295
     --> paceline.toml:7:11
      |
    7 | workers = 0
      |           ^ value of `workers`

    error: `args` is the string "-q"
     --> paceline.toml:8:8
      |
    8 | args = "-q"
      |        ^^^^ expected an array

    error: 7 mistakes in paceline.toml
    "#);
}

#[test]
fn overrides_are_checked_like_suites() {
    assert_snapshot!(mistakes(r#"
        [resources]
        postgres = 1

        [suite.x]
        framework = "pytest"
        [[suite.x.override]]
        tests = "a"
        need = ["postgres"]
        timeout = 90
        [[suite.x.override]]
        tests = ""
        weight = 0
        isolation = "tests"
        [[suite.x.override]]
        tests = 1
        serial = 1
    "#), @r#"
    exit code 2
    ---- stderr
    error: unknown key `need`
     --> paceline.toml:8:1
      |
    8 | need = ["postgres"]
      | ^^^^ not a key of an override
      |
      = help: did you mean `needs`?

    error: a duration needs a unit
     --> paceline.toml:9:11
      |
    9 | timeout = 90
      |           ^^ value of `timeout`
      |
      = help: write `"90s"` for seconds

    error: the pattern of tests is empty
      --> paceline.toml:11:9
       |
    11 | tests = ""
       |         ^^ value of `tests`
       |
       = help: `*` stands for all tests of the suite

    error: 0 is not a number from 1 to 4294967295
      --> paceline.toml:12:10
       |
    12 | weight = 0
       |          ^ value of `weight`

    error: `isolation` cannot be `tests`
      --> paceline.toml:13:13
       |
    13 | isolation = "tests"
       |             ^^^^^^^ not a value that is known
       |
       = help: did you mean `test`?

    error: 5 mistakes in paceline.toml
    "#);
    assert_snapshot!(mistakes(r#"
        [resources]
        postgres = 1

        [suite.x]
        framework = "pytest"
        [[suite.x.override]]
        tests = "b"
        needs = { postgres = 2, postgras = 1 }
        [[suite.x.override]]
        tests = "c"
    "#), @r#"
    exit code 2
    ---- stderr
    error: an override of suite `x` needs more of `postgres` than there is
     --> paceline.toml:8:11
      |
    2 | postgres = 1
      | -------- its capacity is 1
    ...
    8 | needs = { postgres = 2, postgras = 1 }
      |           ^^^^^^^^ needs 2

    error: an override of suite `x` needs an unknown resource
     --> paceline.toml:8:25
      |
    8 | needs = { postgres = 2, postgras = 1 }
      |                         ^^^^^^^^ `postgras` is not in [resources]
      |
      = help: did you mean `postgres`?

    error: an override of suite `x` changes nothing
      --> paceline.toml:10:9
       |
    10 | tests = "c"
       |         ^^^ nothing is said about these tests
       |
       = help: say one of needs, serial, weight, timeout, retries, isolation

    error: 3 mistakes in paceline.toml
    "#);
    assert_snapshot!(mistakes(r#"
        [suite.x]
        framework = "pytest"
        [[suite.x.override]]
        serial = true
    "#), @"
    exit code 2
    ---- stderr
    error: `tests` is missing
     --> paceline.toml:3:1
      |
    3 | [[suite.x.override]]
      | ^^^^^^^^^^^^^^^^^^^^ this needs `tests`
    ");
}

#[test]
fn the_terminal_cannot_be_the_events_too() {
    let repository = repository();
    assert_snapshot!(repository.run(["run", "api", "--pdb", "--events", "-"]), @"
    exit code 2
    ---- stderr
    error: `--pdb` cannot be used with `--events -`
    note: what tests print would be among the events
    help: write the events to a file: `--events events.ndjson`
    ");
    assert!(!repository.root().join(".paceline/runs").exists());
}
