//! Which test is started when: the sequential ones first, one after another, then the parallel ones,
//! each as soon as a worker is free. Both in registration order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::{Placed, Run, skipped};
use crate::harness::ClientOf;
use crate::panics;
use crate::report::{Outcome, Stage, TestReport};
use crate::server::Server;
use crate::test::{Mode, Test};

pub(super) async fn schedule<S: Server>(
    run: &Arc<Run<S>>,
    tests: Vec<Placed<S>>,
    results: UnboundedSender<TestReport>,
) {
    let (parallel, sequential): (Vec<_>, Vec<_>) = tests
        .into_iter()
        .partition(|(_, test)| run.mode(test) == Mode::Parallel);
    phase(run, sequential, &results, 1, false).await;
    phase(run, parallel, &results, run.config.workers(), true).await;
}

/// Runs tests on so many workers, each of which takes the next test when it has ended one. They are
/// tasks of the runtime that bodies run in, so that no test waits for another thread to wake up.
async fn phase<S: Server>(
    run: &Arc<Run<S>>,
    tests: Vec<Placed<S>>,
    results: &UnboundedSender<TestReport>,
    workers: usize,
    numbered: bool,
) {
    let workers = workers.min(tests.len());
    let queue = Arc::new(Mutex::new(VecDeque::from(tests)));
    let mut running = JoinSet::new();
    for number in 0..workers {
        let (run, queue, results) = (Arc::clone(run), Arc::clone(&queue), results.clone());
        let executor = run.executor.handle();
        let worker = async move {
            let next = || {
                let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
                queue.pop_front()
            };
            while let Some((index, test)) = next() {
                // What happened while the test waited for its turn counts.
                let report = match run.passed_over(index, &test) {
                    Some(report) => report,
                    None => run.attempt(index, &test, numbered.then_some(number)).await,
                };
                // The collector lives as long as the phase, so sending cannot fail.
                let _ = results.send(report);
            }
        };
        running.spawn_on(worker, &executor);
    }
    while let Some(finished) = running.join_next().await {
        propagate(finished);
    }
}

/// A bug of the harness itself must not pass as a missing result.
fn propagate(finished: Result<(), tokio::task::JoinError>) {
    if let Err(panic) = finished.map_err(tokio::task::JoinError::try_into_panic) {
        match panic {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => {}
        }
    }
}

impl<S: Server> Run<S> {
    /// The report of a test that is not run now that its turn has come.
    pub(crate) fn passed_over(&self, index: usize, test: &Test<ClientOf<S>>) -> Option<TestReport> {
        if let Some(reason) = self.config.selection.ignores(test) {
            return Some(skipped(index, test, reason));
        }
        if let Some(reason) = self.stopped() {
            return Some(skipped(index, test, reason));
        }
        for skip in &test.skip_if {
            match panics::contain(|| (skip.condition)()) {
                Ok(false) => {}
                Ok(true) => return Some(skipped(index, test, &skip.reason)),
                Err(failure) => {
                    let mut report = skipped(index, test, "");
                    let mut failure = super::attempt::described(Stage::Body, &failure);
                    failure.message = format!("skip_if {}", failure.message);
                    report.outcome = Outcome::Failed(Box::new(failure));
                    self.count(&report.outcome);
                    return Some(report);
                }
            }
        }
        None
    }
}
