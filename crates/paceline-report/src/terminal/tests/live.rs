//! The live region, on an emulated terminal.

use paceline_engine::event::EventKind;

use super::*;
use crate::test_events::{seconds, timed_out};
use crate::test_framework::{framework_suite, play, test_of};

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
    screen.terminal.finish().unwrap();
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
        2.00s  a-sui…-long-name-0
        2.00s  a-sui…-long-name-1
        2.00s  a-sui…-long-name-2
        2.00s  a-sui…-long-name-3
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
fn tests_of_frameworks_are_listed_with_their_workers_and_failures_stay_above() {
    let events = crate::test_framework::eventful_suite();
    let is_start_of = |id: &'static str| move |event: &Event| matches!(&event.kind, EventKind::AttemptStarted(started) if started.test.ends_with(id));
    let place = |id| events.iter().position(is_start_of(id)).unwrap();
    let mut screen = Screen::new(80, 24, |_| {});
    screen.feed(&events[..2]).tick(0.1);
    insta::assert_snapshot!(screen.contents(), @"
    paceline 0.1.0  1 suite, 2 jobs, run 01K3F9
                               0/0+  0%  00:00
        0.10s  api  collecting
    ");
    screen.feed(&events[2..=place("::test_refund")]).tick(9.0);
    insta::assert_snapshot!(screen.contents(), @"
    paceline 0.1.0  1 suite, 2 jobs, run 01K3F9
      SIGSEGV [  0.03s] w0 tests/test_faults.py::test_segfault
                        signal 11 (SIGSEGV)  tests/test_faults.py:10
      TIMEOUT [  5.00s] w0 tests/test_faults.py::test_hang
                        timed out after 5s  tests/test_faults.py:12
    FLAKY 2/2 [  0.03s] w0 tests/test_flaky.py::test_network
     ███████████               6/13+  46%  00:09  2 failed  1 flaky
        1.36s  w1  tests/test_orders.py::test_refund
    ");
    screen
        .feed(&events[place("::test_refund") + 1..=place("test_broken.py")])
        .tick(12.0);
    insta::assert_snapshot!(screen.contents(), @"
    paceline 0.1.0  1 suite, 2 jobs, run 01K3F9
      SIGSEGV [  0.03s] w0 tests/test_faults.py::test_segfault
                        signal 11 (SIGSEGV)  tests/test_faults.py:10
      TIMEOUT [  5.00s] w0 tests/test_faults.py::test_hang
                        timed out after 5s  tests/test_faults.py:12
    FLAKY 2/2 [  0.03s] w0 tests/test_flaky.py::test_network
         FAIL [  0.41s] w1 tests/test_orders.py::test_refund
                        assert 10 == 11  tests/test_orders.py:12
        ERROR [  0.03s] w0 tests/test_orders.py::test_set_up
                        RuntimeError: no database  tests/test_orders.py:12
         FAIL [  0.03s] w0 tests/test_orders.py::test_parts
                        contains 1 failed subtest  tests/test_orders.py:12
     ██████████████████████▎   13/14  92%  00:12  5 failed  1 flaky  2 skipped
        3.00s  w0  tests/test_broken.py
    ");
}

#[test]
fn of_what_runs_the_end_of_its_name_and_the_notes_are_seen() {
    let id = "tests/renewals/test_subscriptions.py::TestRenewals::test_amounts[currency=EUR]";
    let mut events = play(1, &[framework_suite("api")], &[test_of("api", id)], &[0]);
    let mut started = 0;
    for (place, event) in events.iter_mut().enumerate() {
        if let EventKind::AttemptStarted(attempt) = &mut event.kind {
            attempt.attempt = 2;
            started = place;
        }
    }
    let running = |columns| {
        let mut screen = Screen::new(columns, 8, |_| {});
        let contents = screen.feed(&events[..=started]).tick(2.0).contents();
        contents.lines().last().unwrap().to_owned()
    };
    insta::assert_snapshot!(running(60), @"    2.00s  w0  tests/ren…unts[currency=EUR]  attempt 2 of 2");
    insta::assert_snapshot!(running(80), @"    2.00s  w0  tests/renewals/…wals::test_amounts[currency=EUR]  attempt 2 of 2");
    insta::assert_snapshot!(running(120), @"    2.00s  w0  tests/renewals/test_subscriptions.py::TestRenewals::test_amounts[currency=EUR]  attempt 2 of 2");
}
