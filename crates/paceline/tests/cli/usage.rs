//! Arguments.

use insta::assert_snapshot;

use crate::environment::TestEnvironment;

#[test]
fn help_has_examples() {
    assert_snapshot!(TestEnvironment::new().run(["--help"]), @"
    exit code 0
    ---- stdout
    A parallel test runner for repositories in any language

    paceline runs the suites of paceline.toml in parallel, as fast as the machine allows, and reports as
    if they had run one after another. Without a command it runs all of them: `paceline OPTIONS` is
    `paceline run OPTIONS`.

    Usage: paceline [OPTIONS]
           paceline <COMMAND>

    Commands:
      run          Run suites; the default
      list         Show the suites, by category
      graph        Show which suite depends on which
      init         Look at the repository and write a first paceline.toml
      completions  Print the completion script of a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Global options:
          --config <FILE>
              Use this configuration; its directory is the root

      -C, --directory <DIR>
              Change to this directory first

          --color <WHEN>
              When to use colors

              Possible values:
              - auto:   On a terminal, and as the environment says
              - always: Always
              - never:  Never
              
              [default: auto]

    Selection:
          --suites <NAME,…>
              Only these suites and what they depend on

          --categories <CATEGORY,…>
              Only suites of these categories

          --exclude-categories <CATEGORY,…>
              No suites of these categories

          --fast
              No suites of the configuration's `slow-categories` (acceptance and integration by default)

          --no-deps
              Leave out what the selected suites depend on

    Running:
      -j, --jobs <N>
              Slots shared by all suites: a number, or `cpus` [default: `jobs` of the configuration]
              
              [aliases: -n, --max-parallel]

      -x, --fail-fast
              Stop at the first failure: nothing new starts

          --max-fail <N[:wait|:immediate]>
              Stop after N failures; `:immediate` also stops what is running
              
              [alias: --maxfail]

          --timeout <DURATION>
              Give every attempt of a command or test this long, whatever the configuration says (`90s`,
              `5m`)

          --retries <N>
              Give every failure N more attempts, whatever the configuration says

          --dry-run
              Show what would run, in what order, and why; run nothing

          --no-tests <ACTION>
              What it means when nothing is selected

              Possible values:
              - pass: Exit with 0
              - warn: Warn and exit with 0
              - fail: Exit with 4
              
              [default: fail]

          --transport <KIND>
              How workers connect

              Possible values:
              - auto: Over a Unix socket where there are any, else over TCP on loopback
              - tcp:  Over TCP on loopback
              
              [default: auto]

          --no-history
              Do not read or write the history of earlier runs

    Tests:
      -k, --keyword <EXPRESSION>
              Only tests whose names match this expression, as pytest has it: `login and not slow`

      -m, --markers <EXPRESSION>
              Only tests whose markers match this expression, as pytest has it: `not slow`

          --deselect <TEST>
              Leave out a test, or all tests of a file; can be repeated

          --ignore <PATH>
              Leave out a file or directory; can be repeated

          --failed
              Only what failed in the last run
              
              [aliases: --lf, --last-failed]

      -s, --no-capture
              Let tests print to the terminal at once, in one worker

          --pdb
              Open a debugger where a test fails, in one worker

    Output:
      -v, --verbose...
              Print the output of suites as it comes, each line with its suite's name; more for more

      -q, --quiet...
              Print failures and the summary only; twice for nothing

          --order <ORDER>
              In what order suites are reported [default: completion on a terminal, else plan]

              Possible values:
              - plan:       As in a run of one suite after another
              - completion: As they finish

          --log-dir <DIR>
              Directory of the suites' logs [default: `log-dir` of the configuration]

          --report <KIND=FILE>
              Write a report: `junit=FILE` or `json=FILE`; can be repeated

          --events <FILE>
              Write the events of the run as NDJSON; `-` is standard output

    Examples:
      paceline                              run every suite
      paceline run api web/unit             run two suites and what they depend on
      paceline run tests/test_a.py::test_x  run one test
      paceline -k login --failed            run what failed last time and matches
      paceline --fast -x                    leave out slow categories, stop at the first failure
      paceline --categories unit,lint -j 4  two categories, at most four slots
      paceline --dry-run                    what would run, in what order, and why
      paceline --report junit=junit.xml     write JUnit XML as well
      paceline list                         what there is to run
      paceline init                         write a first paceline.toml

    Exit codes:
      0 passed, 1 tests failed, 2 usage or configuration, 3 internal error or a requested report
      could not be written, 4 nothing selected, 5 a suite could not be built or collected,
      130 and 143 interrupted
    ");
}

#[test]
fn version() {
    let invocation = TestEnvironment::new().run(["--version"]);
    assert_eq!(
        invocation.stdout,
        concat!("paceline ", env!("CARGO_PKG_VERSION"), "\n")
    );
    assert_eq!(invocation.code, Some(0));
}

#[test]
fn a_suite_in_place_of_a_command() {
    assert_snapshot!(TestEnvironment::new().run(["api"]), @"
    exit code 2
    ---- stderr
    error: unrecognized subcommand 'api'

      tip: to run the suite of that name, use `paceline run api`

    Usage: paceline [OPTIONS]
           paceline <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_misspelt_command() {
    assert_snapshot!(TestEnvironment::new().run(["lst"]), @"
    exit code 2
    ---- stderr
    error: unrecognized subcommand 'lst'

      tip: a similar subcommand exists: 'list'
      tip: to run the suite of that name, use `paceline run lst`

    Usage: paceline [OPTIONS]
           paceline <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn an_option_before_the_command() {
    assert_snapshot!(TestEnvironment::new().run(["--fast", "list"]), @"
    exit code 2
    ---- stderr
    error: options of a command belong after its name: `paceline run --fast`, not `paceline --fast run`

    Usage: paceline [OPTIONS]
           paceline <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn values_that_are_none() {
    let environment = TestEnvironment::new();
    assert_snapshot!(environment.run(["-j", "0"]), @"
    exit code 2
    ---- stderr
    error: invalid value '0' for '--jobs <N>': 0 jobs would never run anything
    help: write a number from 1, or `cpus`

    For more information, try '--help'.
    ");
    assert_snapshot!(environment.run(["--timeout", "90"]), @"
    exit code 2
    ---- stderr
    error: invalid value '90' for '--timeout <DURATION>': `90` has no unit
    help: write `90s` for seconds or `90ms` for milliseconds

    For more information, try '--help'.
    ");
    assert_snapshot!(environment.run(["--max-fail", "1:now"]), @"
    exit code 2
    ---- stderr
    error: invalid value '1:now' for '--max-fail <N[:wait|:immediate]>': `now` is neither `wait` nor `immediate`

    For more information, try '--help'.
    ");
    assert_snapshot!(environment.run(["--report", "xml=x"]), @"
    exit code 2
    ---- stderr
    error: invalid value 'xml=x' for '--report <KIND=FILE>': `xml` is not a kind of report; the kinds are `junit` and `json`

    For more information, try '--help'.
    ");
    assert_snapshot!(environment.run(["-x", "--max-fail", "2"]), @"
    exit code 2
    ---- stderr
    error: the argument '--fail-fast' cannot be used with '--max-fail <N[:wait|:immediate]>'

    Usage: paceline [OPTIONS]
           paceline <COMMAND>

    For more information, try '--help'.
    ");
}
