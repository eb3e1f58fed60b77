//! The tests of one server.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::config::RunConfig;
use crate::connect::Connect;
use crate::context::Ctx;
use crate::event::{Reporter, Silent};
use crate::failure::TestResult;
use crate::report::RunReport;
use crate::run;
use crate::server::Server;
use crate::test::{Body, Isolation, Test, body};

/// The client that a server's tests are given.
pub type ClientOf<S> = <<S as Server>::Connector as Connect>::Client;

pub(crate) struct Hooks<C> {
    pub(crate) before_all: Option<Body<C>>,
    pub(crate) before_each: Option<Body<C>>,
    pub(crate) after_each: Option<Body<C>>,
    pub(crate) after_all: Option<Body<C>>,
}

/// A harness to which no test was just added.
#[derive(Debug)]
pub enum Open {}

/// A harness whose last test can still be changed.
#[derive(Debug)]
pub enum LastTest {}

/// The tests of one server, with the hooks around them. Nothing happens before it is run.
///
/// ```
/// # use paceline_rpc::mock::MockServer;
/// use paceline_rpc::{Client, ClientOptions, Harness, RunConfig, ensure_eq};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let server = MockServer::start().await.unwrap();
/// # server.on("echo", |params| Ok(params[0].clone()));
/// # let url = server.websocket_url();
/// let report = Harness::new(move || {
///     let url = url.clone();
///     async move { Client::websocket(&url, ClientOptions::new()).await }
/// })
/// .test("echo returns its argument", |cx| async move {
///     let reply: String = cx.client().call("echo", ["hi"]).await?;
///     ensure_eq!(reply, "hi");
///     Ok(())
/// })
/// .parallel()
/// .tag("smoke")
/// .run(&RunConfig::default())
/// .await;
/// assert_eq!((report.passed, report.failed), (1, 0));
/// # }
/// ```
#[must_use = "a harness does nothing until it is run"]
pub struct Harness<S: Server, Stage = Open> {
    pub(crate) server: Arc<S>,
    pub(crate) hooks: Hooks<ClientOf<S>>,
    pub(crate) tests: Vec<Test<ClientOf<S>>>,
    stage: PhantomData<Stage>,
}

impl<S: Server> Harness<S> {
    /// Tests against this server: a [`ProcessServer`](crate::ProcessServer), an
    /// [`InProcess`](crate::InProcess) one, or, if it runs already, whatever [connects](Connect) to
    /// it.
    pub fn new(server: S) -> Self {
        Self {
            server: Arc::new(server),
            hooks: Hooks {
                before_all: None,
                before_each: None,
                after_each: None,
                after_all: None,
            },
            tests: Vec::new(),
            stage: PhantomData,
        }
    }
}

impl<S: Server, Stage> Harness<S, Stage> {
    fn stage<Next>(self) -> Harness<S, Next> {
        Harness {
            server: self.server,
            hooks: self.hooks,
            tests: self.tests,
            stage: PhantomData,
        }
    }

    /// Called once, on the shared connection, before all tests. If it fails, no test runs.
    pub fn before_all<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Ctx<ClientOf<S>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = TestResult> + Send + 'static,
    {
        self.hooks.before_all = Some(body(hook));
        self
    }

    /// Called before each test, on the test's connection. If it fails, the test fails without
    /// running, and `after_each` is called all the same.
    pub fn before_each<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Ctx<ClientOf<S>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = TestResult> + Send + 'static,
    {
        self.hooks.before_each = Some(body(hook));
        self
    }

    /// Called after each test, on the test's connection, however the test ended: passed, failed,
    /// panicked, timed out, interrupted, and also if `before_each` failed.
    pub fn after_each<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Ctx<ClientOf<S>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = TestResult> + Send + 'static,
    {
        self.hooks.after_each = Some(body(hook));
        self
    }

    /// Called once, on the shared connection, after everything else, if `before_all` was called or
    /// would have been. If it fails, so does the run.
    pub fn after_all<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Ctx<ClientOf<S>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = TestResult> + Send + 'static,
    {
        self.hooks.after_all = Some(body(hook));
        self
    }

    /// Adds a test. What is called next on the harness, [`parallel`](Harness::parallel) or
    /// [`timeout`](Harness::timeout) for instance, is about this test.
    #[track_caller]
    pub fn test<F, Fut>(mut self, name: impl Into<String>, run: F) -> Harness<S, LastTest>
    where
        F: Fn(Ctx<ClientOf<S>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = TestResult> + Send + 'static,
    {
        self.tests.push(Test::new(name, run));
        self.stage()
    }

    /// Adds tests that were made elsewhere.
    pub fn tests(mut self, tests: impl IntoIterator<Item = Test<ClientOf<S>>>) -> Harness<S> {
        self.tests.extend(tests);
        self.stage()
    }

    /// Runs the tests and reports nothing while doing so.
    pub async fn run(self, config: &RunConfig) -> RunReport {
        self.run_with(config, &mut Silent).await
    }

    /// Runs the tests.
    pub async fn run_with(self, config: &RunConfig, reporter: &mut dyn Reporter) -> RunReport {
        // Boxed, here and at other seams, since the compiler gives up on futures nested too deeply.
        let run = run::run(self.server, self.hooks, self.tests, config, reporter);
        Box::pin(run).await
    }
}

/// About the test that was added last.
impl<S: Server> Harness<S, LastTest> {
    fn change(mut self, change: impl FnOnce(Test<ClientOf<S>>) -> Test<ClientOf<S>>) -> Self {
        if let Some(test) = self.tests.pop() {
            self.tests.push(change(test));
        }
        self
    }

    /// See [`Test::parallel`].
    pub fn parallel(self) -> Self {
        self.change(Test::parallel)
    }

    /// See [`Test::sequential`].
    pub fn sequential(self) -> Self {
        self.change(Test::sequential)
    }

    /// See [`Test::isolation`].
    pub fn isolation(self, isolation: Isolation) -> Self {
        self.change(|test| test.isolation(isolation))
    }

    /// See [`Test::tag`].
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.change(|test| test.tag(tag))
    }

    /// See [`Test::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        self.change(|test| test.timeout(timeout))
    }

    /// See [`Test::skip_if`].
    pub fn skip_if(
        self,
        condition: impl Fn() -> bool + Send + Sync + 'static,
        reason: impl Into<String>,
    ) -> Self {
        self.change(|test| test.skip_if(condition, reason))
    }

    /// See [`Test::ignore`].
    pub fn ignore(self, reason: impl Into<String>) -> Self {
        self.change(|test| test.ignore(reason))
    }

    /// See [`Test::server_may_exit`].
    pub fn server_may_exit(self) -> Self {
        self.change(Test::server_may_exit)
    }
}
