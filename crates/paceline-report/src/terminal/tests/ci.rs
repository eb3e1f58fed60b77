//! For CI systems and for programs that read.

use super::verbose::{chatty, verbose};
use super::*;
use crate::test_events::eventful;

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
