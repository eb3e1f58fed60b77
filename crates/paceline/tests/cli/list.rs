//! `paceline list`.

use insta::assert_snapshot;

use crate::environment::TestEnvironment;

const SUITES: &str = r#"
[resources]
postgres = 1
ports = 4

[suite.proxy-unit]
command = "cargo test --lib"
description = "Rust proxy unit tests"
category = "unit"
timeout = "2m"

[suite.e2e]
command = ["make", "e2e", "X=a b"]
category = "acceptance"
depends-on = ["integration-go", "proxy-unit"]
group = "cluster"
serial = true

[suite.memstore-unit]
command = "go test ./memstore"
description = "memstore\nin two lines"
category = "unit"
retries = 1

[suite.integration-go]
command = ["go", "test"]
depends-on = ["memstore-unit"]
category = "integration"
needs = { ports = 2, postgres = "shared" }
group = "cluster"
weight = 2
allow-failure = true
retries = 2

[suite.notes]
command = "true"
"#;

#[test]
fn shows_suites_by_category() {
    let environment = TestEnvironment::with_config(SUITES);
    assert_snapshot!(environment.run(["list"]), @"
    exit code 0
    ---- stdout
    unit
      proxy-unit      Rust proxy unit tests
                      timeout 2m
      memstore-unit   memstore ...
                      1 retry

    integration
      integration-go  go test
                      after memstore-unit; group cluster; needs ports = 2, postgres = shared; weight 2; may fail; 2 retries

    acceptance
      e2e             make e2e 'X=a b'
                      after integration-go, proxy-unit; group cluster; serial

    (no category)
      notes           true
    ");
}

#[test]
fn shows_what_a_selection_pulls_in() {
    let environment = TestEnvironment::with_config(SUITES);
    assert_snapshot!(environment.run(["list", "--categories", "acceptance,integration"]), @"
    exit code 0
    ---- stdout
    unit
      proxy-unit      Rust proxy unit tests
                      timeout 2m; pulled in by e2e
      memstore-unit   memstore ...
                      1 retry; pulled in by integration-go

    integration
      integration-go  go test
                      after memstore-unit; group cluster; needs ports = 2, postgres = shared; weight 2; may fail; 2 retries

    acceptance
      e2e             make e2e 'X=a b'
                      after integration-go, proxy-unit; group cluster; serial
    ");
    assert_snapshot!(environment.run(["list", "e2e", "--no-deps"]), @"
    exit code 0
    ---- stdout
    acceptance
      e2e  make e2e 'X=a b'
           group cluster; serial
    ");
    assert_snapshot!(environment.run(["list", "--fast", "--exclude-categories", "unit"]), @"
    exit code 0
    ---- stdout
    (no category)
      notes  true
    ");
}

#[test]
fn says_when_nothing_is_selected() {
    let environment = TestEnvironment::with_config(SUITES);
    assert_snapshot!(environment.run(["list", "e2e", "--fast"]), @"
    exit code 0
    ---- stderr
    no suite is selected
    ");
}

#[test]
fn prints_json_in_the_words_of_the_events() {
    let environment = TestEnvironment::with_config(SUITES);
    assert_snapshot!(environment.run(["list", "--format", "json", "integration-go"]), @r#"
    exit code 0
    ---- stdout
    {
      "suites": [
        {
          "name": "memstore-unit",
          "framework": "command",
          "description": "memstore\nin two lines",
          "category": "unit",
          "command": "go test ./memstore",
          "dir": ".",
          "depends_on": [],
          "group": null,
          "needs": [],
          "weight": 1,
          "serial": false,
          "allow_failure": false,
          "retries": 1,
          "timeout": 300.0,
          "pulled_in_by": "integration-go",
          "expected": null,
          "log": null
        },
        {
          "name": "integration-go",
          "framework": "command",
          "description": null,
          "category": "integration",
          "command": "go test",
          "dir": ".",
          "depends_on": [
            "memstore-unit"
          ],
          "group": "cluster",
          "needs": [
            "ports = 2",
            "postgres = shared"
          ],
          "weight": 2,
          "serial": false,
          "allow_failure": true,
          "retries": 2,
          "timeout": 300.0,
          "pulled_in_by": null,
          "expected": null,
          "log": null
        }
      ]
    }
    "#);
}

#[test]
fn paints_where_it_is_told_to() {
    let environment = TestEnvironment::with_config(SUITES);
    let mut painted = environment.run(["list", "proxy-unit", "--color=always"]);
    painted.stdout = painted.stdout.replace('\u{1b}', "ESC");
    assert_snapshot!(painted, @"
    exit code 0
    ---- stdout
    ESC[1mESC[36munitESC[0m
      proxy-unit  Rust proxy unit tests
                  ESC[2mtimeout 2mESC[0m
    ");
}

/// What it prints without a configuration is what it found.
#[test]
fn without_a_configuration_shows_what_is_found() {
    let environment = TestEnvironment::new();
    environment.write("web/Makefile", "test:\n\ttrue\n");
    assert_snapshot!(environment.run(["list"]), @"
    exit code 0
    ---- stdout
    unit
      web  make in web
    ---- stderr
    no paceline.toml; detected 1 suite (`paceline init` writes a configuration)
      web  web/Makefile target test  make test
    ");
}

/// `paceline list | head -1` ends quietly.
#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let environment = TestEnvironment::with_config(SUITES);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = environment.command(["list"]);
    let invocation = environment.finish(command.stdout(writer));
    assert_eq!((invocation.code, invocation.stderr.as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let environment = TestEnvironment::with_config(SUITES);
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = environment.command(["list"]);
    assert_snapshot!(environment.finish(command.stdout(full)), @"
    exit code 3
    ---- stderr
    error: cannot write to standard output: No space left on device (os error 28)
    ");
}
