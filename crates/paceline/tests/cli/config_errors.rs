//! Mistakes in the configuration and in names taken from it.

use insta::assert_snapshot;

use crate::environment::{Invocation, TestEnvironment};

/// What `paceline` says to a configuration.
fn with(config: &str) -> Invocation {
    TestEnvironment::with_config(config).run(["run"])
}

#[test]
fn syntax() {
    assert_snapshot!(with(r#"
            [suite.a]
            command = "x
        "#), @r#"
    exit code 2
    ---- stderr
    error: this is not valid TOML
     --> paceline.toml:2:13
      |
    2 | command = "x
      |             ^ invalid basic string, expected `"`
    "#);
}

#[test]
fn several_mistakes_in_the_syntax() {
    assert_snapshot!(with(r"
            jobs =
            [suite.a
            command = x
        "), @"
    exit code 2
    ---- stderr
    error: this is not valid TOML
     --> paceline.toml:1:7
      |
    1 | jobs =
      |       ^ a value is missing

    error: this is not valid TOML
     --> paceline.toml:2:9
      |
    2 | [suite.a
      |         ^ unclosed table, expected `]`

    error: 2 mistakes in paceline.toml
    ");
}

#[test]
fn not_utf_8() {
    let environment = TestEnvironment::new();
    std::fs::write(
        environment.root().join("paceline.toml"),
        b"jobs = 1\n# \xff\n",
    )
    .unwrap();
    assert_snapshot!(environment.run(["run"]), @"
    exit code 2
    ---- stderr
    error: paceline.toml is not UTF-8 (line 2)
    ");
}

#[test]
fn duplicate_key() {
    assert_snapshot!(with(r#"
            [suite.a]
            command = "x"

            [suite.b]
            command = "y"
            command = "z"
        "#), @r#"
    exit code 2
    ---- stderr
    error: duplicate key `command`
     --> paceline.toml:6:1
      |
    5 | command = "y"
      | ------- first written here
    6 | command = "z"
      | ^^^^^^^ written again here
    "#);
}

#[test]
fn duplicate_suite_with_the_same_keys() {
    assert_snapshot!(with(r#"
            [suite.a]
            command = "x"

            [suite.a]
            command = "y"
        "#), @"
    exit code 2
    ---- stderr
    error: duplicate key `a`
     --> paceline.toml:4:8
      |
    1 | [suite.a]
      |        - first written here
    ...
    4 | [suite.a]
      |        ^ written again here
    ");
}

#[test]
fn misspelt_keys() {
    assert_snapshot!(with(r#"
            job = 2

            [suite.a]
            command = "x"
            depends_on = []
            colour = "red"
        "#), @r#"
    exit code 2
    ---- stderr
    error: unknown key `job`
     --> paceline.toml:1:1
      |
    1 | job = 2
      | ^^^ not a key of this file
      |
      = help: did you mean `jobs`?

    error: unknown key `depends_on`
     --> paceline.toml:5:1
      |
    5 | depends_on = []
      | ^^^^^^^^^^ not a key of a suite
      |
      = help: did you mean `depends-on`?

    error: unknown key `colour`
     --> paceline.toml:6:1
      |
    6 | colour = "red"
      | ^^^^^^ not a key of a suite
      |
      = help: the keys are command, framework, dir, description, category, timeout, env, depends-on, needs, group, weight, serial, allow-failure, retries, args, python, php, ruby, test, cargo-args, program, split, isolation, collect, start, workers, override

    error: 3 mistakes in paceline.toml
    "#);
}

#[test]
fn wrong_types() {
    assert_snapshot!(with(r#"
            slow-categories = "unit"

            [suite.a]
            command = 3
            description = ["x"]
            serial = 1
            retries = "2"
            depends-on = "b"
            needs = "db"
        "#), @r#"
    exit code 2
    ---- stderr
    error: `slow-categories` is the string "unit"
     --> paceline.toml:1:19
      |
    1 | slow-categories = "unit"
      |                   ^^^^^^ expected an array

    error: `command` is the number `3`
     --> paceline.toml:4:11
      |
    4 | command = 3
      |           ^ expected a string for the shell, or an array of a program and its arguments

    error: `description` is an array
     --> paceline.toml:5:15
      |
    5 | description = ["x"]
      |               ^^^^^ expected a string

    error: `serial` is the number `1`
     --> paceline.toml:6:10
      |
    6 | serial = 1
      |          ^ expected true or false

    error: `retries` is the string "2"
     --> paceline.toml:7:11
      |
    7 | retries = "2"
      |           ^^^ expected a whole number from 0

    error: `depends-on` is the string "b"
     --> paceline.toml:8:14
      |
    8 | depends-on = "b"
      |              ^^^ expected an array

    error: `needs` is the string "db"
     --> paceline.toml:9:9
      |
    9 | needs = "db"
      |         ^^^^ expected an array like ["postgres"] or a table like { ports = 2 }

    error: 7 mistakes in paceline.toml
    "#);
}

#[test]
fn keys_of_a_suite_without_its_name() {
    assert_snapshot!(with(r#"
            [suite]
            command = "x"
        "#), @r#"
    exit code 2
    ---- stderr
    error: `command` is the string "x"
     --> paceline.toml:2:11
      |
    2 | command = "x"
      |           ^^^ expected a table of a suite's keys
      |
      = help: the keys of a suite stand below its name: `[suite.NAME]`
    "#);
}

#[test]
fn unknown_dependency() {
    assert_snapshot!(with(r#"
            [suite.memstore-unit]
            command = "x"

            [suite.go]
            command = "y"
            depends-on = ["memstor-unit", "proxy"]
        "#), @r#"
    exit code 2
    ---- stderr
    error: suite `go` depends on an unknown suite
     --> paceline.toml:6:15
      |
    6 | depends-on = ["memstor-unit", "proxy"]
      |               ^^^^^^^^^^^^^^ no suite is called `memstor-unit`
      |
      = help: did you mean `memstore-unit`?

    error: suite `go` depends on an unknown suite
     --> paceline.toml:6:31
      |
    6 | depends-on = ["memstor-unit", "proxy"]
      |                               ^^^^^^^ no suite is called `proxy`

    error: 2 mistakes in paceline.toml
    "#);
}

#[test]
fn dependency_named_twice() {
    assert_snapshot!(with(r#"
            [suite.a]
            command = "x"
            [suite.b]
            command = "y"
            depends-on = ["a", "a"]
        "#), @r#"
    exit code 2
    ---- stderr
    error: suite `b` depends on `a` twice
     --> paceline.toml:5:20
      |
    5 | depends-on = ["a", "a"]
      |               ---  ^^^ named again here
      |               |
      |               first named here
    "#);
}

#[test]
fn cycle() {
    let config = r#"
        [suite.lint]
        command = "x"
        depends-on = ["build"]

        [suite.build]
        command = "x"
        depends-on = ["generate"]

        [suite.generate]
        command = "x"
        depends-on = ["lint"]
    "#;
    assert_snapshot!(with(config), @r#"
    exit code 2
    ---- stderr
    error: the dependencies of suites form a cycle
      --> paceline.toml:11:15
       |
     3 | depends-on = ["build"]
       |               ------- `lint` depends on `build`
    ...
     7 | depends-on = ["generate"]
       |               ---------- `build` depends on `generate`
    ...
    11 | depends-on = ["lint"]
       |               ^^^^^^ `generate` depends on `lint`, which closes the cycle
       |
       = note: the cycle is lint -> build -> generate -> lint
    "#);
}

#[test]
fn two_cycles_and_a_suite_that_depends_on_itself() {
    let suites = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"), ("e", "e")];
    let config: Vec<String> = suites
        .iter()
        .map(|(name, after)| {
            format!("[suite.{name}]\ncommand = \"x\"\ndepends-on = [\"{after}\"]\n")
        })
        .collect();
    assert_snapshot!(with(&config.concat()), @r#"
    exit code 2
    ---- stderr
    error: the dependencies of suites form a cycle
     --> paceline.toml:6:15
      |
    3 | depends-on = ["b"]
      |               --- `a` depends on `b`
    ...
    6 | depends-on = ["a"]
      |               ^^^ `b` depends on `a`, which closes the cycle
      |
      = note: the cycle is a -> b -> a

    error: the dependencies of suites form a cycle
      --> paceline.toml:12:15
       |
     9 | depends-on = ["d"]
       |               --- `c` depends on `d`
    ...
    12 | depends-on = ["c"]
       |               ^^^ `d` depends on `c`, which closes the cycle
       |
       = note: the cycle is c -> d -> c

    error: the dependencies of suites form a cycle
      --> paceline.toml:15:15
       |
    15 | depends-on = ["e"]
       |               ^^^ this suite depends on itself

    error: 3 mistakes in paceline.toml
    "#);
}

#[test]
fn unknown_resource() {
    assert_snapshot!(with(r#"
            [resources]
            postgres = 1

            [suite.a]
            command = "x"
            needs = ["postgers"]

            [suite.b]
            command = "x"
            needs = { gpu = "shared" }
        "#), @r#"
    exit code 2
    ---- stderr
    error: suite `a` needs an unknown resource
     --> paceline.toml:6:10
      |
    6 | needs = ["postgers"]
      |          ^^^^^^^^^^ `postgers` is not in [resources]
      |
      = help: did you mean `postgres`?

    error: suite `b` needs an unknown resource
      --> paceline.toml:10:11
       |
    10 | needs = { gpu = "shared" }
       |           ^^^ `gpu` is not in [resources]
       |
       = help: declare it with its capacity: `gpu = 1` in `[resources]`

    error: 2 mistakes in paceline.toml
    "#);
}

#[test]
fn need_above_the_capacity() {
    assert_snapshot!(with(r#"
            [resources]
            ports = 4

            [suite.a]
            command = "x"
            needs = { ports = 5 }
        "#), @"
    exit code 2
    ---- stderr
    error: suite `a` needs more of `ports` than there is
     --> paceline.toml:6:11
      |
    2 | ports = 4
      | ----- its capacity is 4
    ...
    6 | needs = { ports = 5 }
      |           ^^^^^ needs 5
    ");
}

#[test]
fn numbers_that_are_none() {
    assert_snapshot!(with(r#"
            jobs = 0

            [resources]
            db = 0

            [suite.a]
            command = "x"
            weight = 0
            retries = -1
            needs = { db = 0 }
        "#), @"
    exit code 2
    ---- stderr
    error: 0 jobs would never run anything
     --> paceline.toml:1:8
      |
    1 | jobs = 0
      |        ^ value of `jobs`
      |
      = help: write a number from 1, or `cpus`

    error: 0 is not a number from 1 to 4294967295
     --> paceline.toml:4:6
      |
    4 | db = 0
      |      ^ value of `db`

    error: 0 is not a number from 1 to 4294967295
     --> paceline.toml:8:10
      |
    8 | weight = 0
      |          ^ value of `weight`

    error: `retries` is the number `-1`
     --> paceline.toml:9:11
      |
    9 | retries = -1
      |           ^^ expected a whole number from 0

    error: 0 is not a number from 1 to 4294967295
      --> paceline.toml:10:16
       |
    10 | needs = { db = 0 }
       |                ^ value of `db`

    error: 5 mistakes in paceline.toml
    ");
}

#[test]
fn resource_named_twice() {
    assert_snapshot!(with(r#"
            [resources]
            db = 2
            [suite.a]
            command = "x"
            needs = ["db", "db"]
        "#), @r#"
    exit code 2
    ---- stderr
    error: suite `a` needs `db` twice
     --> paceline.toml:5:16
      |
    5 | needs = ["db", "db"]
      |          ----  ^^^^ named again here
      |          |
      |          first named here
      |
      = help: for two units of it, write `needs = { db = 2 }`
    "#);
}

#[test]
fn durations() {
    assert_snapshot!(with(r#"
            timeout = 90
            kill-grace = "5"

            [suite.a]
            command = "x"
            timeout = "0s"

            [suite.b]
            command = "x"
            timeout = "5 min"
        "#), @r#"
    exit code 2
    ---- stderr
    error: a duration needs a unit
     --> paceline.toml:1:11
      |
    1 | timeout = 90
      |           ^^ value of `timeout`
      |
      = help: write `"90s"` for seconds

    error: `5` has no unit
     --> paceline.toml:2:14
      |
    2 | kill-grace = "5"
      |              ^^^ value of `kill-grace`
      |
      = help: write `5s` for seconds or `5ms` for milliseconds

    error: a timeout of 0 would stop everything at once
     --> paceline.toml:6:11
      |
    6 | timeout = "0s"
      |           ^^^^ value of `timeout`
      |
      = help: write a longer one, `"1h"` for instance

    error: `min` is not a unit of time
      --> paceline.toml:10:11
       |
    10 | timeout = "5 min"
       |           ^^^^^^^ value of `timeout`
       |
       = help: the units are `d`, `h`, `m`, `s` and `ms`

    error: 4 mistakes in paceline.toml
    "#);
}

#[test]
fn directory_that_does_not_exist() {
    let environment = TestEnvironment::with_config(
        r#"
            [suite.a]
            command = "x"
            dir = "services/proxi"

            [suite.b]
            command = "x"
            dir = "services/proxy/main.rs"
        "#,
    );
    environment.write("services/proxy/main.rs", "");
    assert_snapshot!(environment.run(["run"]), @r#"
    exit code 2
    ---- stderr
    error: the directory `services/proxi` does not exist
     --> paceline.toml:3:7
      |
    3 | dir = "services/proxi"
      |       ^^^^^^^^^^^^^^^^ relative to the directory of this file
      |
      = help: did you mean `services/proxy`?

    error: `services/proxy/main.rs` is not a directory
     --> paceline.toml:7:7
      |
    7 | dir = "services/proxy/main.rs"
      |       ^^^^^^^^^^^^^^^^^^^^^^^^ relative to the directory of this file

    error: 2 mistakes in paceline.toml
    "#);
}

#[test]
fn commands_that_are_none() {
    assert_snapshot!(with(r#"
            [suite.a]
            command = "  "

            [suite.b]
            command = []

            [suite.c]
            command = ["", "x"]

            [suite.d]
            category = "unit"
        "#), @r#"
    exit code 2
    ---- stderr
    error: the command is empty
     --> paceline.toml:2:11
      |
    2 | command = "  "
      |           ^^^^ value of `command`
      |
      = help: write what you would type in the suite's directory

    error: the command is empty
     --> paceline.toml:5:11
      |
    5 | command = []
      |           ^^ value of `command`
      |
      = help: write what you would type in the suite's directory

    error: the program of the command is empty
     --> paceline.toml:8:11
      |
    8 | command = ["", "x"]
      |           ^^^^^^^^^ value of `command`

    error: suite `d` has nothing to run
      --> paceline.toml:10:8
       |
    10 | [suite.d]
       |        ^ `command` or `framework` is missing
       |
       = help: add a line like `command = "make test"` or `framework = "pytest"`

    error: 4 mistakes in paceline.toml
    "#);
}

#[test]
fn names_of_suites() {
    assert_snapshot!(with(r#"
            [suite."a::b"]
            command = "x"

            [suite."../x"]
            command = "x"
        "#), @r#"
    exit code 2
    ---- stderr
    error: `a::b` cannot name a suite: `:` is not allowed in it
     --> paceline.toml:1:8
      |
    1 | [suite."a::b"]
      |        ^^^^^^
      |
      = help: use letters, digits, `-`, `_`, `.`, `+`, `@`, and `/` between parts

    error: `../x` cannot name a suite: `..` is not allowed as a part of it
     --> paceline.toml:4:8
      |
    4 | [suite."../x"]
      |        ^^^^^^

    error: 2 mistakes in paceline.toml
    "#);
}

#[test]
fn environment_values_that_are_no_strings() {
    assert_snapshot!(with(r#"
            [suite.a]
            command = "x"
            env = { RUST_BACKTRACE = 1, "A=B" = "x" }
        "#), @r#"
    exit code 2
    ---- stderr
    error: the value of an environment variable is a string
     --> paceline.toml:3:26
      |
    3 | env = { RUST_BACKTRACE = 1, "A=B" = "x" }
      |                          ^ value of `RUST_BACKTRACE`
      |
      = help: write `"1"`

    error: `A=B` cannot name an environment variable
     --> paceline.toml:3:29
      |
    3 | env = { RUST_BACKTRACE = 1, "A=B" = "x" }
      |                             ^^^^^

    error: 2 mistakes in paceline.toml
    "#);
}

#[test]
fn what_is_wrong_is_not_missed_again() {
    // The wrong command is not a missing one, and `a` is wrong, not unknown.
    assert_snapshot!(with(r#"
            [resources]
            db = "one"
            [suite.a]
            command = 1
            [suite.b]
            command = "x"
            depends-on = ["a"]
            needs = ["db"]
        "#), @r#"
    exit code 2
    ---- stderr
    error: `db` is the string "one"
     --> paceline.toml:2:6
      |
    2 | db = "one"
      |      ^^^^^ expected a whole number from 1

    error: `command` is the number `1`
     --> paceline.toml:4:11
      |
    4 | command = 1
      |           ^ expected a string for the shell, or an array of a program and its arguments

    error: 2 mistakes in paceline.toml
    "#);
}

#[test]
fn colors() {
    let environment = TestEnvironment::with_config("job = 2\n");
    let mut colored = environment.run(["--color", "always"]);
    colored.stderr = colored.stderr.replace('\u{1b}', "ESC");
    assert_snapshot!(colored, @"
    exit code 2
    ---- stderr
    ESC[1mESC[91merrorESC[0mESC[1m: unknown key `job`ESC[0m
     ESC[1mESC[94m--> ESC[0mpaceline.toml:1:1
      ESC[1mESC[94m|ESC[0m
    ESC[1mESC[94m1ESC[0m ESC[1mESC[94m|ESC[0m job = 2
      ESC[1mESC[94m|ESC[0m ESC[1mESC[91m^^^ESC[0m ESC[1mESC[91mnot a key of this fileESC[0m
      ESC[1mESC[94m|ESC[0m
      ESC[1mESC[94m= ESC[0mESC[1mhelpESC[0m: did you mean `jobs`?
    ");
    let mut plain = environment.command(["--color", "never"]);
    let plain = environment.finish(plain.env("FORCE_COLOR", "1"));
    assert!(!plain.stderr.contains('\u{1b}'), "{plain}");
}

#[test]
fn the_file_above_is_named_from_here() {
    let environment = TestEnvironment::with_config("job = 2\n");
    environment.write("a/b/file", "");
    let mut command = environment.command(["run"]);
    command.current_dir(environment.root().join("a/b"));
    assert_snapshot!(environment.finish(&mut command), @"
    exit code 2
    ---- stderr
    error: unknown key `job`
     --> ../../paceline.toml:1:1
      |
    1 | job = 2
      | ^^^ not a key of this file
      |
      = help: did you mean `jobs`?
    ");
    assert_snapshot!(environment.run(["-C", "a", "run"]), @"
    exit code 2
    ---- stderr
    error: unknown key `job`
     --> a/../paceline.toml:1:1
      |
    1 | job = 2
      | ^^^ not a key of this file
      |
      = help: did you mean `jobs`?
    ");
}

#[test]
fn a_directory_in_place_of_the_file() {
    let environment = TestEnvironment::new();
    environment.write("paceline.toml/x", "");
    environment.write("a/tests/test_a.py", "");
    assert_snapshot!(environment.run(["-C", "a"]), @"
    exit code 2
    ---- stderr
    error: the configuration a/../paceline.toml is a directory
    ");
}

#[test]
fn a_file_without_suites() {
    let environment = TestEnvironment::with_config("");
    assert_snapshot!(environment.run(["run"]), @r#"
    exit code 4
    ---- stderr
    error: paceline.toml has no suites
    help: a suite is a table: `[suite.unit]` with a line like `command = "make test"`
    "#);
}

#[test]
fn one_mistake_is_told_once() {
    assert_snapshot!(with(r#"
            [suite.a]
            command = "true"
            [suites.b]
            command = "true"
        "#), @"
    exit code 2
    ---- stderr
    error: unknown key `suites`
     --> paceline.toml:3:2
      |
    3 | [suites.b]
      |  ^^^^^^ not a key of this file
      |
      = help: did you mean `suite`?
    ");
    assert_snapshot!(with(r#"
            [suite.a]
            comand = "true"
        "#), @r#"
    exit code 2
    ---- stderr
    error: unknown key `comand`
     --> paceline.toml:2:1
      |
    2 | comand = "true"
      | ^^^^^^ not a key of a suite
      |
      = help: did you mean `command`?
    "#);
}

#[test]
fn a_file_that_is_not_there() {
    let environment = TestEnvironment::new();
    assert_snapshot!(environment.run(["--config", "other.toml"]), @"
    exit code 2
    ---- stderr
    error: the configuration other.toml does not exist
    ");
    assert_snapshot!(environment.run(["-C", "nowhere"]), @"
    exit code 2
    ---- stderr
    error: the directory nowhere does not exist
    ");
}

#[test]
fn nothing_to_run_and_nothing_found() {
    assert_snapshot!(TestEnvironment::new().run(["run"]), @"
    exit code 2
    ---- stderr
    error: no paceline.toml here or above, and no tests that paceline knows
    note: looked in [DIR]
    help: `paceline init` writes a paceline.toml to fill in
    ");
}

const TWO: &str = r#"
    [suite.api]
    command = "true"
    category = "unit"

    [suite.web]
    command = "true"
    category = "integration"
"#;

#[test]
fn unknown_suites_on_the_command_line() {
    let environment = TestEnvironment::with_config(TWO);
    assert_snapshot!(environment.run(["run", "apu", "--suites", "web,nothing"]), @"
    exit code 2
    ---- stderr
    error: no suite is called `apu`
    help: did you mean `api`?

    error: no suite is called `nothing`
    note: the suites are api, web

    error: 2 mistakes
    ");
}

#[test]
fn unknown_categories_on_the_command_line() {
    let environment = TestEnvironment::with_config(TWO);
    assert_snapshot!(environment.run(["--categories", "unti", "--exclude-categories", "lint"]), @"
    exit code 2
    ---- stderr
    error: no suite is of the category `unti`
    note: the categories are unit, integration
    help: did you mean `unit`?

    error: no suite is of the category `lint`
    note: the categories are unit, integration

    error: 2 mistakes
    ");
}

#[test]
fn a_selection_of_nothing() {
    let environment = TestEnvironment::with_config(TWO);
    let nothing = ["--fast", "--categories", "integration"];
    assert_snapshot!(environment.run(nothing), @"
    exit code 4
    ---- stderr
    error: no suite is selected
    help: `paceline list` shows all suites with their categories
    ");
    let passed = environment.run(["--no-tests", "pass"].iter().chain(&nothing));
    assert_eq!((passed.code, passed.stderr.as_str()), (Some(0), ""));
    assert_snapshot!(environment.run(["--no-tests", "warn"].iter().chain(&nothing)), @"
    exit code 0
    ---- stderr
    warning: no suite is selected
    help: `paceline list` shows all suites with their categories
    ");
}
