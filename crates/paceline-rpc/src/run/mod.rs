//! Running the tests of a harness.
//!
//! - `schedule`: which test is started when
//! - `attempt`: one test, from its connection to its report
//! - `servers`: starting, restarting and stopping servers, and the shared connection
//! - `executor`: where bodies run, and how they are stopped
//! - `collect`: results into registration order

mod attempt;
mod collect;
mod executor;
mod schedule;
mod servers;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;
use tokio::time::Instant;

use self::executor::Executor;
use self::servers::Servers;
use crate::config::RunConfig;
use crate::event::{Event, Reporter};
use crate::harness::{ClientOf, Hooks};
use crate::panics;
use crate::report::{Outcome, RunReport, TestReport};
use crate::server::Server;
use crate::test::{Isolation, Mode, Test};

/// Everything that the tests of one run share.
pub(crate) struct Run<S: Server> {
    pub(crate) hooks: Hooks<ClientOf<S>>,
    pub(crate) config: RunConfig,
    pub(crate) executor: Executor,
    pub(crate) servers: Servers<S>,
    failures: AtomicUsize,
}

impl<S: Server> Run<S> {
    pub(crate) fn new(server: Arc<S>, hooks: Hooks<ClientOf<S>>, config: &RunConfig) -> Self {
        panics::install_hook();
        Self {
            executor: Executor::new(config.runtime, config.workers()),
            servers: Servers::new(server),
            hooks,
            config: config.clone(),
            failures: AtomicUsize::new(0),
        }
    }

    pub(crate) fn mode(&self, test: &Test<ClientOf<S>>) -> Mode {
        test.mode.unwrap_or(self.config.default_mode)
    }

    /// What the test shares with others, all considered.
    pub(crate) fn isolation(&self, test: &Test<ClientOf<S>>) -> Isolation {
        match (test.isolation, self.mode(test)) {
            (None, Mode::Sequential) => Isolation::Shared,
            (None | Some(Isolation::Shared), Mode::Parallel) => Isolation::Connection,
            (Some(isolation), _) => isolation,
        }
    }

    /// Counts a failure towards the limit.
    fn count(&self, outcome: &Outcome) {
        if outcome.is_failure() {
            self.failures.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Why no test may be started any more.
    pub(crate) fn stopped(&self) -> Option<String> {
        if self.config.interrupt.is_cancelled() {
            return Some("interrupted".to_owned());
        }
        if let Some(reason) = self.servers.gone() {
            return Some(reason);
        }
        let failures = self.failures.load(Ordering::SeqCst);
        let reached = |limit| failures >= limit;
        self.config
            .max_failures
            .is_some_and(reached)
            .then(|| "fail-fast".to_owned())
    }
}

/// A test's place in the run.
pub(crate) type Placed<S> = (usize, Arc<Test<ClientOf<S>>>);

pub(crate) async fn run<S: Server>(
    server: Arc<S>,
    hooks: Hooks<ClientOf<S>>,
    tests: Vec<Test<ClientOf<S>>>,
    config: &RunConfig,
    reporter: &mut dyn Reporter,
) -> RunReport {
    let started = Instant::now();
    let all = tests.len();
    let selected: Vec<Placed<S>> = tests
        .into_iter()
        .filter(|test| config.selection.selects(test))
        .map(Arc::new)
        .enumerate()
        .collect();
    let mut report = RunReport {
        filtered: all - selected.len(),
        ..RunReport::default()
    };
    let mut told = collect::Told::new(reporter);
    told.event(&Event::RunStarted {
        tests: selected.len(),
        filtered: report.filtered,
    });
    let run = Arc::new(Run::new(server, hooks, config));
    let (results, arriving) = mpsc::unbounded_channel();
    let names: Vec<_> = selected
        .iter()
        .map(|(_, test)| Arc::clone(&test.name))
        .collect();
    let ((), tests) = tokio::join!(
        schedule::schedule(&run, selected, results),
        collect::collect(arriving, names, &mut told),
    );
    run.finish(&mut report).await;
    for test in &tests {
        match test.outcome {
            Outcome::Passed => report.passed += 1,
            Outcome::Skipped(_) => report.skipped += 1,
            Outcome::Failed(_) | Outcome::TimedOut(_) => report.failed += 1,
        }
    }
    report.tests = tests;
    report.interrupted = config.interrupt.is_cancelled();
    report.duration = started.elapsed();
    told.event(&Event::RunFinished(&report));
    if let Some(error) = told.into_error() {
        report.warnings.push(format!("writing the report: {error}"));
    }
    report
}

/// The report of a test that did not run.
pub(crate) fn skipped<C>(index: usize, test: &Test<C>, reason: impl Into<String>) -> TestReport {
    TestReport {
        index,
        name: test.name().to_owned(),
        tags: test.tags.clone(),
        outcome: Outcome::Skipped(reason.into()),
        duration: std::time::Duration::ZERO,
        worker: None,
        notes: Vec::new(),
    }
}
