//! Suites whose tests frameworks run.

use paceline_engine::event::{EventKind, NoteKind, SuiteNote};
use paceline_engine::outcome::Outcome;

use super::*;
use crate::test_framework::{
    Story, eventful_suite, eventful_tests, framework_suite, play, shuffled, test_of,
};

#[test]
fn a_line_a_unit_and_the_failures_in_full() {
    insta::assert_snapshot!(setup().run(&eventful_suite()).both(), @r#"
    == stdout
    PASS   pytest  tests/test_auth.py                           3 tests   2.56s
    FAIL   pytest  tests/test_faults.py                         2 tests   5.03s   1 timed out, 1 crashed
           SIGSEGV test_segfault  0.03s  tests/test_faults.py:10
                signal 11 (SIGSEGV)
           TIMEOUT test_hang  5.00s  tests/test_faults.py:12
                timed out after 5s
    FLAKY  pytest  tests/test_flaky.py                          1 test    0.03s   1 flaky
           FLAKY 2/2 test_network  0.03s
    FAIL   pytest  tests/test_orders.py                         7 tests   0.59s   2 failed, 1 errored, 2 skipped, 1 xfailed, 1 xpassed
           FAIL test_refund  0.41s  tests/test_orders.py:12
                assert 10 == 11
           ERROR test_set_up  0.03s  tests/test_orders.py:12
                RuntimeError: no database
           FAIL test_parts  0.03s  tests/test_orders.py:12
                contains 1 failed subtest
    FAIL   pytest  tests/test_broken.py                         1 test    0.03s   1 errored
           ERROR tests/test_broken.py  0.03s  tests/test_broken.py:12
                ModuleNotFoundError: No module named 'nope'

     FAILURES (6)

     1) tests/test_faults.py::test_segfault  SIGSEGV  0.03s
        │ signal 11 (SIGSEGV)
        │ Fatal Python error: Segmentation fault
        at      tests/test_faults.py:10
        rerun   paceline run tests/test_faults.py::test_segfault
        native  python -m pytest 'tests/test_faults.py::test_segfault'

     2) tests/test_faults.py::test_hang  TIMEOUT  5.00s
        │ File "tests/test_faults.py", line 12 in test_hang
        at      tests/test_faults.py:12
        rerun   paceline run tests/test_faults.py::test_hang
        native  python -m pytest 'tests/test_faults.py::test_hang'

     3) tests/test_orders.py::test_refund  FAIL  0.41s
        │     def test_refund():
        │ >       assert total() == 11
        │ E       assert 10 == 11
        │ E        +  where 10 = total()
        │
        │ tests/test_orders.py:12: AssertionError
        │ ------------------------------- teardown -------------------------------
        │ E   OSError: disk full
        │ ------------------------- Captured stdout call -------------------------
        │ refunding
        │ red
        │ ------------------------- Captured stderr call -------------------------
        │ careful
        │ -------------------------- Captured log call ---------------------------
        │ INFO     orders:orders.py:3 refund
        at      tests/test_orders.py:12
        rerun   paceline run tests/test_orders.py::test_refund
        native  python -m pytest 'tests/test_orders.py::test_refund'

     4) tests/test_orders.py::test_set_up  ERROR  0.03s
        │ -------------------------------- setup ---------------------------------
        │ E   RuntimeError: no database
        at      tests/test_orders.py:12
        rerun   paceline run tests/test_orders.py::test_set_up
        native  python -m pytest 'tests/test_orders.py::test_set_up'

     5) tests/test_orders.py::test_parts  FAIL  0.03s
        │ ------------------------ subtest [second] (n=2) ------------------------
        │ E   assert 2 == 3
        │ contains 1 failed subtest
        at      tests/test_orders.py:12
        rerun   paceline run tests/test_orders.py::test_parts
        native  python -m pytest 'tests/test_orders.py::test_parts'

     6) tests/test_broken.py  ERROR  0.03s
        │ tests/test_broken.py:1: in <module>
        │ E   ModuleNotFoundError: No module named 'nope'
        at      tests/test_broken.py:12
        rerun   paceline run tests/test_broken.py
        native  python -m pytest 'tests/test_broken.py'

     FLAKY (1)
        tests/test_flaky.py::test_network  failed attempt 1 (ConnectionError: refused), passed attempt 2

     WARNINGS (4)
          [4]  api/orders.py:31: DeprecationWarning: utcnow() is deprecated
               use now()

     SLOWEST (3 of 14)
          5.00s  tests/test_faults.py::test_hang
          2.50s  tests/test_auth.py::TestToken::test_expiry[1::2]
          0.41s  tests/test_orders.py::test_refund

    ────────────────────────────────────────────────────────────────────────
     FAILED   14 tests: 4 passed (1 flaky), 2 failed, 2 errored, 1 timed out, 1 crashed, 2 skipped, 1 xfailed, 1 xpassed
     also     2 assertions
     time     8.26s wall, 8.26s sum of durations
     limit    7.93s (suites that do not fit beside each other), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
     next     paceline run tests/test_faults.py::test_segfault tests/test_faults.py::test_hang tests/test_orders.py::test_refund tests/test_orders.py::test_set_up tests/test_orders.py::test_parts tests/test_broken.py   (6 failed)
    == stderr
    paceline 0.1.0  1 suite, 2 jobs, run 01K3F9
    "#);
}

#[test]
fn verbose_tells_each_test_and_why_some_were_skipped() {
    let setup = setup().with(|options| options.verbosity = 1);
    let stdout = setup.run(&eventful_suite()).stdout;
    let (lines, _) = stdout.split_once("\n FAILURES").unwrap();
    insta::assert_snapshot!(lines, @"
         PASS [  0.03s] tests/test_auth.py::test_login
         PASS [  2.50s] tests/test_auth.py::TestToken::test_expiry[1::2]
         PASS [  0.03s] tests/test_auth.py::TestToken::test_renewal
      SIGSEGV [  0.03s] tests/test_faults.py::test_segfault
                        signal 11 (SIGSEGV)  tests/test_faults.py:10
      TIMEOUT [  5.00s] tests/test_faults.py::test_hang
                        timed out after 5s  tests/test_faults.py:12
    FLAKY 2/2 [  0.03s] tests/test_flaky.py::test_network
         FAIL [  0.41s] tests/test_orders.py::test_refund
                        assert 10 == 11  tests/test_orders.py:12
        ERROR [  0.03s] tests/test_orders.py::test_set_up
                        RuntimeError: no database  tests/test_orders.py:12
         SKIP [  0.03s] tests/test_orders.py::test_skipped  needs a network
         SKIP [  0.03s] tests/test_orders.py::test_skipped_too  needs a network
        XFAIL [  0.03s] tests/test_orders.py::test_xfailed  ticket 42
        XPASS [  0.03s] tests/test_orders.py::test_xpassed  ticket 43
         FAIL [  0.03s] tests/test_orders.py::test_parts
                        contains 1 failed subtest  tests/test_orders.py:12
        ERROR [  0.03s] tests/test_broken.py
                        ModuleNotFoundError: No module named 'nope'  tests/test_broken.py:12
    ");
    insta::assert_snapshot!(section(&stdout, " SKIPPED", " WARNINGS"), @"
    SKIPPED (2)
         [2]  tests/test_orders.py:7: needs a network
    ");
}

#[test]
fn as_they_end_failures_are_told_at_once_with_their_worker() {
    let setup = setup().with(|options| options.order = Some(Order::Completion));
    let stdout = setup.run(&eventful_suite()).stdout;
    let (lines, rest) = stdout.split_once("\n FAILURES").unwrap();
    insta::assert_snapshot!(lines, @"
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
        ERROR [  0.03s] w0 tests/test_broken.py
                        ModuleNotFoundError: No module named 'nope'  tests/test_broken.py:12
    ");
    assert!(rest.contains("    worker  1\n"), "{rest}");
}

#[test]
fn for_a_program_that_reads() {
    let setup = setup().environment([("AGENT", "1")]);
    insta::assert_snapshot!(setup.run(&eventful_suite()).stdout, @"
    SIGSEGV tests/test_faults.py::test_segfault (tests/test_faults.py:10, 0.03s)
    signal 11 (SIGSEGV)
    rerun: paceline run tests/test_faults.py::test_segfault
    TIMEOUT tests/test_faults.py::test_hang (tests/test_faults.py:12, 5.00s)
    timed out after 5s
    rerun: paceline run tests/test_faults.py::test_hang
    FAIL tests/test_orders.py::test_refund (tests/test_orders.py:12, 0.41s)
    assert 10 == 11
     +  where 10 = total()
    teardown: OSError: disk full
    rerun: paceline run tests/test_orders.py::test_refund
    ERROR tests/test_orders.py::test_set_up (tests/test_orders.py:12, 0.03s)
    RuntimeError: no database
    rerun: paceline run tests/test_orders.py::test_set_up
    FAIL tests/test_orders.py::test_parts (tests/test_orders.py:12, 0.03s)
    subtest [second] (n=2): assert 2 == 3
    contains 1 failed subtest
    rerun: paceline run tests/test_orders.py::test_parts
    ERROR tests/test_broken.py (tests/test_broken.py:12, 0.03s)
    ModuleNotFoundError: No module named 'nope'
    rerun: paceline run tests/test_broken.py
    FLAKY tests/test_flaky.py::test_network: failed attempt 1 (ConnectionError: refused), passed attempt 2
    14 tests: 4 passed (1 flaky), 2 failed, 2 errored, 1 timed out, 1 crashed, 2 skipped, 1 xfailed, 1 xpassed; 8.26s; logs .paceline/logs
    ");
}

#[test]
fn commands_and_frameworks_in_one_run_and_seen_from_a_directory_below() {
    let mut api = framework_suite("api");
    api.dir = "services/api".to_owned();
    api.framework = "phpunit".to_owned();
    let suites = [suite("lint"), api, framework_suite("web")];
    let tests = [
        test_of("api", "tests/test_a.py::test_x").lasting(0.2),
        test_of("web", "test_b.py::test_y")
            .ended(Outcome::Failed, "assert 0")
            .problem("call", "failed", "E   assert 0", "assert 0"),
    ];
    let setup = setup().with(|options| {
        options.root = "..".to_owned();
        options.program = Program::new(["-C", "my dir"], "..");
    });
    insta::assert_snapshot!(setup.run(&play(2, &suites, &tests, &[1, 0])).both(), @"
    == stdout
         PASS [  1.00s] (1/3) lint
    PASS   phpunit  ../services/api/tests/test_a.py              1 test    0.20s
         PASS [  1.23s] (2/3) api  1 test
    FAIL   pytest   ../test_b.py                                 1 test    0.03s   1 failed
           FAIL test_y  0.03s  ../test_b.py:12
                assert 0
         FAIL [  1.03s] (3/3) web  1 test, 1 failed

     FAILURES (1)

     1) ../test_b.py::test_y  FAIL  0.03s
        │ E   assert 0
        at      ../test_b.py:12
        rerun   paceline -C 'my dir' run ../test_b.py::test_y
        native  (cd .. && python -m pytest 'test_b.py::test_y')

     WARNINGS (1)
          [1]  ../api/orders.py:31: DeprecationWarning: utcnow() is deprecated
               use now()

     SLOWEST (1 of 2)
          0.20s  ../services/api/tests/test_a.py::test_x

    ────────────────────────────────────────────────────────────────────────
     FAILED   3 tests: 2 passed, 1 failed
     suites   3: 2 passed, 1 failed
     time     1.23s wall, 1.23s sum of durations
     limit    1.18s (suites that do not fit beside each other), efficiency 96 %
     logs     ../.paceline/logs
     reports  ../test-report.json  ../junit.xml
     next     paceline -C 'my dir' run ../test_b.py::test_y   (1 failed)
    == stderr
    paceline 0.1.0  3 suites, 2 jobs, run 01K3F9
    ");
}

#[test]
fn results_in_plan_order_do_not_depend_on_the_order_in_which_tests_ended() {
    let run = |verbosity, jobs: u32, order: &[usize]| {
        let suites = [
            framework_suite("api"),
            suite("lint"),
            framework_suite("web"),
        ];
        let mut tests = [eventful_tests("api"), eventful_tests("web")].concat();
        for (index, test) in tests.iter_mut().enumerate() {
            let details = test.details.as_mut().unwrap();
            details.worker = Some(index as u32 % jobs);
        }
        let setup = setup().with(|options| options.verbosity = verbosity);
        let mut stdout = setup.run(&play(jobs, &suites, &tests, order)).stdout;
        // The suites' own lines have the time that they took.
        let lines = stdout
            .lines()
            .filter(|line| !line.contains("] ("))
            .map(|line| format!("{line}\n"));
        stdout = lines.collect();
        stdout
    };
    let count = 2 * eventful_tests("api").len();
    let plan: Vec<usize> = (0..count).collect();
    let reversed: Vec<usize> = (0..count).rev().collect();
    for verbosity in [-1, 0, 1] {
        let expected = run(verbosity, 1, &plan);
        assert!(expected.contains("29 tests: "), "{expected}");
        assert_eq!(run(verbosity, 2, &shuffled(count)), expected);
        assert_eq!(run(verbosity, 4, &reversed), expected);
        assert_eq!(run(verbosity, 8, &shuffled(count)), expected);
    }
}

#[test]
fn in_github_annotations_have_files_and_lines() {
    let setup = setup().environment([("GITHUB_ACTIONS", "true"), ("NO_COLOR", "1")]);
    let stdout = setup.run(&eventful_suite()).stdout;
    let annotations = stdout.lines().filter(|line| line.starts_with("::error"));
    insta::assert_snapshot!(annotations.collect::<Vec<_>>().join("\n"), @"
    ::error file=tests/test_faults.py,line=10,title=SIGSEGV tests/test_faults.py%3A%3Atest_segfault::signal 11 (SIGSEGV)%0AFatal Python error: Segmentation fault
    ::error file=tests/test_faults.py,line=12,title=TIMEOUT tests/test_faults.py%3A%3Atest_hang::timed out after 5s
    ::error file=tests/test_orders.py,line=12,title=FAIL tests/test_orders.py%3A%3Atest_refund::assert 10 == 11%0A +  where 10 = total()
    ::error file=tests/test_orders.py,line=12,title=ERROR tests/test_orders.py%3A%3Atest_set_up::RuntimeError: no database
    ::error file=tests/test_orders.py,line=12,title=FAIL tests/test_orders.py%3A%3Atest_parts::contains 1 failed subtest
    ::error file=tests/test_broken.py,line=12,title=ERROR tests/test_broken.py::ModuleNotFoundError: No module named 'nope'
    ");
}

#[test]
fn warnings_are_counted_and_at_most_twenty_are_listed() {
    let tests: Vec<_> = (0..25)
        .map(|i| test_of("api", &format!("test_{i:02}.py::test")))
        .collect();
    let order: Vec<usize> = (0..25).collect();
    let mut events = play(2, &[framework_suite("api")], &tests, &order);
    let mut number = 0;
    for event in &mut events {
        if let EventKind::TestWarning(warning) = &mut event.kind {
            number += 1;
            warning.message = format!("warning {}", number % 22);
        }
    }
    let stdout = setup().run(&events).stdout;
    let warnings = section(&stdout, " WARNINGS", "──");
    assert!(warnings.starts_with(" WARNINGS (25)\n"), "{warnings}");
    assert!(
        warnings.contains("      [2]  api/orders.py:31: DeprecationWarning: warning 1\n"),
        "{warnings}"
    );
    assert!(warnings.trim_end().ends_with("and 2 more"), "{warnings}");
    assert_eq!(warnings.matches("DeprecationWarning").count(), 20);
}

#[test]
fn notes_about_suites_and_what_frameworks_say_at_the_end() {
    let tests = [test_of("api", "test_a.py::test_x")];
    let mut events = play(1, &[framework_suite("api")], &tests, &[0]);
    for (about, text) in [
        (NoteKind::Mode, "everything is collected first"),
        (NoteKind::Summary, "---- coverage ----\nTOTAL  93%\n"),
    ] {
        let mut event = events[1].clone();
        event.kind = EventKind::SuiteNote(SuiteNote {
            suite: "api".into(),
            about,
            text: text.to_owned(),
        });
        events.insert(2, event);
    }
    insta::assert_snapshot!(setup().run(&events).both(), @"
    == stdout
    PASS   pytest  test_a.py                                    1 test    0.03s

     WARNINGS (1)
          [1]  api/orders.py:31: DeprecationWarning: utcnow() is deprecated
               use now()

     SUMMARY (api)
        ---- coverage ----
        TOTAL  93%

    ────────────────────────────────────────────────────────────────────────
     PASSED   1 test: 1 passed
     time     0.03s wall, 0.03s sum of durations
     limit    0.03s (suites that do not fit beside each other), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
    == stderr
    paceline 0.1.0  1 suite, 1 job, run 01K3F9
    note: api: everything is collected first
    ");
}

#[test]
fn units_that_share_a_name_are_told_apart() {
    let mut tests = [
        test_of("api", "a.py::test_x").ended(Outcome::Failed, "assert 1"),
        test_of("api", "b.py::test_y"),
        test_of("api", "a.py::a.doctest").ended(Outcome::Failed, "Expected 2"),
    ];
    for test in &mut tests {
        test.details.as_mut().unwrap().rerun = None;
    }
    let units = |verbosity| {
        let setup = setup().with(|options| options.verbosity = verbosity);
        let events = play(1, &[framework_suite("api")], &tests, &[2, 1, 0]);
        let stdout = setup.run(&events).stdout;
        stdout.split_once("\n FAILURES").unwrap().0.to_owned()
    };
    insta::assert_snapshot!(units(0), @"
    FAIL   pytest  a.py                                         1 test    0.03s   1 failed
           FAIL test_x  0.03s  a.py:10
                assert 1
    PASS   pytest  b.py                                         1 test    0.03s
    FAIL   pytest  a.py                                         1 test    0.03s   1 failed
           FAIL a.doctest  0.03s  a.py:10
                Expected 2
    ");
    insta::assert_snapshot!(units(1), @"
    FAIL [  0.03s] a.py::test_x
                   assert 1  a.py:10
    PASS [  0.03s] b.py::test_y
    FAIL [  0.03s] a.py::a.doctest
                   Expected 2  a.py:10
    ");
}

#[test]
fn a_frameworks_own_outcomes_are_told_beside_ours() {
    let test = |id: &str, word: &str| {
        test_of("api", id).with(|details| details.native_outcome = Some(word.to_owned()))
    };
    let tests = [
        test("a::one", "risky"),
        test("a::two", "incomplete")
            .ended(Outcome::Skipped, "later")
            .reason("call", "skipped", "later"),
        test("a::three", "warning").ended(Outcome::Failed, "careful"),
    ];
    let setup = setup().with(|options| options.verbosity = 1);
    let events = play(1, &[framework_suite("api")], &tests, &[0, 1, 2]);
    let stdout = setup.run(&events).stdout;
    let (lines, _) = stdout.split_once("\n FAILURES").unwrap();
    insta::assert_snapshot!(lines, @"
    PASS [  0.03s] a::one  (risky)
    SKIP [  0.03s] a::two  (incomplete)  later
    FAIL [  0.03s] a::three  (warning)
                   careful  a:10
    ");
    insta::assert_snapshot!(section(&stdout, " SKIPPED", " WARNINGS"), @"
    SKIPPED (1)
         [1]  a:7: incomplete: later
    ");
    let also = stdout.lines().find(|line| line.starts_with(" also"));
    assert_eq!(also, Some(" also     1 incomplete, 1 risky, 1 warning"));
}
