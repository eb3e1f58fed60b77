//! One test, from its connection to its report.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{Run, skipped};
use crate::config::AfterEachFailure;
use crate::connect::{Connect, Diagnostics};
use crate::context::{Ctx, Noted, Parts};
use crate::failure::{Failure, TestResult};
use crate::harness::ClientOf;
use crate::human::in_words;
use crate::report::{FailureKind, FailureReport, Outcome, Stage, TestReport};
use crate::run::executor::joined;
use crate::server::{BoxFuture, Instance, Running, Server, ServerExit};
use crate::test::{Isolation, Test};

/// A connection can end a moment before it is known that the server has.
pub(super) const DEATH_NOTICE: Duration = Duration::from_millis(500);

/// How a piece of user code ended, or why it has to.
pub(super) enum StepEnd {
    Done(TestResult),
    TimedOut(JoinHandle<TestResult>),
    ServerExited(ServerExit, JoinHandle<TestResult>),
    Interrupted(JoinHandle<TestResult>),
}

/// Where a test runs.
struct Place<S: Server> {
    running: Running<S::Connector>,
    client: Arc<ClientOf<S>>,
    own_connection: bool,
    own_server: bool,
}

enum NoPlace {
    Skip(String),
    Fail(Stage, String),
}

/// What is needed to look back on a test.
struct Since {
    output: u64,
    frames: u64,
}

impl<S: Server> Run<S> {
    /// Runs user code until it ends, or has to.
    ///
    /// If there is something to watch, its end stops the code, and so does an interrupt.
    pub(super) async fn step(
        &self,
        body: BoxFuture<'static, TestResult>,
        timeout: Duration,
        watched: Option<&dyn Instance>,
    ) -> StepEnd {
        let mut body = self.executor.spawn(body);
        let exited = async {
            match watched {
                Some(instance) => instance.exited().await,
                None => std::future::pending().await,
            }
        };
        let interrupted = async {
            match watched {
                Some(_) => self.config.interrupt.cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // A body that has ended has ended, whatever else is the case by now.
            biased;
            result = &mut body => StepEnd::Done(joined(result)),
            exit = exited => StepEnd::ServerExited(exit, body),
            () = interrupted => StepEnd::Interrupted(body),
            () = tokio::time::sleep(timeout) => StepEnd::TimedOut(body),
        }
    }

    /// Runs one test.
    pub(crate) async fn attempt(
        &self,
        index: usize,
        test: &Test<ClientOf<S>>,
        worker: Option<usize>,
    ) -> TestReport {
        let started = Instant::now();
        let mut report = skipped(index, test, "");
        report.worker = worker;
        match self.place(test, worker).await {
            Ok(place) => {
                let noted = Arc::new(Noted::default());
                report.outcome = self.at(&place, test, worker, &noted).await;
                report.notes = noted.take();
                if place.own_server {
                    self.stop_server(&place.running).await;
                }
            }
            Err(NoPlace::Skip(reason)) => report.outcome = Outcome::Skipped(reason),
            Err(NoPlace::Fail(stage, why)) => {
                let mut failure = described(stage, &Failure::harness(why));
                failure.kind = FailureKind::Error;
                report.outcome = Outcome::Failed(Box::new(failure));
            }
        }
        if !matches!(report.outcome, Outcome::Skipped(_)) {
            report.duration = started.elapsed();
        }
        self.count(&report.outcome);
        report
    }

    /// Finds the test its server and its connection.
    async fn place(
        &self,
        test: &Test<ClientOf<S>>,
        worker: Option<usize>,
    ) -> Result<Place<S>, NoPlace> {
        let isolation = self.isolation(test);
        let has_hooks = self.hooks.before_all.is_some() || self.hooks.after_all.is_some();
        let main = match isolation {
            Isolation::Shared | Isolation::Connection => true,
            Isolation::WorkerServer | Isolation::Server => has_hooks,
        };
        let live = if main {
            Some(self.main_server().await.map_err(NoPlace::Skip)?)
        } else {
            None
        };
        let failed = |error: crate::server::StartError| {
            if self.config.interrupt.is_cancelled() {
                NoPlace::Skip("interrupted".to_owned())
            } else {
                NoPlace::Fail(Stage::Server, error.to_string())
            }
        };
        let (running, own_server) = match (isolation, live) {
            (Isolation::Shared, Some(live)) => {
                return Ok(Place {
                    running: live.running.clone(),
                    client: Arc::clone(&live.control),
                    own_connection: false,
                    own_server: false,
                });
            }
            (Isolation::Connection, Some(live)) => (live.running.clone(), false),
            (Isolation::WorkerServer, _) => {
                let worker = worker.unwrap_or_default();
                (self.worker_server(worker).await.map_err(failed)?, false)
            }
            (Isolation::Server, _) | (Isolation::Shared | Isolation::Connection, None) => {
                (self.own_server(worker).await.map_err(failed)?, true)
            }
        };
        match self.connect(&running.connector).await {
            Ok(client) => Ok(Place {
                running,
                client,
                own_connection: true,
                own_server,
            }),
            Err(why) => {
                if own_server {
                    self.stop_server(&running).await;
                }
                Err(if self.config.interrupt.is_cancelled() {
                    NoPlace::Skip("interrupted".to_owned())
                } else {
                    NoPlace::Fail(Stage::Connect, why)
                })
            }
        }
    }

    /// Hooks and body, at a place.
    async fn at(
        &self,
        place: &Place<S>,
        test: &Test<ClientOf<S>>,
        worker: Option<usize>,
        noted: &Arc<Noted>,
    ) -> Outcome {
        let running = &place.running;
        let since = Since {
            output: running.instance.output_mark(),
            frames: running.connector.mark(&place.client),
        };
        let more = Arc::default();
        let cancelled = self.config.interrupt.child_token();
        let cx = Ctx::new(Parts {
            name: Arc::clone(&test.name),
            client: Arc::clone(&place.client),
            cancelled: cancelled.clone(),
            instance: Arc::clone(&running.instance),
            another: self.another(running, &more),
            worker,
            shared: Arc::clone(noted),
        });

        let mut outcome = Outcome::Passed;
        if let Some(hook) = &self.hooks.before_each {
            let body = hook(cx.clone());
            let timeout = self.config.hook_timeout;
            outcome = self
                .stage(Stage::BeforeEach, body, timeout, place, test, &since, noted)
                .await;
        }
        if matches!(outcome, Outcome::Passed) {
            let body = (test.body)(cx.clone());
            let timeout = test.timeout.unwrap_or(self.config.timeout);
            outcome = self
                .stage(Stage::Body, body, timeout, place, test, &since, noted)
                .await;
        }
        if outcome.is_failure() || self.config.interrupt.is_cancelled() {
            cancelled.cancel();
        }
        if let Some(hook) = &self.hooks.after_each {
            outcome = self
                .after_each(hook(cx), outcome, place, &since, noted)
                .await;
        }
        cancelled.cancel();

        let more: Vec<_> = {
            let more: &Mutex<Vec<_>> = &more;
            std::mem::take(&mut *more.lock().unwrap_or_else(PoisonError::into_inner))
        };
        for client in more {
            self.close(&running.connector, client).await;
        }
        if place.own_connection {
            self.close(&running.connector, Arc::clone(&place.client))
                .await;
        }
        outcome
    }

    /// `before_each` or the body.
    #[expect(clippy::too_many_arguments, reason = "all of them are about one test")]
    async fn stage(
        &self,
        stage: Stage,
        body: BoxFuture<'static, TestResult>,
        timeout: Duration,
        place: &Place<S>,
        test: &Test<ClientOf<S>>,
        since: &Since,
        noted: &Noted,
    ) -> Outcome {
        let instance = &*place.running.instance;
        let watched: &dyn Instance = if test.server_may_exit {
            &Immortal
        } else {
            instance
        };
        let (mut failure, body) = match self.step(body, timeout, Some(watched)).await {
            StepEnd::Done(Ok(())) => return Outcome::Passed,
            StepEnd::Done(Err(failure)) => {
                if let Some(reason) = failure.skip_reason() {
                    return Outcome::Skipped(reason.to_owned());
                }
                (described(stage, &failure), None)
            }
            StepEnd::TimedOut(body) => {
                let what = match stage {
                    Stage::BeforeEach => "before_each",
                    _ => "the test",
                };
                let message = format!("{what} did not end within {}", in_words(timeout));
                let failure = Failure::harness(message);
                let mut failure = described(stage, &failure);
                failure.kind = FailureKind::Timeout;
                (failure, Some(body))
            }
            StepEnd::ServerExited(exit, body) => {
                let message = format!("the server ended during the test: {exit}");
                let mut failure = described(stage, &Failure::harness(message));
                failure.kind = FailureKind::ServerExit;
                (failure, Some(body))
            }
            StepEnd::Interrupted(body) => {
                self.abandon(body, noted).await;
                return Outcome::Skipped("interrupted".to_owned());
            }
        };
        // Before the body is stopped, since its calls are withdrawn with it.
        failure.connection = place
            .running
            .connector
            .diagnose(&place.client, since.frames);
        let timed_out = failure.kind == FailureKind::Timeout && stage == Stage::Body;
        if let Some(body) = body {
            self.abandon(body, noted).await;
        } else if failure.connection.closed.is_some() && instance.can_exit() {
            let _ = tokio::time::timeout(DEATH_NOTICE, instance.exited()).await;
        }
        Self::add_server(&mut failure, instance, since);
        if timed_out {
            Outcome::TimedOut(Box::new(failure))
        } else {
            Outcome::Failed(Box::new(failure))
        }
    }

    async fn abandon(&self, body: JoinHandle<TestResult>, noted: &Noted) {
        if !self.executor.abandon(body).await {
            noted.add("it blocks its thread and could not be stopped".to_owned());
        }
    }

    fn add_server(failure: &mut FailureReport, instance: &dyn Instance, since: &Since) {
        failure.server_exit = instance.exit().or(failure.connection.server_exit.clone());
        failure.server_output = instance.output_since(since.output);
        if failure.server_output.is_empty() {
            failure.server_output = std::mem::take(&mut failure.connection.server_output);
        }
    }

    /// The hook after the test, which neither an interrupt nor the server's end prevents.
    async fn after_each(
        &self,
        body: BoxFuture<'static, TestResult>,
        outcome: Outcome,
        place: &Place<S>,
        since: &Since,
        noted: &Noted,
    ) -> Outcome {
        let timeout = self.config.hook_timeout;
        let mut failure = match self.step(body, timeout, None).await {
            StepEnd::Done(Ok(())) => return outcome,
            StepEnd::Done(Err(failure)) => match failure.skip_reason() {
                Some(_) => return outcome,
                None => described(Stage::AfterEach, &failure),
            },
            StepEnd::TimedOut(body)
            | StepEnd::Interrupted(body)
            | StepEnd::ServerExited(_, body) => {
                self.abandon(body, noted).await;
                let message = format!("after_each did not end within {}", in_words(timeout));
                let mut failure = described(Stage::AfterEach, &Failure::harness(message));
                failure.kind = FailureKind::Timeout;
                failure
            }
        };
        let strict = self.config.after_each_failure == AfterEachFailure::Fail;
        if strict && matches!(outcome, Outcome::Passed) {
            failure.connection = place
                .running
                .connector
                .diagnose(&place.client, since.frames);
            Self::add_server(&mut failure, &*place.running.instance, since);
            return Outcome::Failed(Box::new(failure));
        }
        let at = failure
            .location
            .map_or_else(String::new, |at| format!(" (at {at})"));
        noted.add(format!("after_each failed: {}{at}", failure.message));
        outcome
    }
}

/// A failure as a report has it, without what is known of connection and server.
pub(super) fn described(stage: Stage, failure: &Failure) -> FailureReport {
    let kind = if failure.is_panic() {
        FailureKind::Panic
    } else if failure.is_error() {
        FailureKind::Error
    } else {
        FailureKind::Assertion
    };
    FailureReport {
        stage,
        kind,
        message: failure.to_string(),
        location: failure.location().map(str::to_owned),
        sides: failure
            .sides()
            .map(|(expected, got)| (expected.to_owned(), got.to_owned())),
        connection: Diagnostics::default(),
        server_exit: None,
        server_output: String::new(),
    }
}

/// Stands in for a server whose end is no failure.
struct Immortal;

impl Instance for Immortal {
    fn stop(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}
