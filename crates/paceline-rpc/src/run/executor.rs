//! Where bodies run, and how they are stopped.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::config::TestRuntime;
use crate::failure::{Failure, TestResult};
use crate::panics::Contained;
use crate::server::BoxFuture;

/// How long a body that was told to stop may take to notice. Only one that blocks its thread does
/// not notice at once.
const NOTICE: Duration = Duration::from_secs(1);
/// More threads than this serve nobody.
const MAX_THREADS: usize = 64;

pub(crate) struct Executor {
    /// None if bodies run in the runtime of the run.
    own: Option<Mutex<Own>>,
}

struct Own {
    current: Option<Runtime>,
    /// Runtimes with a thread that a body blocks.
    retired: Vec<Runtime>,
    threads: usize,
}

impl Executor {
    pub(crate) fn new(runtime: TestRuntime, workers: usize) -> Self {
        let own = (runtime == TestRuntime::Dedicated).then(|| {
            Mutex::new(Own {
                current: None,
                retired: Vec::new(),
                threads: workers.min(MAX_THREADS) + 1,
            })
        });
        Self { own }
    }

    /// Where bodies run.
    pub(super) fn handle(&self) -> Handle {
        let Some(own) = &self.own else {
            return Handle::current();
        };
        let mut own = lock(own);
        if own.current.is_none() {
            own.current = Builder::new_multi_thread()
                .worker_threads(own.threads)
                .thread_name("paceline-rpc-test")
                .enable_all()
                .build()
                .ok();
        }
        // Without threads for a runtime of their own, bodies run in the one that there is.
        own.current
            .as_ref()
            .map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }

    /// Starts a body. Its panics are contained.
    pub(crate) fn spawn(&self, body: BoxFuture<'static, TestResult>) -> JoinHandle<TestResult> {
        self.handle().spawn(Contained(body))
    }

    /// Stops a body; tells whether it has stopped.
    pub(crate) async fn abandon(&self, body: JoinHandle<TestResult>) -> bool {
        body.abort();
        if tokio::time::timeout(NOTICE, body).await.is_ok() {
            return true;
        }
        if let Some(own) = &self.own {
            let mut own = lock(own);
            if let Some(blocked) = own.current.take() {
                own.retired.push(blocked);
            }
        }
        false
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let Some(own) = &self.own else { return };
        let mut own = lock(own);
        let current = own.current.take();
        // Not waited for: a blocked thread may never end.
        for runtime in own.retired.drain(..).chain(current) {
            runtime.shutdown_background();
        }
    }
}

fn lock(own: &Mutex<Own>) -> MutexGuard<'_, Own> {
    own.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a body that has ended gave.
pub(crate) fn joined(result: Result<TestResult, tokio::task::JoinError>) -> TestResult {
    result.unwrap_or_else(|error| {
        Err(Failure::harness(match error.try_into_panic() {
            Ok(panic) => crate::panics::message(&*panic),
            Err(_) => "its task was cancelled by somebody else".to_owned(),
        }))
    })
}
