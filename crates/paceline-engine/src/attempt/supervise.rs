//! Runs one attempt from start to clean-up.

use std::cell::Cell;
use std::ffi::OsString;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::control::{Control, Stop};
use super::file_log::FileLog;
use super::output::{OutputBudget, OutputSink, Read, read};
use super::phase::{Cause, Phase, verdict};
use super::program::{Program, ProgramLog, Sweep};
use crate::capture::{Capture, LogError};
use crate::event::{AttemptResult, LeakedProcess, Usage};
use crate::outcome::Outcome;
use crate::sys::{self, ExitWatch, Waiter};

/// How long output is still read after the program itself has ended, where something else holds the
/// other end of the pipe.
const DRAIN: Duration = Duration::from_millis(200);
/// How long a process that was left behind has to end after `TERM`.
const STRAY_GRACE: Duration = Duration::from_millis(500);
/// Longer than any run.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
/// How often a process that was told to end is looked for, where nothing tells of its end.
const STRAY_INTERVAL: Duration = Duration::from_millis(5);
/// How often a slow reporter is asked whether it can take more.
const BUDGET_INTERVAL: Duration = Duration::from_millis(20);
/// How much is read at a time, in bytes: what a pipe holds.
const READ_SIZE: usize = 64 * 1024;

/// Reads between two looks at everything else.
const READS_AT_ONCE: usize = 16;

thread_local! {
    /// What the attempts of a thread read into, one after another: fresh memory for each would be
    /// cleared each time.
    static BUFFER: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// What all attempts of a run share.
pub(crate) struct Context<'a> {
    pub(crate) run: &'a str,
    pub(crate) began: Instant,
    pub(crate) capture: &'a dyn Capture,
    /// The environment that every program starts from.
    pub(crate) environment: &'a [(OsString, OsString)],
    /// Time between `TERM` and `KILL`.
    pub(crate) kill_grace: Duration,
    /// Where reporters want output: the bound on what is on its way to them.
    pub(crate) output: Option<&'a OutputBudget>,
}

/// What an attempt tells while it runs.
pub(crate) enum Update {
    Started { pid: u32 },
    Output(Vec<u8>),
    LogFailed(LogError),
}

/// Runs an attempt and answers how it went. Blocks until nothing of it is left.
pub(crate) fn supervise(
    cx: &Context<'_>,
    program: &Program<'_>,
    place: usize,
    control: &Control,
    waiter: &Waiter,
    tell: &dyn Fn(Update),
) -> AttemptResult {
    let (log, output) = match &program.log {
        ProgramLog::Suite(suite) => {
            let log = cx.capture.open(suite, program.attempt);
            (log.map(Some), cx.output)
        }
        ProgramLog::File(path) => (FileLog::open(path).map(Some), None),
        ProgramLog::Terminal => (Ok(None), None),
    };
    let log = log.map_err(|error| tell(Update::LogFailed(error)));
    let log = log.ok().flatten();
    let mut sink = OutputSink::new(log, output);
    let start = Instant::now();
    let blank = AttemptResult {
        attempt: program.attempt,
        outcome: Outcome::Errored,
        exit: None,
        message: None,
        started_at: start.duration_since(cx.began),
        duration: Duration::ZERO,
        usage: Usage::default(),
        output_bytes: 0,
        tail: Vec::new(),
        leaked: Vec::new(),
    };
    let result = match start_program(cx, program) {
        Ok((pid, output, watch)) => {
            sys::register(place, Some(pid));
            tell(Update::Started {
                pid: pid.as_raw_nonzero().get().unsigned_abs(),
            });
            let attempt = Attempt {
                cx,
                program,
                control,
                waiter,
                tell,
                pid,
                watch,
                output,
                sink: &mut sink,
                buffer: BUFFER.take().unwrap_or_else(|| vec![0; READ_SIZE].into()),
            };
            let (result, buffer) = attempt.run(start, &blank);
            BUFFER.set(Some(buffer));
            sys::register(place, None);
            result
        }
        Err(message) => AttemptResult {
            message: Some(message),
            duration: start.elapsed(),
            ..blank
        },
    };
    if let Err(error) = sink.finish(&result) {
        tell(Update::LogFailed(error));
    }
    result
}

fn start_program(
    cx: &Context<'_>,
    program: &Program<'_>,
) -> Result<(Pid, Option<std::os::fd::OwnedFd>, ExitWatch), String> {
    let marks = [
        (sys::RUN_VARIABLE, cx.run),
        (sys::SUITE_VARIABLE, &program.suite),
    ]
    .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let added: Vec<_> = marks
        .into_iter()
        .chain(program.env.iter().cloned())
        .collect();
    let place = match program.log {
        ProgramLog::Terminal => sys::Place::Terminal,
        ProgramLog::Suite(_) | ProgramLog::File(_) => sys::Place::Apart,
    };
    let spawned = sys::spawn(&program.launch, cx.environment, &added, place)
        .map_err(|error| error.to_string())?;
    match ExitWatch::new(spawned.pid) {
        Ok(watch) => Ok((spawned.pid, spawned.output, watch)),
        Err(error) => {
            sys::kill_session(spawned.pid);
            let _ = sys::reap(spawned.pid);
            Err(format!("watching the process that was started: {error}"))
        }
    }
}

/// An attempt whose program runs.
struct Attempt<'a, 'b> {
    cx: &'a Context<'a>,
    program: &'a Program<'a>,
    control: &'a Control,
    waiter: &'a Waiter,
    tell: &'a dyn Fn(Update),
    pid: Pid,
    watch: ExitWatch,
    /// `None` once nobody writes any more.
    output: Option<std::os::fd::OwnedFd>,
    sink: &'b mut OutputSink<'a>,
    buffer: Box<[u8]>,
}

impl Attempt<'_, '_> {
    /// Runs it to its end; gives back its buffer too.
    fn run(mut self, start: Instant, blank: &AttemptResult) -> (AttemptResult, Box<[u8]>) {
        let timeout = self.program.timeout.unwrap_or(FOREVER);
        let phase = self.until_exit(Phase::Running {
            deadline: start + timeout,
        });
        let duration = start.elapsed();
        self.drain();
        let leaked = self.stop_strays();
        if let Some(rest) = self.sink.last_line() {
            (self.tell)(Update::Output(rest));
        }
        let (exit, usage) = match sys::reap(self.pid) {
            Ok((exit, usage)) => (Some(exit), usage),
            Err(_) => (None, Usage::default()),
        };
        let (outcome, message) = verdict(phase.cause(), exit, timeout);
        let result = AttemptResult {
            outcome,
            exit,
            message,
            duration,
            usage,
            output_bytes: self.sink.bytes(),
            tail: if outcome == Outcome::Passed {
                Vec::new()
            } else {
                self.sink.take_tail()
            },
            // What is left of a program that was stopped was never meant to stay.
            leaked: if phase.cause().is_none() {
                leaked
            } else {
                Vec::new()
            },
            ..blank.clone()
        };
        (result, self.buffer)
    }

    /// Reads output and keeps deadlines until the program itself has ended.
    fn until_exit(&mut self, mut phase: Phase) -> Phase {
        loop {
            // Before sleeping: a request that came while nobody slept has left no wake-up.
            phase = self.advance(phase, Instant::now());
            let must_wait = self.sink.must_wait();
            let output = self.output.as_ref().filter(|_| !must_wait).map(AsFd::as_fd);
            let until_deadline = phase
                .next_deadline()
                .map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let patience = (must_wait && self.output.is_some()).then_some(BUDGET_INTERVAL);
            let timeout = [until_deadline, patience].into_iter().flatten().min();
            let fds = [output, Some(self.watch.as_fd()), Some(self.waiter.as_fd())];
            let Ok([readable, exited, told]) = sys::poll_fds(fds, timeout) else {
                // Only a bug can make this fail; better a killed suite than a run that never ends.
                sys::kill_session(self.pid);
                return Phase::Killed {
                    cause: Cause::Stopped,
                };
            };
            if readable {
                self.read_some(READS_AT_ONCE);
            }
            if exited {
                return phase;
            }
            if told {
                self.waiter.clear();
            }
        }
    }

    /// Terminates and kills when it is time, or when it was asked for.
    fn advance(&self, phase: Phase, now: Instant) -> Phase {
        let requested = self.control.requested();
        match (phase, requested) {
            (Phase::Killed { .. }, _) => phase,
            (_, Some(Stop::AtOnce)) => {
                sys::kill_session(self.pid);
                let cause = phase.cause().unwrap_or(Cause::Stopped);
                Phase::Killed { cause }
            }
            (Phase::Running { .. }, Some(Stop::Gently)) => self.terminate(Cause::Stopped, now),
            (Phase::Running { deadline }, None) if now >= deadline => {
                self.terminate(Cause::Timeout, now)
            }
            (Phase::Terminating { cause, kill_at }, _) if now >= kill_at => {
                sys::kill_session(self.pid);
                Phase::Killed { cause }
            }
            _ => phase,
        }
    }

    fn terminate(&self, cause: Cause, now: Instant) -> Phase {
        sys::terminate(self.pid);
        let kill_at = now + self.cx.kill_grace;
        Phase::Terminating { cause, kill_at }
    }

    fn read_some(&mut self, times: usize) {
        for _ in 0..times {
            let Some(output) = &self.output else { return };
            match read(output, &mut self.buffer) {
                Read::Bytes(n) => {
                    let (lines, error) = self.sink.write(&self.buffer[..n]);
                    if let Some(error) = error {
                        (self.tell)(Update::LogFailed(error));
                    }
                    if let Some(lines) = lines {
                        (self.tell)(Update::Output(lines));
                    }
                    if self.sink.must_wait() {
                        return;
                    }
                }
                Read::Later => return,
                Read::End => self.output = None,
            }
        }
    }

    /// Reads what is left. The program's end is the end: a process in the background that holds the
    /// pipe is waited for only shortly.
    fn drain(&mut self) {
        let until = Instant::now() + DRAIN;
        loop {
            self.read_some(READS_AT_ONCE);
            let now = Instant::now();
            let Some(output) = &self.output else { return };
            if now >= until {
                return;
            }
            if sys::poll_fds([Some(output.as_fd())], Some(until - now)).is_err() {
                return;
            }
        }
    }

    /// Ends every process that the program has left; answers which there were.
    fn stop_strays(&mut self) -> Vec<LeakedProcess> {
        let suite = (self.program.sweep == Sweep::Suite).then_some(&*self.program.suite);
        let find = || sys::attributed_to(self.pid, self.cx.run, suite);
        let found = find();
        if found.is_empty() {
            return Vec::new();
        }
        for stray in &found {
            stray.signal(Signal::TERM);
        }
        let began = Instant::now();
        loop {
            let left = find();
            let waited = began.elapsed();
            if left.is_empty() || waited > STRAY_GRACE * 4 {
                break;
            }
            if waited > STRAY_GRACE || self.control.requested() == Some(Stop::AtOnce) {
                for stray in &left {
                    stray.signal(Signal::KILL);
                }
            }
            std::thread::sleep(STRAY_INTERVAL);
        }
        found.iter().map(sys::Stray::report).collect()
    }
}
