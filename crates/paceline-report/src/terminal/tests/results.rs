//! Results, failures and summaries where there is no terminal.

use std::io::{self, Write};

use paceline_engine::event::{EventKind, NotRun};
use paceline_engine::outcome::Outcome;

use super::*;
use crate::test_events::{because, crashed, eventful, seconds};

#[test]
fn all_pass_in_plan_order() {
    insta::assert_snapshot!(setup().run(&all_pass()).both(), @"
    == stdout
         PASS [  0.41s] (1/3) unit
         PASS [  39.6s] (2/3) integration
         PASS [  0.09s] (3/3) lint
    ────────────────────────────────────────────────────────────────────────
     PASSED   3 suites: 3 passed
     time     39.6s wall, 40.1s sum of durations
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
     time     39.6s wall, 40.1s sum of durations
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
     time     2.00s wall, 2.00s sum of durations
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
     time     39.6s wall, 40.1s sum of durations
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
fn a_log_that_is_not_whole_is_in_the_verdict_and_not_named() {
    let mut script = Script::new(1, vec![suite("a"), suite("b")]);
    script
        .start("a")
        .warning(Some("a"), "cannot write the log: disk full", true);
    script.fail("a", "no\n").start("b").pass("b").finish();
    let text = setup().run(&script.events).stdout;
    assert!(
        text.contains("\n FAILED, with errors 2 suites: 1 passed, 1 failed\n"),
        "{text}"
    );
    assert!(!text.contains("    log "), "{text}");
    assert!(
        text.contains("\n logs     .paceline/logs\n"),
        "b has one: {text}"
    );
    let agent = setup().environment([("AI_AGENT", "x")]);
    let text = agent.run(&script.events).stdout;
    assert!(text.contains("; with errors; logs"), "{text}");
    assert!(!text.contains("log: "), "{text}");
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
     time     1.20s wall, 1.20s sum of durations
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

     FAILURES (1)

     1) test_a.py::test_b  SIGSEGV  1.00s
        │ signal 11 (SIGSEGV)
        rerun   paceline run test_a.py::test_b

    ────────────────────────────────────────────────────────────────────────
     FAILED   1 test: 1 crashed
     time     1.00s wall, 1.00s sum of durations
     limit    0.96s (all work on 1 job), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
     next     paceline run test_a.py::test_b   (1 failed)
    ");
}
