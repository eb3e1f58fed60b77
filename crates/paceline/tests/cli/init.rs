//! `paceline init`.

use insta::assert_snapshot;

use crate::environment::TestEnvironment;

/// A repository in several languages, with none of their programs on the path.
fn polyglot() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.write("Cargo.toml", "[workspace]\nmembers = [\"core\"]\n");
    environment.write("core/Cargo.toml", "[package]\nname = \"core\"\n");
    environment.write("Makefile", "test:\n\tcargo test\n");
    environment.write("api/pyproject.toml", "[tool.pytest.ini_options]\n");
    environment.write("api/uv.lock", "");
    environment.write("my \"web\"/phpunit.xml.dist", "");
    environment.write(
        "my \"web\"/composer.json",
        r#"{"require-dev": {"phpunit/phpunit": "^13"}}"#,
    );
    environment.write(
        "node_modules/x/package.json",
        r#"{"scripts": {"test": "x"}}"#,
    );
    environment.write("tests/integration/go.mod", "module x\n");
    environment.write("tests/integration/x_test.go", "");
    environment
}

#[test]
fn writes_what_it_finds_with_the_evidence() {
    let environment = polyglot();
    let mut command = environment.command(["init"]);
    assert_snapshot!(environment.finish(command.env("PATH", "")), @r#"
    exit code 0
    ---- stderr
    wrote paceline.toml
      cargo: cargo test --workspace (found by Cargo.toml [workspace])
      api: python3 -m pytest (found by api/pyproject.toml [tool.pytest.ini_options])
      my-web: vendor/bin/phpunit (found by my "web"/phpunit.xml.dist)
      tests/integration: go test ./... (found by tests/integration/go.mod)
      make: left out, it most likely runs tests of other suites again
    warning: cargo: `cargo` is not on PATH: install Rust
    warning: api: uv.lock asks for `uv`, which is not on PATH: install uv and run `uv sync`
    warning: my-web: vendor/bin/phpunit is missing: run `composer install`
    warning: tests/integration: `go` is not on PATH: install Go
    "#);
    assert_snapshot!(environment.read("paceline.toml"), @r#"
    # The suites of this repository. `paceline` runs them, `paceline list` shows them.

    # jobs = "cpus"                  # slots shared by all suites
    # timeout = "5m"                 # for suites that say nothing else
    # slow-categories = ["acceptance", "integration"]   # what --fast leaves out

    # [resources]                    # locks that suites can need, with their capacities
    # postgres = 1

    # Found by Cargo.toml [workspace].
    # Missing: `cargo` is not on PATH: install Rust.
    [suite.cargo]
    command = "cargo test --workspace"
    description = "Rust tests"
    category = "unit"

    # Found by api/pyproject.toml [tool.pytest.ini_options].
    # Missing: uv.lock asks for `uv`, which is not on PATH: install uv and run `uv sync`.
    [suite.api]
    framework = "pytest"
    dir = "api"
    description = "Python tests in api"
    category = "unit"

    # Found by my "web"/phpunit.xml.dist.
    # Missing: vendor/bin/phpunit is missing: run `composer install`.
    [suite.my-web]
    framework = "phpunit"
    dir = 'my "web"'
    description = 'PHP tests in my "web"'
    category = "unit"

    # Found by tests/integration/go.mod.
    # Missing: `go` is not on PATH: install Go.
    [suite."tests/integration"]
    command = "go test ./..."
    dir = "tests/integration"
    description = "Go tests in tests/integration"
    category = "integration"

    # Found by Makefile target test and left out: it most likely runs tests of other suites again.
    # [suite.make]
    # command = "make test"
    # description = "make"
    # category = "unit"
    "#);
    // It is a configuration without mistakes that lists what was found.
    let mut command = environment.command(["list"]);
    assert_snapshot!(environment.finish(command.env("PATH", "")), @r#"
    exit code 0
    ---- stdout
    unit
      cargo              Rust tests
      api                Python tests in api
                         pytest with no interpreter (uv.lock asks for `uv`, which is not on PATH)
      my-web             PHP tests in my "web"
                         phpunit with nothing (vendor/bin/phpunit is missing)

    integration
      tests/integration  Go tests in tests/integration
    "#);
}

#[test]
fn never_overwrites() {
    let environment = TestEnvironment::with_config("# mine\n");
    assert_snapshot!(environment.run(["init"]), @"
    exit code 2
    ---- stderr
    error: paceline.toml exists already and is not overwritten
    help: `paceline init --print` shows what it would be
    ");
    assert_eq!(environment.read("paceline.toml"), "# mine\n");
    // Not even what a broken link stands for.
    #[cfg(unix)]
    {
        let environment = TestEnvironment::new();
        let link = environment.root().join("paceline.toml");
        std::os::unix::fs::symlink("elsewhere", link).unwrap();
        assert_eq!(environment.run(["init"]).code, Some(2));
        assert!(!environment.root().join("elsewhere").exists());
    }
}

#[test]
fn prints_to_stdout_and_writes_nothing() {
    let environment = TestEnvironment::new();
    environment.write("go.mod", "module x\n");
    environment.write("x_test.go", "");
    let printed = environment.run(["init", "--print"]);
    assert_eq!(printed.code, Some(0));
    assert!(
        printed.stdout.contains("command = \"go test ./...\""),
        "{printed}"
    );
    assert!(!environment.root().join("paceline.toml").exists());
}

#[test]
fn writes_a_template_where_nothing_is_found() {
    let environment = TestEnvironment::new();
    assert_snapshot!(environment.run(["init"]), @"
    exit code 0
    ---- stderr
    wrote paceline.toml
    found no tests that paceline knows; the file is a template to fill in
    ");
    assert_snapshot!(environment.read("paceline.toml"), @r#"
    # The suites of this repository. `paceline` runs them, `paceline list` shows them.

    # jobs = "cpus"                  # slots shared by all suites
    # timeout = "5m"                 # for suites that say nothing else
    # slow-categories = ["acceptance", "integration"]   # what --fast leaves out

    # [resources]                    # locks that suites can need, with their capacities
    # postgres = 1

    # No tests were found by their usual marks. A suite is a command:
    #
    # [suite.unit]
    # command = "make test"          # a string runs in sh; an array runs directly
    # dir = "backend"                # without it: the directory of this file
    # category = "unit"
    # depends-on = ["build"]
    # needs = ["postgres"]
    "#);
    // The template is right as it is, and still says nothing to run.
    assert_eq!(environment.run(["list"]).code, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_cannot_be_written_is_named() {
    // There nobody can make files, root included.
    let invocation = TestEnvironment::new().run(["-C", "/proc/self/fdinfo", "init"]);
    assert_eq!(invocation.code, Some(2), "{invocation}");
    let (start, end) = ("error: cannot write /proc/", "/fdinfo/paceline.toml: ");
    let named = invocation.stderr.starts_with(start) && invocation.stderr.contains(end);
    assert!(named, "{invocation}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let environment = TestEnvironment::new();
    environment.write("file", "");
    assert_snapshot!(environment.run(["-C", "file", "init"]), @"
    exit code 2
    ---- stderr
    error: cannot change to the directory file: Not a directory (os error 20)
    ");
    assert_snapshot!(environment.run(["init", "--config", "x.toml"]), @"
    exit code 2
    ---- stderr
    error: `init` writes paceline.toml and reads no configuration
    help: leave out --config; use -C to write into another directory
    ");
}
