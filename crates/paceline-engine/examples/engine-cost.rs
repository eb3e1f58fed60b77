//! What the engine itself costs for each suite: its CPU time without the logs, reports, record and
//! history that the command adds. `engine-cost COUNT PROGRAM [ARGUMENT…]` runs as many suites of the
//! program on two slots and prints one line of numbers: the engine's CPU time and that of the
//! programs, both in microseconds a suite.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use paceline_engine::capture::{AttemptLog, Capture, LogError};
use paceline_engine::dispatch::{self, Inbox, Options, Transport};
use paceline_engine::event::AttemptResult;
use paceline_engine::plan::{Constraints, Launch, Plan, Selection, Suite, Work};

/// Throws away what suites print.
struct Nowhere;

impl Capture for Nowhere {
    fn open(&self, _: &Suite, _: u32) -> Result<Box<dyn AttemptLog>, LogError> {
        Ok(Box::new(Self))
    }
}

impl AttemptLog for Nowhere {
    fn write(&mut self, _: &[u8]) -> Result<(), LogError> {
        Ok(())
    }

    fn finish(self: Box<Self>, _: &AttemptResult) -> Result<(), LogError> {
        Ok(())
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let count = arguments
        .next()
        .and_then(|count| count.to_str()?.parse().ok());
    let argv: Vec<_> = arguments.collect();
    let (Some(count), false) = (count, argv.is_empty()) else {
        eprintln!("usage: engine-cost COUNT PROGRAM [ARGUMENT…]");
        return ExitCode::from(2);
    };
    let root = std::env::temp_dir();
    let suite = |number: u32| Suite {
        name: format!("s{number:04}").into(),
        framework: "command",
        description: None,
        category: None,
        launch: Launch {
            argv: argv.clone(),
            display: String::new(),
            dir: root.clone(),
            env: Vec::new(),
        },
        work: Work::Command,
        depends_on: Vec::new(),
        constraints: Constraints::default(),
        group: None,
        timeout: Duration::from_secs(60),
        retries: 0,
        allow_failure: false,
        selection: Selection::Selected,
        expected: None,
    };
    let plan = Plan {
        suites: (0..count).map(suite).collect(),
        resources: Vec::new(),
    };
    let options = Options {
        run: "engine-cost".to_owned(),
        started: Timestamp::now(),
        began: Instant::now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        root: root.clone(),
        jobs: 2,
        max_fail: None,
        kill_grace: Duration::from_secs(1),
        environment: std::env::vars_os().collect(),
        output: None,
        worker_logs: root,
        transport: Transport::Auto,
    };
    let before = [cpu(libc::RUSAGE_SELF), cpu(libc::RUSAGE_CHILDREN)];
    let result = dispatch::run(&plan, &options, &Nowhere, &Inbox::new(), &mut |_| {});
    let after = [cpu(libc::RUSAGE_SELF), cpu(libc::RUSAGE_CHILDREN)];
    let counts = result.finished.counts;
    if counts.passed != u64::from(count) {
        eprintln!("{} of {count} suites passed", counts.passed);
        return ExitCode::FAILURE;
    }
    let a_suite = |which: usize| {
        after[which].saturating_sub(before[which]).as_secs_f64() * 1e6 / f64::from(count)
    };
    println!("{:.1} {:.1}", a_suite(0), a_suite(1));
    ExitCode::SUCCESS
}

/// User and system time.
fn cpu(who: libc::c_int) -> Duration {
    // SAFETY: `rusage` is plain data for which all zeros is a value, and it outlives the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(who, &raw mut usage);
        usage
    };
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.unsigned_abs())
            + Duration::from_micros(time.tv_usec.unsigned_abs())
    };
    time(usage.ru_utime) + time(usage.ru_stime)
}
