//! Runs that a test watches and acts on while they go on.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use rustix::fs::{CWD, FileType, Mode};
use rustix::process::{Pid, Signal};
use serde_json::Value;

use crate::environment::TestEnvironment;

impl TestEnvironment {
    /// Starts paceline and follows its events, the output of suites among them.
    pub(crate) fn follow(&self, args: &[&str]) -> Following {
        let mut command = self.command(args);
        command.args(["--events", "-", "-v"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap();
        let stdout = child.stdout.take().unwrap();
        Following {
            child,
            lines: BufReader::new(stdout).lines(),
        }
    }

    /// Interrupts a run in the midst of a test that writes the file `worker` and does not end, and
    /// waits for the run's end.
    pub(crate) fn interrupt_in(&self, test: &str) {
        let mut run = self.follow(&["-j", "1"]);
        run.until(|event| event["kind"] == "attempt-started" && event["test"] == test);
        while !self.root().join("worker").exists() {
            std::thread::yield_now();
        }
        run.signal(Signal::INT);
        assert_eq!(run.end(), Some(130));
    }

    /// Runs a suite in which `test` fails after it has printed 100 MB, and the next test reads
    /// `go-on`: paceline cuts the output and does not keep it.
    pub(crate) fn expect_little_memory_for(&self, test: &str) {
        // Keeps paceline from ending before its memory has been looked at.
        let go_on = self.root().join("go-on");
        rustix::fs::mknodat(CWD, &go_on, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let mut run = self.follow(&["-j", "1"]);
        let event = run.until(|event| event["kind"] == "test-finished" && event["test"] == test);
        assert!(event.to_string().contains("characters cut"));
        let memory = run.peak_memory();
        self.write("go-on", "");
        assert_eq!(run.end(), Some(1));
        assert!(memory < 64 << 20, "{memory} bytes");
    }

    /// The process whose id a suite has written to this file.
    pub(crate) fn process(&self, file: &str) -> Pid {
        Pid::from_raw(self.read(file).trim().parse().unwrap()).unwrap()
    }
}

/// A run whose events are read as they come.
pub(crate) struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Following {
    /// Reads up to the first event for which `wanted` holds.
    ///
    /// # Panics
    /// If the run ends before.
    #[track_caller]
    pub(crate) fn until(&mut self, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        for line in &mut self.lines {
            let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if wanted(&event) {
                return event;
            }
        }
        panic!("the run ended before what was waited for happened")
    }

    /// Reads until a suite has printed a line.
    #[track_caller]
    pub(crate) fn until_printed(&mut self, suite: &str, line: &str) {
        self.until(|event| {
            let text = event["text"].as_str().unwrap_or_default();
            event["kind"] == "output" && event["suite"] == suite && text.lines().any(|l| l == line)
        });
    }

    /// The most memory that paceline itself has had so far, in bytes. Something has to keep it from
    /// ending meanwhile: a process that has ended has none.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse::<u64>().unwrap() * 1024
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Reads all that is left and waits for the end; the exit code, if it has one.
    pub(crate) fn end(mut self) -> Option<i32> {
        for line in &mut self.lines {
            drop(line.unwrap());
        }
        self.child.wait().unwrap().code()
    }

    /// Closes the reading end and waits for the end.
    pub(crate) fn close_stdout(mut self) -> Option<i32> {
        drop(self.lines);
        self.child.wait().unwrap().code()
    }
}

/// Whether a process exists and is no zombie.
pub(crate) fn is_alive(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    let state = stat
        .ok()
        .and_then(|stat| stat.rsplit_once(") ")?.1.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

/// Waits until a process is gone; what ends it has been set off before.
#[track_caller]
pub(crate) fn await_death(pid: Pid) {
    // Far beyond what a kill takes: reached only where nothing kills it.
    for _ in 0..6000 {
        if !is_alive(pid) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("process {pid:?} lives on");
}
