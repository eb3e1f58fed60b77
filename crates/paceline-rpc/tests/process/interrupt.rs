//! The end of the test binary itself: Ctrl-C in every phase, and worse.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::processes::until_gone;
use crate::running::me;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_test_process_that_panics_leaves_nothing", || {
        dies_leaving_nothing("panic");
    }),
    ("a_test_process_that_is_killed_leaves_nothing", || {
        dies_leaving_nothing("kill");
    }),
    ("interrupts_while_starting", || interrupted_at("starting")),
    ("interrupts_while_connecting", || {
        interrupted_at("connecting");
    }),
    ("interrupts_while_stopping", interrupted_while_stopping),
    ("interrupts_in_before_all", || interrupted_at("before_all")),
    ("interrupts_in_before_each", || {
        interrupted_at("before_each");
    }),
    ("interrupts_in_after_each", || interrupted_at("after_each")),
    ("interrupts_in_a_test_that_blocks_its_thread", || {
        interrupted_at("blocked");
    }),
    ("interrupts_in_a_test", || interrupted_at("test")),
    ("interrupts_in_after_all", || interrupted_at("after_all")),
    ("a_second_interrupt_kills_at_once", interrupted_twice),
];

/// Starts this program as a test binary, and returns the pid of its server.
fn inner(
    how: &str,
) -> (
    std::process::Child,
    BufReader<std::process::ChildStdout>,
    u32,
) {
    let mut child = Command::new(me())
        .env("RPC_FIXTURE", "inner")
        .arg(how)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("server pid ") {
        line.clear();
        assert_ne!(
            output.read_line(&mut line).unwrap(),
            0,
            "ended before its server started"
        );
    }
    let pid = line.rsplit(' ').next().unwrap().trim().parse().unwrap();
    (child, output, pid)
}

fn dies_leaving_nothing(how: &str) {
    let (mut child, _output, server) = inner(how);
    let status = child.wait().unwrap();
    assert!(!status.success());
    until_gone(server);
}

fn interrupt(child: &std::process::Child) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
}

fn interrupted_at(phase: &str) {
    let (mut child, mut output, server) = inner(phase);
    interrupt(&child);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130), "{rest}");
    assert!(rest.contains("test result: interrupted."), "{rest}");
    until_gone(server);
}

fn interrupted_twice() {
    let (mut child, mut output, server) = inner("hang");
    interrupt(&child);
    let mut line = String::new();
    // The first is known to have arrived before the second is sent.
    while !line.contains("cleaning for ever") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0);
    }
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    until_gone(server);
}

fn interrupted_while_stopping() {
    let (mut child, _output, server) = inner("stopping");
    // The server takes no notice of SIGTERM and has a minute for it, so that only the second
    // interrupt, or a later one, can end this.
    while child.try_wait().unwrap().is_none() {
        interrupt(&child);
        std::thread::yield_now();
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    until_gone(server);
}
