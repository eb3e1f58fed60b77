//! Runs that are ended from outside.

use rustix::process::Signal;

use crate::environment::TestEnvironment;
use crate::following::{await_death, is_alive};

/// One suite that runs until it is stopped, one that waits behind it.
const WAITING: &str = r#"
    jobs = 1
    kill-grace = "50ms"
    [suite.first]
    command = "echo $$ > pid; echo ready; sleep 60"
    [suite.second]
    command = "true"
"#;

#[test]
fn an_interrupt_leaves_a_complete_report_and_130() {
    let env = TestEnvironment::with_config(WAITING);
    let mut run = env.follow(&[]);
    run.until_printed("first", "ready");
    run.signal(Signal::INT);
    assert_eq!(run.end(), Some(130));
    let report = env.report();
    assert_eq!(report.outcome("first"), "not-run");
    assert_eq!(
        report.message("first"),
        "stopped while it ran: interrupted by SIGINT"
    );
    assert_eq!(report.outcome("second"), "not-run");
    assert_eq!(report.summary(), [2, 0, 0, 2]);
    assert_eq!(report.0["interrupted"], "SIGINT");
    assert_eq!(report.0["complete"], true);
    assert!(!is_alive(env.process("pid")));
}

#[test]
fn a_second_interrupt_does_not_wait_for_the_grace() {
    let env = TestEnvironment::with_config(
        r#"
        kill-grace = "10m"
        [suite.stubborn]
        command = "trap 'echo asked' TERM; echo $$ > pid; echo ready; while :; do sleep 1; done"
        "#,
    );
    let mut run = env.follow(&[]);
    run.until_printed("stubborn", "ready");
    run.signal(Signal::INT);
    run.until_printed("stubborn", "asked");
    run.signal(Signal::INT);
    assert_eq!(run.end(), Some(130));
    assert_eq!(env.report().outcome("stubborn"), "not-run");
    assert!(!is_alive(env.process("pid")));
}

#[test]
fn sigterm_ends_a_run_with_143() {
    let env = TestEnvironment::with_config(WAITING);
    let mut run = env.follow(&[]);
    run.until_printed("first", "ready");
    run.signal(Signal::TERM);
    assert_eq!(run.end(), Some(143));
    assert_eq!(env.report().message("second"), "interrupted by SIGTERM");
}

#[test]
fn what_had_ended_before_an_interrupt_keeps_its_outcome() {
    let env = TestEnvironment::with_config(
        r#"
        jobs = 1
        [suite.done]
        command = "exit 3"
        [suite.running]
        command = "echo ready; sleep 60"
        "#,
    );
    let mut run = env.follow(&[]);
    run.until_printed("running", "ready");
    run.signal(Signal::INT);
    assert_eq!(run.end(), Some(130));
    assert_eq!(env.report().outcome("done"), "failed");
    assert_eq!(env.report().summary(), [2, 0, 1, 1]);
}

#[test]
fn a_closed_stdout_ends_the_run_quietly() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.chatty]
        command = "echo $$ > pid; echo ready; while :; do echo more; sleep 0.01; done"
        "#,
    );
    let mut run = env.follow(&[]);
    run.until_printed("chatty", "ready");
    assert_eq!(run.close_stdout(), Some(141));
    assert!(!is_alive(env.process("pid")));
    assert_eq!(env.report().0["complete"], true);
}

#[test]
fn a_third_interrupt_ends_a_run_whose_output_nobody_reads() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.waiting]
        command = "echo $$ > pid; sleep 60"
        "#,
    );
    let (unread, mut full) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&full, true).unwrap();
    while std::io::Write::write(&mut full, &[0; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&full, false).unwrap();
    let mut command = env.command([""; 0]);
    command.stdout(full).stderr(std::process::Stdio::null());
    let mut run = command.spawn().unwrap();
    let written = |text: String| text.ends_with('\n');
    while !std::fs::read_to_string(env.root().join("pid")).is_ok_and(written) {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&run);
    let status = loop {
        if let Some(status) = run.try_wait().unwrap() {
            break status;
        }
        rustix::process::kill_process(pid, Signal::INT).unwrap();
        std::thread::yield_now();
    };
    assert_eq!(status.code(), Some(130));
    drop(unread);
    await_death(env.process("pid"));
}

#[test]
fn a_killed_paceline_leaves_nothing_behind_and_the_next_run_works() {
    let env = TestEnvironment::with_config(
        r#"
        jobs = 2
        [suite.group]
        command = "sleep 60 & echo $! > child; echo $$ > leader; echo ready; test -e fast || wait"
        [suite.daemon]
        command = "setsid sleep 60 >/dev/null 2>&1 & echo $! > daemon; echo ready; test -e fast || sleep 60"
        "#,
    );
    let mut run = env.follow(&[]);
    run.until_printed("group", "ready");
    // The other one may have been first.
    while !env.root().join("daemon").exists() {
        std::thread::yield_now();
    }
    run.signal(Signal::KILL);
    assert_eq!(run.end(), None);
    for file in ["child", "leader", "daemon"] {
        await_death(env.process(file));
    }
    env.write("fast", "");
    env.expect(0, &[]);
}
