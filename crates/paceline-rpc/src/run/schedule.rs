//! Which test is started when: the sequential ones first, one after another, then the parallel ones,
//! each as soon as a worker is free. Both in registration order.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
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
    // The collector lives as long as this function, so sending cannot fail.
    let tell = |report| {
        let _ = results.send(report);
    };
    let (parallel, sequential): (Vec<_>, Vec<_>) = tests
        .into_iter()
        .partition(|(_, test)| run.mode(test) == Mode::Parallel);
    for (index, test) in sequential {
        tell(match run.passed_over(index, &test) {
            Some(report) => report,
            None => run.attempt(index, &test, None).await,
        });
    }

    let free = Workers::new(run.config.workers());
    let mut running = JoinSet::new();
    for (index, test) in parallel {
        // Taken here and not in the tests' own tasks, so that tests start in registration order.
        let worker = free.next().await;
        while let Some(finished) = running.try_join_next() {
            propagate(finished);
        }
        // What happened while waiting for the worker counts.
        if let Some(report) = run.passed_over(index, &test) {
            tell(report);
            continue;
        }
        let (run, results) = (Arc::clone(run), results.clone());
        running.spawn(async move {
            let report = run.attempt(index, &test, Some(worker.number)).await;
            let _ = results.send(report);
            drop(worker);
        });
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

/// The numbers of the workers that are free; the lowest is taken first, so that they stay small.
struct Workers {
    permits: Arc<Semaphore>,
    numbers: Arc<Mutex<BTreeSet<usize>>>,
}

struct Worker {
    number: usize,
    numbers: Arc<Mutex<BTreeSet<usize>>>,
    /// Given back after the number, since it is dropped after the rest.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Workers {
    fn new(count: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(count)),
            numbers: Arc::new(Mutex::new((0..count).collect())),
        }
    }

    async fn next(&self) -> Worker {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let number = {
            let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
            numbers.pop_first().unwrap_or_default()
        };
        Worker {
            number,
            numbers: Arc::clone(&self.numbers),
            _permit: permit,
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.insert(self.number);
    }
}
