//! Events of made-up runs, for the tests of all reporters.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use paceline_engine::event::{
    AttemptFinished, AttemptResult, AttemptStarted, EVENT_FORMAT_VERSION, Event, EventKind,
    FailedDependency, LeakedProcess, NotRun, NoteKind, Output, RunFinished, RunStarted, Stopping,
    SuiteFinished, SuiteInfo, SuiteNote, SuiteReported, SuiteStarted, TestFinished, TestWarning,
    UnitCollected, UnitReported, Usage, Warning,
};
use paceline_engine::limit::{Limit, LimitTerm};
use paceline_engine::outcome::{Counts, Exit, Outcome};

/// A writer whose contents a test can look at.
#[derive(Clone, Default)]
pub(crate) struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl SharedBuffer {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes()).unwrap()
    }
}

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A suite with the command `make NAME` in the root.
pub(crate) fn suite(name: &str) -> SuiteInfo {
    SuiteInfo {
        name: name.into(),
        framework: "command".to_owned(),
        description: None,
        category: None,
        command: format!("make {name}"),
        dir: ".".to_owned(),
        depends_on: Vec::new(),
        group: None,
        needs: Vec::new(),
        weight: 1,
        serial: false,
        allow_failure: false,
        retries: 0,
        timeout: seconds(300.0),
        pulled_in_by: None,
        expected: None,
        log: Some(format!(".paceline/logs/{name}.log")),
    }
}

/// The result of an attempt that passed.
pub(crate) fn passed(attempt: u32, started_at: f64, duration: f64) -> AttemptResult {
    AttemptResult {
        attempt,
        outcome: Outcome::Passed,
        exit: Some(Exit::Code(0)),
        message: None,
        started_at: seconds(started_at),
        duration: seconds(duration),
        usage: Usage {
            user: seconds(duration / 2.0),
            system: seconds(duration / 8.0),
            peak_memory: 12_900_000,
        },
        output_bytes: 0,
        tail: Vec::new(),
        leaked: Vec::new(),
    }
}

/// Writes down the events of a run as a test tells its story; keeps the books that the engine
/// would keep.
pub(crate) struct Script {
    pub(crate) events: Vec<Event>,
    at: f64,
    suites: Vec<SuiteInfo>,
    running: Vec<(String, f64, u32, Vec<AttemptResult>)>,
    finished: Vec<Option<(Outcome, bool)>>,
    reported: usize,
    sum: f64,
    interrupted: Option<String>,
    pub(crate) limit: Option<LimitTerm>,
}

impl Script {
    pub(crate) fn new(jobs: u32, suites: Vec<SuiteInfo>) -> Self {
        let mut script = Self {
            events: Vec::new(),
            at: 0.0,
            finished: vec![None; suites.len()],
            suites,
            running: Vec::new(),
            reported: 0,
            sum: 0.0,
            interrupted: None,
            limit: Some(LimitTerm::Work),
        };
        script.push(EventKind::RunStarted(RunStarted {
            run: "01K3F9".to_owned(),
            version: "0.1.0".to_owned(),
            started: "2026-11-20T15:00:00Z".parse().unwrap(),
            root: "/repo".to_owned(),
            jobs,
            suites: script.suites.clone(),
        }));
        script
    }

    pub(crate) fn push(&mut self, kind: EventKind) -> &mut Self {
        self.events.push(Event {
            v: EVENT_FORMAT_VERSION,
            seq: self.events.len() as u64,
            at: seconds(self.at),
            kind,
        });
        self
    }

    /// What follows happens so many seconds after the start.
    pub(crate) fn at(&mut self, at: f64) -> &mut Self {
        assert!(at >= self.at);
        self.at = at;
        self
    }

    /// Starts the first attempt of a suite.
    pub(crate) fn start(&mut self, name: &str) -> &mut Self {
        self.push(EventKind::SuiteStarted(SuiteStarted { suite: name.into() }));
        self.running.push((name.to_owned(), self.at, 1, Vec::new()));
        self.attempt_started(name, 1)
    }

    fn attempt_started(&mut self, name: &str, attempt: u32) -> &mut Self {
        self.push(EventKind::AttemptStarted(AttemptStarted {
            suite: name.into(),
            test: name.into(),
            attempt,
            slot: 0,
            pid: Some(4242),
        }))
    }

    pub(crate) fn output(&mut self, name: &str, text: &str) -> &mut Self {
        let attempt = self.running.iter().find(|r| r.0 == name).unwrap().2;
        self.push(EventKind::Output(Output {
            suite: name.into(),
            attempt,
            text: text.as_bytes().to_vec(),
        }))
    }

    pub(crate) fn pass(&mut self, name: &str) -> &mut Self {
        self.end(name, |_| {})
    }

    /// Ends a suite with exit code 1 and this output.
    pub(crate) fn fail(&mut self, name: &str, tail: &str) -> &mut Self {
        self.end(name, |result| failed(result, tail))
    }

    /// An attempt fails with this output, and the next one starts at once.
    pub(crate) fn fail_and_retry(&mut self, name: &str, tail: &str) -> &mut Self {
        let attempt = self.end_attempt(name, true, |result| failed(result, tail));
        self.running.iter_mut().find(|r| r.0 == name).unwrap().1 = self.at;
        self.attempt_started(name, attempt + 1)
    }

    /// Ends a suite; `change` makes something else of a passed attempt.
    pub(crate) fn end(&mut self, name: &str, change: impl FnOnce(&mut AttemptResult)) -> &mut Self {
        self.end_attempt(name, false, change);
        let place = self.running.iter().position(|r| r.0 == name).unwrap();
        let attempts = self.running.remove(place).3;
        let last = attempts.last().unwrap();
        let (outcome, message) = (last.outcome, last.message.clone());
        let flaky = outcome == Outcome::Passed && attempts.len() > 1;
        self.push(EventKind::TestFinished(TestFinished {
            suite: name.into(),
            test: name.into(),
            outcome,
            flaky,
            message,
            not_run: None,
            attempts: attempts.clone(),
            position: [0, 0],
            details: None,
        }));
        self.suite_finished(name, outcome, flaky, &attempts)
    }

    fn end_attempt(
        &mut self,
        name: &str,
        retrying: bool,
        change: impl FnOnce(&mut AttemptResult),
    ) -> u32 {
        let at = self.at;
        let running = self.running.iter_mut().find(|r| r.0 == name).unwrap();
        let attempt = running.2;
        let mut result = passed(attempt, running.1, at - running.1);
        change(&mut result);
        self.sum += result.duration.as_secs_f64();
        running.3.push(result.clone());
        running.2 += 1;
        self.push(EventKind::AttemptFinished(AttemptFinished {
            suite: name.into(),
            test: name.into(),
            result,
            retrying,
        }));
        attempt
    }

    /// A suite that never starts.
    pub(crate) fn not_run(&mut self, name: &str, why: &NotRun) -> &mut Self {
        self.push(EventKind::TestFinished(TestFinished {
            suite: name.into(),
            test: name.into(),
            outcome: Outcome::NotRun,
            flaky: false,
            message: Some(why.to_string()),
            not_run: Some(why.clone()),
            attempts: Vec::new(),
            position: [0, 0],
            details: None,
        }));
        self.suite_finished(name, Outcome::NotRun, false, &[])
    }

    fn suite_finished(
        &mut self,
        name: &str,
        outcome: Outcome,
        flaky: bool,
        attempts: &[AttemptResult],
    ) -> &mut Self {
        let place = self
            .suites
            .iter()
            .position(|suite| &*suite.name == name)
            .unwrap();
        let mut counts = Counts::default();
        counts.add(outcome, flaky, self.suites[place].allow_failure);
        let mut usage = Usage::default();
        for attempt in attempts {
            usage.user += attempt.usage.user;
            usage.system += attempt.usage.system;
            usage.peak_memory = usage.peak_memory.max(attempt.usage.peak_memory);
        }
        let start = attempts
            .first()
            .map_or(self.at, |first| first.started_at.as_secs_f64());
        self.push(EventKind::SuiteFinished(SuiteFinished {
            suite: name.into(),
            outcome,
            counts,
            duration: seconds(self.at - start),
            boot: None,
            usage,
        }));
        self.finished[place] = Some((outcome, flaky));
        while self.reported < self.finished.len() && self.finished[self.reported].is_some() {
            let suite = self.suites[self.reported].name.clone();
            self.reported += 1;
            self.push(EventKind::SuiteReported(SuiteReported { suite }));
        }
        self
    }

    pub(crate) fn stopping(&mut self, reason: NotRun, running_too: bool) -> &mut Self {
        if let NotRun::Interrupted { signal } = &reason {
            self.interrupted = Some(signal.clone());
        }
        let running = self.running.len() as u32;
        let open = self
            .finished
            .iter()
            .filter(|finished| finished.is_none())
            .count();
        self.push(EventKind::Stopping(Stopping {
            reason,
            running_too,
            running,
            queued: open as u64 - u64::from(running),
        }))
    }

    pub(crate) fn warning(&mut self, suite: Option<&str>, message: &str, fatal: bool) -> &mut Self {
        self.push(EventKind::Warning(Warning {
            suite: suite.map(Into::into),
            message: message.to_owned(),
            fatal,
        }))
    }

    /// Ends the run.
    pub(crate) fn finish(&mut self) -> &mut Self {
        let mut counts = Counts::default();
        for (suite, finished) in self.suites.iter().zip(&self.finished) {
            let (outcome, flaky) = finished.expect("every suite has ended");
            counts.add(outcome, flaky, suite.allow_failure);
        }
        let wall = self.at;
        let limit = self.limit.clone().map(|due_to| Limit {
            duration: seconds(wall * 0.96),
            due_to,
        });
        self.push(EventKind::RunFinished(RunFinished {
            counts,
            suites: counts,
            wall: seconds(wall),
            sum_of_durations: seconds(self.sum),
            usage: Usage::default(),
            efficiency: limit.as_ref().map(|_| 0.96),
            limit,
            interrupted: self.interrupted.clone(),
        }))
    }
}

fn failed(result: &mut AttemptResult, tail: &str) {
    result.outcome = Outcome::Failed;
    result.exit = Some(Exit::Code(1));
    result.message = Some("exit code 1".to_owned());
    result.tail = tail.as_bytes().to_vec();
    result.output_bytes = tail.len() as u64;
}

/// A dependency chain as the reason of a suite that was not run.
pub(crate) fn because(chain: &[(&str, Outcome)]) -> NotRun {
    let chain = chain.iter().map(|(suite, outcome)| FailedDependency {
        suite: (*suite).into(),
        outcome: *outcome,
    });
    NotRun::Dependency {
        chain: chain.collect(),
    }
}

/// A timeout, a crash and other ends for [`Script::end`].
pub(crate) fn timed_out(result: &mut AttemptResult) {
    result.outcome = Outcome::TimedOut;
    result.exit = Some(Exit::Signal(15));
    result.message = Some("timed out after 5s".to_owned());
}

pub(crate) fn crashed(result: &mut AttemptResult) {
    result.outcome = Outcome::Crashed;
    result.exit = Some(Exit::Signal(11));
    result.message = Some("signal 11 (SIGSEGV)".to_owned());
}

pub(crate) fn errored(result: &mut AttemptResult) {
    result.outcome = Outcome::Errored;
    result.exit = None;
    result.message = Some("cannot start gmake: no such file or directory".to_owned());
}

pub(crate) fn leaking(result: &mut AttemptResult) {
    result.leaked.push(LeakedProcess {
        pid: 4711,
        command: "sleep 100".to_owned(),
    });
}

/// A run of everything that can happen.
pub(crate) fn eventful() -> Vec<Event> {
    let mut lint = suite("lint");
    lint.allow_failure = true;
    let mut integration = suite("integration");
    integration.group = Some("acceptance".into());
    integration.command = "go test ./...".to_owned();
    integration.dir = "services/go proxy".to_owned();
    integration.retries = 1;
    integration.description = Some("Go integration tests".to_owned());
    integration.category = Some("integration".to_owned());
    integration.needs = vec!["postgres".to_owned(), "ports = 2".to_owned()];
    let mut unit = suite("unit");
    unit.retries = 2;
    unit.expected = Some(seconds(1.0));
    let mut deploy = suite("deploy");
    deploy.depends_on = vec!["integration".into()];
    let mut smoke = suite("smoke");
    smoke.depends_on = vec!["deploy".into()];
    smoke.pulled_in_by = Some("deploy".into());
    let mut script = Script::new(
        2,
        vec![
            unit,
            lint,
            integration,
            deploy,
            smoke,
            suite("hang"),
            suite("segv"),
            suite("missing"),
            suite("quick"),
        ],
    );
    script.limit = Some(LimitTerm::Group {
        group: "acceptance".into(),
    });
    script
        .start("unit")
        .start("lint")
        .at(0.41)
        .fail("lint", "\u{1b}[31mE501\u{1b}[0m line too long\n")
        .start("integration")
        .at(1.2)
        .fail_and_retry("unit", "connection refused\n")
        .at(2.0)
        .fail_and_retry("integration", "first try\n")
        .at(2.6)
        .pass("unit")
        .start("hang")
        .at(4.2)
        .fail(
            "integration",
            "--- FAIL: TestPut (0.10s)\n    put_test.go:12: got 1, want 2\nFAIL\n",
        )
        .not_run("deploy", &because(&[("integration", Outcome::Failed)]))
        .not_run(
            "smoke",
            &because(&[
                ("deploy", Outcome::NotRun),
                ("integration", Outcome::Failed),
            ]),
        )
        .start("segv")
        .at(4.3)
        .end("segv", crashed)
        .start("missing")
        .end("missing", errored)
        .warning(Some("missing"), "the log is incomplete: disk full", false)
        .start("quick")
        .at(4.35)
        .end("quick", leaking)
        .at(7.6)
        .end("hang", timed_out)
        .finish();
    script.events.clone()
}

/// Events of every kind.
pub(crate) fn every_kind() -> Vec<Event> {
    let mut script = Script::new(2, vec![suite("a"), suite("b")]);
    script
        .start("a")
        .push(EventKind::UnitCollected(UnitCollected {
            suite: "a".into(),
            unit: "tests/test_a.py".into(),
            tests: 2,
            deselected: 1,
            uncollected: Some(0),
        }))
        .push(EventKind::TestWarning(TestWarning {
            suite: "a".into(),
            test: None,
            category: "UserWarning".to_owned(),
            message: "old".to_owned(),
            location: Some(("a.py".to_owned(), Some(3))),
            text: None,
        }))
        .push(EventKind::UnitReported(UnitReported {
            suite: "a".into(),
            unit: "tests/test_a.py".into(),
            part: None,
            counts: Counts::default(),
            duration: seconds(0.25),
        }))
        .push(EventKind::SuiteNote(SuiteNote {
            suite: "a".into(),
            about: NoteKind::Mode,
            text: "workers are started one by one".to_owned(),
        }))
        .at(0.5)
        .output("a", "hello\n")
        .fail("a", "hello\n")
        .stopping(NotRun::MaxFail { after: "a".into() }, false)
        .warning(None, "cannot write the history: disk full", true)
        .not_run("b", &NotRun::MaxFail { after: "a".into() })
        .finish();
    script.events.clone()
}
