//! Whole outputs, from made-up events to what a reader sees.

use std::io::{self, Write};
use std::time::Duration;

use paceline_engine::event::{Event, EventKind, NotRun};
use paceline_engine::outcome::Outcome;

use super::*;
use crate::environment::Environment;
use crate::reporter::Reporter;
use crate::test_events::{
    Script, SharedBuffer, because, crashed, eventful, seconds, suite, timed_out,
};

/// A terminal reporter whose two streams end in buffers.
struct Setup {
    options: TerminalOptions,
    stdout: SharedBuffer,
    stderr: SharedBuffer,
}

/// What was written.
struct Written {
    stdout: String,
    stderr: String,
}

impl Written {
    fn both(&self) -> String {
        format!("== stdout\n{}== stderr\n{}", self.stdout, self.stderr)
    }
}

/// Not on a terminal, in a UTF-8 locale, with nothing else set.
fn setup() -> Setup {
    let (stdout, stderr) = (SharedBuffer::default(), SharedBuffer::default());
    let stream = |buffer: &SharedBuffer| Stream {
        writer: Box::new(buffer.clone()),
        is_terminal: false,
    };
    let options = TerminalOptions {
        verbosity: 0,
        order: None,
        color: ColorChoice::Auto,
        failure_lines: 10,
        stdout: stream(&stdout),
        stderr: stream(&stderr),
        size: Box::new(|| None),
        environment: [("LANG", "C.UTF-8")].into_iter().collect(),
        root: ".".to_owned(),
        log_dir: Some(".paceline/logs".to_owned()),
        reports: vec!["test-report.json".to_owned(), "junit.xml".to_owned()],
        token: "token-4217".to_owned(),
    };
    Setup {
        options,
        stdout,
        stderr,
    }
}

impl Setup {
    fn with(mut self, change: impl FnOnce(&mut TerminalOptions)) -> Self {
        change(&mut self.options);
        self
    }

    fn environment<const N: usize>(self, variables: [(&str, &str); N]) -> Self {
        self.with(|options| options.environment = variables.into_iter().collect::<Environment>())
    }

    /// Feeds the events, with a tick every 100 ms.
    fn run(self, events: &[Event]) -> Written {
        let mut terminal = Terminal::new(self.options);
        let mut ticked = Duration::ZERO;
        for event in events {
            while ticked + Duration::from_millis(100) <= event.at {
                ticked += Duration::from_millis(100);
                terminal.tick(ticked).unwrap();
            }
            terminal.event(event).unwrap();
        }
        terminal.finish().unwrap();
        Written {
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }
}

/// Escape sequences made visible.
fn visible(text: &str) -> String {
    text.replace('\u{1b}', "^[")
}

fn all_pass() -> Vec<Event> {
    let mut script = Script::new(2, vec![suite("unit"), suite("integration"), suite("lint")]);
    script
        .start("unit")
        .start("integration")
        .at(0.41)
        .pass("unit")
        .start("lint");
    script
        .at(0.5)
        .pass("lint")
        .at(39.6)
        .pass("integration")
        .finish();
    script.events.clone()
}

#[test]
fn all_pass_in_plan_order() {
    insta::assert_snapshot!(setup().run(&all_pass()).both(), @"
    == stdout
         PASS [  0.41s] (1/3) unit
         PASS [  39.6s] (2/3) integration
         PASS [  0.09s] (3/3) lint
    ────────────────────────────────────────────────────────────────────────
     PASSED   3 suites: 3 passed
     time     39.6s wall, 40.1s sum of durations, speed-up 1.0x against that sum
     limit    38.0s (all work on 2 jobs), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
    == stderr
    paceline 0.1.0  3 suites, 2 jobs, run 01K3F9
    ····  00:30  2/3; running: integration 30.0s
    ");
}

#[test]
fn all_pass_in_the_order_of_completion() {
    let setup = setup().with(|options| options.order = Some(Order::Completion));
    insta::assert_snapshot!(setup.run(&all_pass()).stdout, @"
         PASS [  0.41s] (1/3) unit
         PASS [  0.09s] (2/3) lint
         PASS [  39.6s] (3/3) integration
    ────────────────────────────────────────────────────────────────────────
     PASSED   3 suites: 3 passed
     time     39.6s wall, 40.1s sum of durations, speed-up 1.0x against that sum
     limit    38.0s (all work on 2 jobs), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
    ");
}

#[test]
fn everything_that_can_happen() {
    insta::assert_snapshot!(setup().run(&eventful()).both(), @"
    == stdout
    FLAKY 2/3 [  2.60s] (1/9) unit
         FAIL [  0.41s] (2/9) lint  exit code 1, allowed
         FAIL [  3.79s] (3/9) integration  exit code 1
      NOT RUN [       ] (4/9) deploy  needs integration, which failed
      NOT RUN [       ] (5/9) smoke  needs deploy, which needs integration, which failed
      TIMEOUT [  5.00s] (6/9) hang  timed out after 5s
      SIGSEGV [  0.10s] (7/9) segv  signal 11 (SIGSEGV)
        ERROR [  0.00s] (8/9) missing  cannot start gmake: no such file or directory
         PASS [  0.05s] (9/9) quick  leaked 1 process

     FAILURES (5)

     1) lint  FAIL  exit code 1  0.41s  (allowed)
        │ E501 line too long
        log     .paceline/logs/lint.log
        rerun   paceline run lint
        native  make lint

     2) integration  FAIL  exit code 1  2.20s  attempt 2 of 2
        │ --- FAIL: TestPut (0.10s)
        │     put_test.go:12: got 1, want 2
        │ FAIL
        log     .paceline/logs/integration.log
        rerun   paceline run integration
        native  (cd 'services/go proxy' && go test ./...)

     3) hang  TIMEOUT  timed out after 5s  5.00s
        │ (no output)
        log     .paceline/logs/hang.log
        rerun   paceline run hang
        native  make hang

     4) segv  SIGSEGV  signal 11 (SIGSEGV)  0.10s
        │ (no output)
        log     .paceline/logs/segv.log
        rerun   paceline run segv
        native  make segv

     5) missing  ERROR  cannot start gmake: no such file or directory  0.00s
        log     .paceline/logs/missing.log
        rerun   paceline run missing
        native  make missing

     FLAKY (1)
        unit  failed attempt 1 (exit code 1), passed attempt 2

     NOT RUN (2)
        deploy  needs integration, which failed
        smoke   needs deploy, which needs integration, which failed

     LEFT RUNNING, STOPPED (1)
        quick  sleep 100 (pid 4711)

     SLOWEST (3 of 7)
          5.00s  hang
          3.79s  integration
          2.60s  unit  expected 1.00s

    ────────────────────────────────────────────────────────────────────────
     FAILED   9 suites: 2 passed (1 flaky), 2 failed, 1 errored, 1 timed out, 1 crashed, 2 not run; 1 failure is allowed
     time     7.60s wall, 12.0s sum of durations, speed-up 1.6x against that sum
     limit    7.30s (group acceptance), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
     next     paceline run integration hang segv missing   (4 failed)
    == stderr
    paceline 0.1.0  9 suites, 2 jobs, run 01K3F9
    warning: missing: the log is incomplete: disk full
    ");
}

#[test]
fn without_unicode() {
    let setup = setup()
        .environment([("LANG", "C")])
        .with(|options| options.root = "..".to_owned());
    let written = setup.run(&eventful());
    assert!(written.both().is_ascii());
    insta::assert_snapshot!(section(&written.stdout, " FAILURES", " FLAKY"), @"
    FAILURES (5)

    1) lint  FAIL  exit code 1  0.41s  (allowed)
       | E501 line too long
       log     ../.paceline/logs/lint.log
       rerun   paceline run lint
       native  (cd .. && make lint)

    2) integration  FAIL  exit code 1  2.20s  attempt 2 of 2
       | --- FAIL: TestPut (0.10s)
       |     put_test.go:12: got 1, want 2
       | FAIL
       log     ../.paceline/logs/integration.log
       rerun   paceline run integration
       native  (cd '../services/go proxy' && go test ./...)

    3) hang  TIMEOUT  timed out after 5s  5.00s
       | (no output)
       log     ../.paceline/logs/hang.log
       rerun   paceline run hang
       native  (cd .. && make hang)

    4) segv  SIGSEGV  signal 11 (SIGSEGV)  0.10s
       | (no output)
       log     ../.paceline/logs/segv.log
       rerun   paceline run segv
       native  (cd .. && make segv)

    5) missing  ERROR  cannot start gmake: no such file or directory  0.00s
       log     ../.paceline/logs/missing.log
       rerun   paceline run missing
       native  (cd .. && make missing)
    ");
}

/// From the line that begins with `from` to the one that begins with `to`.
fn section(text: &str, from: &str, to: &str) -> String {
    let lines = text.lines().skip_while(|line| !line.starts_with(from));
    lines
        .take_while(|line| !line.starts_with(to))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn in_color() {
    let mut script = Script::new(1, vec![suite("unit"), suite("lint")]);
    script
        .start("unit")
        .at(1.0)
        .pass("unit")
        .start("lint")
        .at(2.0);
    script
        .fail(
            "lint",
            "\u{1b}[31merror\u{1b}[0m: line\n\u{1b}[2J\u{1b}[1mbold\n",
        )
        .finish();
    let setup = setup().with(|options| options.color = ColorChoice::Always);
    insta::assert_snapshot!(visible(&setup.run(&script.events).stdout), @"
    ^[[1m^[[32m     PASS^[[0m [  1.00s] (1/2) unit
    ^[[1m^[[31m     FAIL^[[0m [  1.00s] (2/2) lint  exit code 1

     ^[[1m^[[31mFAILURES^[[0m (1)

     1) ^[[1mlint^[[0m  ^[[1m^[[31mFAIL^[[0m  exit code 1  1.00s
        ^[[2m│^[[0m ^[[31merror^[[0m: line
        ^[[2m│^[[0m ^[[1mbold^[[0m
        log     .paceline/logs/lint.log
        rerun   paceline run lint
        native  make lint

    ────────────────────────────────────────────────────────────────────────
     ^[[1m^[[31mFAILED  ^[[0m 2 suites: 1 passed, 1 failed
     time     2.00s wall, 2.00s sum of durations, speed-up 1.0x against that sum
     limit    1.92s (all work on 1 job), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
     next     paceline run lint   (1 failed)
    ");
}

#[test]
fn only_the_number_of_jobs_and_times_differ_between_widths_of_parallelism() {
    let one = |jobs| {
        let mut script = Script::new(jobs, vec![suite("a"), suite("b"), suite("c")]);
        if jobs == 1 {
            script
                .start("a")
                .pass("a")
                .start("b")
                .fail("b", "no\n")
                .start("c")
                .pass("c");
        } else {
            script
                .start("a")
                .start("b")
                .start("c")
                .pass("c")
                .fail("b", "no\n")
                .pass("a");
        }
        script.finish();
        setup()
            .run(&script.events)
            .stdout
            .replace("1 job)", "N jobs)")
            .replace("3 jobs)", "N jobs)")
    };
    assert_eq!(one(1), one(3));
}

#[test]
fn quiet_leaves_failures_and_the_last_block() {
    let quiet = |events: &[Event]| {
        let setup = setup().with(|options| options.verbosity = -1);
        setup.run(events)
    };
    let written = quiet(&eventful());
    assert!(
        written.stdout.starts_with("\n FAILURES (5)\n"),
        "{}",
        written.stdout
    );
    assert!(!written.stdout.contains("FLAKY (1)"));
    assert!(!written.stdout.contains("PASS"));
    assert_eq!(
        written.stderr,
        "warning: missing: the log is incomplete: disk full\n"
    );
    insta::assert_snapshot!(quiet(&all_pass()).both(), @"
    == stdout
    ────────────────────────────────────────────────────────────────────────
     PASSED   3 suites: 3 passed
     time     39.6s wall, 40.1s sum of durations, speed-up 1.0x against that sum
     limit    38.0s (all work on 2 jobs), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
    == stderr
    ");
}

#[test]
fn very_quiet_says_only_what_ends_the_run_with_an_error() {
    let setup = setup().with(|options| options.verbosity = -2);
    let mut script = Script::new(1, vec![suite("a")]);
    script
        .warning(None, "a trifle", false)
        .warning(None, "cannot write x: disk full", true);
    script.start("a").fail("a", "no\n").finish();
    let written = setup.run(&script.events);
    assert_eq!(
        written.both(),
        "== stdout\n== stderr\nerror: cannot write x: disk full\n"
    );
}

#[test]
fn for_a_program_that_reads() {
    let setup = setup().environment([("AGENT", "1"), ("LANG", "C.UTF-8"), ("CI", "1")]);
    insta::assert_snapshot!(setup.run(&eventful()).both(), @"
    == stdout
    FAIL lint (exit code 1, 0.41s, allowed)
    E501 line too long
    log: .paceline/logs/lint.log
    rerun: paceline run lint
    FAIL integration (exit code 1, 2.20s, attempt 2)
    --- FAIL: TestPut (0.10s)
        put_test.go:12: got 1, want 2
    FAIL
    log: .paceline/logs/integration.log
    rerun: paceline run integration
    TIMEOUT hang (timed out after 5s, 5.00s)
    log: .paceline/logs/hang.log
    rerun: paceline run hang
    SIGSEGV segv (signal 11 (SIGSEGV), 0.10s)
    log: .paceline/logs/segv.log
    rerun: paceline run segv
    ERROR missing (cannot start gmake: no such file or directory, 0.00s)
    log: .paceline/logs/missing.log
    rerun: paceline run missing
    NOT RUN deploy, smoke: need integration, which failed
    FLAKY unit: failed attempt 1 (exit code 1), passed attempt 2
    9 suites: 2 passed (1 flaky), 2 failed, 1 errored, 1 timed out, 1 crashed, 2 not run; 1 failure is allowed; 7.60s; logs .paceline/logs
    == stderr
    warning: missing: the log is incomplete: disk full
    ");
}

#[test]
fn a_program_that_asks_for_human_output_gets_it() {
    let setup = setup().environment([("AGENT", "1"), ("PACELINE_OUTPUT", "human")]);
    assert!(setup.run(&all_pass()).stdout.contains("PASS"));
}

#[test]
fn a_stopped_run_says_what_it_waits_for_and_what_was_not_run() {
    let names: Vec<String> = (0..12).map(|i| format!("s{i:02}")).collect();
    let mut script = Script::new(2, names.iter().map(|name| suite(name)).collect());
    let stop = NotRun::MaxFail {
        after: "s00".into(),
    };
    script
        .start("s00")
        .start("s01")
        .at(1.0)
        .fail("s00", "")
        .stopping(stop.clone(), false);
    script.at(2.0).pass("s01");
    for name in &names[2..] {
        script.not_run(name, &stop);
    }
    insta::assert_snapshot!(setup().run(&script.finish().events).both(), @"
    == stdout
         FAIL [  1.00s] ( 1/12) s00  exit code 1
         PASS [  2.00s] ( 2/12) s01

     FAILURES (1)

     1) s00  FAIL  exit code 1  1.00s
        │ (no output)
        log     .paceline/logs/s00.log
        rerun   paceline run s00
        native  make s00

     NOT RUN (10)
        10 because the run stopped after s00 failed: s02, s03, s04, s05, s06, s07, s08, s09 and 2 more

    ────────────────────────────────────────────────────────────────────────
     FAILED   12 suites: 1 passed, 1 failed, 10 not run
     time     2.00s wall, 3.00s sum of durations, speed-up 1.5x against that sum
     limit    1.92s (all work on 2 jobs), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
     next     paceline run s00   (1 failed)
              paceline run s02 s03 s04 s05 s06 s07 s08 s09 s10 s11   (10 not run)
    == stderr
    paceline 0.1.0  12 suites, 2 jobs, run 01K3F9
    stopping after s00 failed: waiting for 1 running suite, 10 will not start
    ");
}

#[test]
fn an_interrupted_run() {
    let mut script = Script::new(1, vec![suite("a"), suite("b")]);
    let stop = NotRun::Interrupted {
        signal: "SIGINT".to_owned(),
    };
    script
        .start("a")
        .at(1.0)
        .stopping(stop.clone(), true)
        .at(1.2);
    script.end("a", |result| {
        result.outcome = Outcome::NotRun;
        result.message = Some("stopped by Ctrl-C".to_owned());
    });
    script.not_run("b", &stop).finish();
    insta::assert_snapshot!(setup().run(&script.events).both(), @"
    == stdout
      NOT RUN [  1.20s] (1/2) a  stopped by Ctrl-C

     NOT RUN (2)
        a  stopped by Ctrl-C
        b  interrupted by SIGINT

    ────────────────────────────────────────────────────────────────────────
     INTERRUPTED 2 suites: 2 not run
     time     1.20s wall, 1.20s sum of durations, speed-up 1.0x against that sum
     limit    1.15s (all work on 1 job), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
     next     paceline run a b   (2 not run)
    == stderr
    paceline 0.1.0  2 suites, 1 job, run 01K3F9
    interrupted by SIGINT: stopping 1 running suite, 1 will not start
    ");
}

#[test]
fn many_that_share_a_reason_are_told_together() {
    let mut suites = vec![suite("build")];
    suites.extend((0..14).map(|i| suite(&format!("s{i:02}"))));
    let mut script = Script::new(2, suites);
    script.start("build").fail("build", "no compiler\n");
    for i in 0..14 {
        script.not_run(&format!("s{i:02}"), &because(&[("build", Outcome::Failed)]));
    }
    let written = setup().run(&script.finish().events);
    insta::assert_snapshot!(section(&written.stdout, " NOT RUN", "──"), @"
    NOT RUN (14)
       14 need build, which failed: s00, s01, s02, s03, s04, s05, s06, s07 and 6 more
    ");
}

#[test]
fn the_slowest_are_named_where_there_are_many_others() {
    let mut suites: Vec<_> = (0..6).map(|i| suite(&format!("s{i}"))).collect();
    suites[3].expected = Some(seconds(2.0));
    let mut script = Script::new(1, suites);
    let mut at = 0.0;
    for i in 0..6 {
        let name = format!("s{i}");
        script.start(&name);
        at += f64::from((i * 5) % 6) + 0.5;
        script.at(at).pass(&name);
    }
    let written = setup().run(&script.finish().events);
    insta::assert_snapshot!(section(&written.stdout, " SLOWEST", "──"), @"
    SLOWEST (3 of 6)
         5.50s  s1
         4.50s  s2
         3.50s  s3  expected 2.00s
    ");
}

#[test]
fn verbose_in_plan_order_holds_back_whose_turn_it_is_not() {
    insta::assert_snapshot!(verbose(None).run(&chatty()).stdout, @"
    unit        │ test a ... ok
    unit        │ test b ... ok
    unit        │ done
         PASS [  2.00s] (1/2) unit
    integration │ connecting
    integration │ refused
    integration │ --- attempt 2 of 2 ---
    integration │ ::error::fake
    FLAKY 2/2 [  1.00s] (2/2) integration

     FLAKY (1)
        integration  failed attempt 1 (exit code 1), passed attempt 2

    ────────────────────────────────────────────────────────────────────────
     PASSED   2 suites: 2 passed (1 flaky)
     time     2.00s wall, 3.00s sum of durations, speed-up 1.5x against that sum
     limit    1.92s (all work on 2 jobs), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
    ");
}

#[test]
fn verbose_in_the_order_of_completion_shows_lines_as_they_come() {
    insta::assert_snapshot!(verbose(Some(Order::Completion)).run(&chatty()).stdout, @"
    integration │ connecting
    unit        │ test a ... ok
    unit        │ test b
    integration │ refused
    integration │ --- attempt 2 of 2 ---
    unit        ┊  ... ok
    integration │ ::error::fake
    FLAKY 2/2 [  1.00s] (1/2) integration
    unit        │ done
         PASS [  2.00s] (2/2) unit

     FLAKY (1)
        integration  failed attempt 1 (exit code 1), passed attempt 2

    ────────────────────────────────────────────────────────────────────────
     PASSED   2 suites: 2 passed (1 flaky)
     time     2.00s wall, 3.00s sum of durations, speed-up 1.5x against that sum
     limit    1.92s (all work on 2 jobs), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
    ");
}

fn verbose(order: Option<Order>) -> Setup {
    setup().with(|options| {
        options.verbosity = 1;
        options.order = order;
    })
}

fn chatty() -> Vec<Event> {
    let mut integration = suite("integration");
    integration.retries = 1;
    let mut script = Script::new(2, vec![suite("unit"), integration]);
    script
        .start("unit")
        .start("integration")
        .output("integration", "connecting\n")
        .output("unit", "test a ... ok\ntest b")
        .output("integration", "refused")
        .at(0.5)
        .fail_and_retry("integration", "connecting\nrefused")
        .output("unit", " ... \u{1b}[32mok\u{1b}[0m\r\n")
        .output("integration", "::error::fake\n")
        .at(1.0)
        .pass("integration")
        .output("unit", "done\n")
        .at(2.0)
        .pass("unit")
        .finish();
    script.events.clone()
}

#[test]
fn heartbeats_and_whom_a_reader_waits_for() {
    let mut suites = vec![suite("acceptance")];
    suites.extend((0..24).map(|i| suite(&format!("s{i:02}"))));
    let mut script = Script::new(6, suites);
    script.start("acceptance");
    for i in 0..20 {
        let name = format!("s{i:02}");
        script.start(&name).at(f64::from(i + 1)).pass(&name);
    }
    for i in 20..24 {
        script.start(&format!("s{i:02}"));
    }
    script.at(61.0).fail("s20", "");
    insta::assert_snapshot!(setup().run(&script.events).stderr, @"
    paceline 0.1.0  25 suites, 6 jobs, run 01K3F9
    note: holding 20 finished suites for acceptance (20.1s)
    ····  00:30  20/25; running: acceptance 30.0s, s20 10.0s, s21 10.0s and 2 more
    ····  01:00  20/25; running: acceptance 1m00s, s20 40.0s, s21 40.0s and 2 more
    ");
}

#[test]
fn in_github_output_is_folded_and_cannot_give_commands() {
    let setup = setup().environment([("GITHUB_ACTIONS", "true"), ("NO_COLOR", "1")]);
    let mut script = Script::new(1, vec![suite("a")]);
    script
        .start("a")
        .fail("a", "::set-env name=PATH::/evil\n")
        .finish();
    insta::assert_snapshot!(setup.run(&script.events).stdout, @"
         FAIL [  0.00s] (1/1) a  exit code 1

     FAILURES (1)

    ::group::1) a  FAIL  exit code 1  0.00s
    ::stop-commands::token-4217
        | ::set-env name=PATH::/evil
    ::token-4217::
        log     .paceline/logs/a.log
        rerun   paceline run a
        native  make a
    ::endgroup::
    ::error title=FAIL a::exit code 1%0A::set-env name=PATH::/evil

    ------------------------------------------------------------------------
     FAILED   1 suite: 1 failed
     time     0.00s wall
     limit    0.00s (all work on 1 job), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
     next     paceline run a   (1 failed)
    ");
}

#[test]
fn in_github_verbose_output_cannot_give_commands_either() {
    let setup = verbose(None).environment([("GITHUB_ACTIONS", "true"), ("NO_COLOR", "1")]);
    let written = setup.run(&chatty());
    let at = |text: &str| written.stdout.find(text).unwrap();
    assert_eq!(at("::stop-commands::token-4217\n"), 0);
    assert!(
        at("::error::fake") < at("\n::token-4217::\n"),
        "{}",
        written.stdout
    );
}

#[test]
fn in_gitlab_failures_are_sections() {
    let setup = setup().environment([("GITLAB_CI", "true"), ("NO_COLOR", "1")]);
    let mut script = Script::new(1, vec![suite("a")]);
    script.start("a").at(2.0).fail("a", "no\n").finish();
    let stdout = visible(&setup.run(&script.events).stdout).replace('\r', "^M");
    insta::assert_snapshot!(section(&stdout, " FAILURES", "──"), @"
     FAILURES (1)

    ^[[0Ksection_start:1795186802:paceline_failure_1^M^[[0K 1) a  FAIL  exit code 1  2.00s
        | no
        log     .paceline/logs/a.log
        rerun   paceline run a
        native  make a
    ^[[0Ksection_end:1795186802:paceline_failure_1^M^[[0K

    ------------------------------------------------------------------------
     FAILED   1 suite: 1 failed
     time     2.00s wall
     limit    1.92s (all work on 1 job), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
     next     paceline run a   (1 failed)
    ");
}

#[test]
fn a_reader_that_has_gone_is_told_once_and_progress_that_cannot_be_written_never() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let outcome = |setup: Setup| {
        let mut terminal = Terminal::new(setup.options);
        let mut errors = Vec::new();
        for event in eventful() {
            errors.extend(terminal.event(&event).err());
        }
        errors.extend(terminal.finish().err());
        errors
    };
    let errors = outcome(setup().with(|options| options.stdout.writer = Box::new(Closed)));
    assert_eq!(errors.len(), 1);
    assert!(errors[0].is_closed_pipe());

    let lost_progress = setup().with(|options| options.stderr.writer = Box::new(Closed));
    let stdout = lost_progress.stdout.clone();
    assert!(outcome(lost_progress).is_empty());
    assert_eq!(stdout.text(), setup().run(&eventful()).stdout);
}

fn grid(rows: u16, columns: u16) -> vt100::Parser {
    vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 1000)
}

/// Both streams on one emulated terminal.
struct Screen {
    parser: vt100::Parser,
    buffer: SharedBuffer,
    seen: usize,
    terminal: Terminal,
}

impl Screen {
    fn new(columns: u16, rows: u16, change: impl FnOnce(&mut TerminalOptions)) -> Self {
        let buffer = SharedBuffer::default();
        let setup = setup().with(|options| {
            let stream = || Stream {
                writer: Box::new(buffer.clone()),
                is_terminal: true,
            };
            options.stdout = stream();
            options.stderr = stream();
            options.size = Box::new(move || Some(Size { columns, rows }));
            options.color = ColorChoice::Never;
            change(options);
        });
        Self {
            parser: grid(rows, columns),
            terminal: Terminal::new(setup.options),
            buffer,
            seen: 0,
        }
    }

    fn feed(&mut self, events: &[Event]) -> &mut Self {
        for event in events {
            self.terminal.event(event).unwrap();
        }
        self
    }

    fn tick(&mut self, at: f64) -> &mut Self {
        self.terminal.tick(seconds(at)).unwrap();
        self
    }

    /// What is on the screen now.
    fn contents(&mut self) -> String {
        let bytes = self.buffer.bytes();
        // A terminal driver makes a carriage return and a line feed of each newline.
        for &byte in &bytes[self.seen..] {
            if byte == b'\n' {
                self.parser.process(b"\r\n");
            } else {
                self.parser.process(&[byte]);
            }
        }
        self.seen = bytes.len();
        self.parser.screen().contents()
    }
}

#[test]
fn the_live_region_stays_below_the_results_and_goes_at_the_end() {
    let mut acceptance = suite("acceptance");
    acceptance.expected = Some(seconds(20.0));
    let mut unit = suite("unit");
    unit.expected = Some(seconds(5.0));
    let mut script = Script::new(2, vec![unit, acceptance, suite("lint")]);
    script.start("unit").start("acceptance");
    let mut screen = Screen::new(72, 24, |_| {});
    screen.feed(&script.events).tick(0.05);
    assert_eq!(
        screen.contents(),
        "",
        "a run of less than 100 ms shows no window"
    );
    screen.tick(0.1).tick(5.0);
    insta::assert_snapshot!(screen.contents(), @"
    paceline 0.1.0  3 suites, 2 jobs, run 01K3F9
                              0/3  0%  00:05  eta 00:15
        5.00s  unit
        5.00s  acceptance
    ");

    let seen = script.events.len();
    script.at(5.2).fail("unit", "no\n").start("lint").at(6.0);
    script.warning(None, "cannot write the history: disk full", false);
    screen.feed(&script.events[seen..]).tick(6.1);
    insta::assert_snapshot!(screen.contents(), @"
    paceline 0.1.0  3 suites, 2 jobs, run 01K3F9
    warning: cannot write the history: disk full
         FAIL [  5.20s] (1/3) unit  exit code 1
     ███████▋                 1/3  33%  00:06  eta 00:14  1 failed
        6.00s  acceptance
        0.80s  lint
    ");
    assert!(!screen.parser.screen().hide_cursor());

    let seen = script.events.len();
    script
        .at(7.0)
        .pass("lint")
        .at(21.0)
        .pass("acceptance")
        .finish();
    screen.feed(&script.events[seen..]);
    insta::assert_snapshot!(screen.contents(), @"
    paceline 0.1.0  3 suites, 2 jobs, run 01K3F9
    warning: cannot write the history: disk full
         FAIL [  5.20s] (1/3) unit  exit code 1
         PASS [  1.80s] (2/3) lint
         PASS [  21.0s] (3/3) acceptance

     FAILURES (1)

     1) unit  FAIL  exit code 1  5.20s
        │ no
        log     .paceline/logs/unit.log
        rerun   paceline run unit
        native  make unit

    ────────────────────────────────────────────────────────────────────────
     FAILED   3 suites: 2 passed, 1 failed
     time     21.0s wall, 28.0s sum of durations, speed-up 1.3x against that sum
     limit    20.2s (all work on 2 jobs), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
     next     paceline run unit   (1 failed)
    ");
    assert!(!screen.parser.screen().hide_cursor());
}

#[test]
fn the_live_region_shows_no_more_than_fits() {
    let names: Vec<String> = (0..12)
        .map(|i| format!("a-suite-with-a-long-name-{i}"))
        .collect();
    let mut script = Script::new(12, names.iter().map(|name| suite(name)).collect());
    for name in &names {
        script.start(name);
    }
    let mut screen = Screen::new(30, 8, |_| {});
    screen
        .feed(&script.events[..1])
        .feed(&script.events[1..])
        .tick(2.0);
    insta::assert_snapshot!(screen.contents(), @"
    jobs, run 01K3F9
                0/12  0%  00:02
        2.00s  a-suite-with-a-lo…
        2.00s  a-suite-with-a-lo…
        2.00s  a-suite-with-a-lo…
        2.00s  a-suite-with-a-lo…
              … 8 more running
    ");
}

#[test]
fn verbose_lines_pass_above_the_live_region() {
    let mut script = Script::new(2, vec![suite("a"), suite("b")]);
    script.start("a").start("b").at(0.2);
    script
        .output("a", "one\n")
        .output("b", "two\nhalf")
        .output("a", "three\n");
    let mut screen = Screen::new(60, 24, |options| options.verbosity = 1);
    screen.feed(&script.events).tick(0.4);
    insta::assert_snapshot!(screen.contents(), @"
    paceline 0.1.0  2 suites, 2 jobs, run 01K3F9
    a │ one
    b │ two
    b │ half
    a │ three
                          0/2  0%  00:00
        0.40s  a
        0.40s  b
    ");
}

#[test]
fn a_run_that_breaks_off_leaves_the_terminal_as_it_was() {
    let mut script = Script::new(2, vec![suite("a")]);
    script.start("a");
    let buffer = SharedBuffer::default();
    let mut screen = Screen::new(60, 24, |options| {
        options.stderr.writer = Box::new(buffer.clone());
        options.stdout.is_terminal = false;
    });
    screen.feed(&script.events).tick(1.0);
    assert!(buffer.text().contains("0/1"));
    drop(screen);
    let mut parser = grid(24, 60);
    parser.process(buffer.text().replace('\n', "\r\n").as_bytes());
    assert_eq!(
        parser.screen().contents(),
        "paceline 0.1.0  1 suite, 2 jobs, run 01K3F9"
    );
    assert!(!parser.screen().hide_cursor());
}

#[test]
fn results_go_to_their_file_while_progress_is_on_the_terminal() {
    let on_terminal = setup().with(|options| options.stderr.is_terminal = true);
    let written = on_terminal.run(&all_pass());
    assert_eq!(written.stdout, setup().run(&all_pass()).stdout);
    assert!(!written.stdout.contains('\u{1b}'));
    assert!(written.stderr.contains("\u{1b}[?2026h"));
}

#[test]
fn a_forced_terminal_has_the_size_that_is_asked_for() {
    let setup = setup().environment([("PACELINE_FORCE_TTY", "40x10"), ("CI", "true")]);
    let mut script = Script::new(1, vec![suite("a")]);
    script.start("a").at(1.0).end("a", timed_out).finish();
    let written = setup.run(&script.events);
    assert!(written.stderr.contains("[?2026h"));
    assert!(
        written.stdout.contains(&format!("\n{}\n", "-".repeat(40))),
        "{}",
        written.stdout
    );
}

#[test]
fn a_test_of_a_framework_is_named_by_its_own_id() {
    let mut pytest = suite("api");
    pytest.framework = "pytest".to_owned();
    let mut script = Script::new(1, vec![pytest]);
    script.start("api").at(1.0).end("api", crashed).finish();
    let mut events = script.events.clone();
    for event in &mut events {
        if let EventKind::TestFinished(test) = &mut event.kind {
            test.test = "api::test_a.py::test_b".into();
        }
    }
    insta::assert_snapshot!(setup().run(&events).stdout, @"
      SIGSEGV [  1.00s] (1/1) api  1 test, 1 failed

     FAILURES (1)

     1) api::test_a.py::test_b  SIGSEGV  signal 11 (SIGSEGV)  1.00s
        │ (no output)
        log     .paceline/logs/api.log
        rerun   paceline run api
        native  make api

    ────────────────────────────────────────────────────────────────────────
     FAILED   1 test: 1 crashed
     time     1.00s wall
     limit    0.96s (all work on 1 job), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
     next     paceline run api   (1 failed)
    ");
}
