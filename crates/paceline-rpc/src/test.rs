//! A test: its name, its body, and how it wants to be run.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::context::Ctx;
use crate::failure::TestResult;

/// User code that runs with a context.
pub(crate) type Body<C> =
    Arc<dyn Fn(Ctx<C>) -> Pin<Box<dyn Future<Output = TestResult> + Send>> + Send + Sync>;

pub(crate) fn body<C, F, Fut>(run: F) -> Body<C>
where
    F: Fn(Ctx<C>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = TestResult> + Send + 'static,
{
    Arc::new(move |cx| Box::pin(run(cx)))
}

/// What a test shares with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isolation {
    /// The one connection that `before_all` and `after_all` use too. Only tests that run one after
    /// another can have it.
    Shared,
    /// A connection of its own to the shared server.
    Connection,
    /// A connection of its own to a server that only the tests of one worker use.
    WorkerServer,
    /// A server of its own.
    Server,
}

/// Whether a test runs beside others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// One after another, before the parallel ones.
    #[default]
    Sequential,
    /// Beside other tests, on a connection of its own.
    Parallel,
}

/// A test.
///
/// ```
/// use paceline_rpc::{Client, Test, ensure_eq};
///
/// let tests = ["a", "ä", ""].map(|text| {
///     Test::new(format!("echo[{text}]"), move |cx: paceline_rpc::Ctx<Client>| async move {
///         let reply: String = cx.client().call("echo", [text]).await?;
///         ensure_eq!(reply, text);
///         Ok(())
///     })
///     .parallel()
///     .tag("echo")
/// });
/// # drop(tests);
/// ```
#[must_use]
pub struct Test<C> {
    pub(crate) name: Arc<str>,
    pub(crate) body: Body<C>,
    pub(crate) mode: Option<Mode>,
    pub(crate) isolation: Option<Isolation>,
    pub(crate) tags: Vec<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) skip_if: Vec<SkipIf>,
    pub(crate) ignored: Option<String>,
    pub(crate) server_may_exit: bool,
    pub(crate) source: Source,
}

/// Where a test is written down.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "worker"),
    expect(dead_code, reason = "only paceline asks for it")
)]
pub(crate) struct Source {
    /// As the compiler has it, or as it was given.
    pub(crate) file: Arc<str>,
    /// From 1.
    pub(crate) line: u32,
}

pub(crate) struct SkipIf {
    pub(crate) condition: Arc<dyn Fn() -> bool + Send + Sync>,
    pub(crate) reason: String,
}

impl<C> Test<C> {
    /// A test of this name, which should be unique.
    #[track_caller]
    pub fn new<F, Fut>(name: impl Into<String>, run: F) -> Self
    where
        F: Fn(Ctx<C>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = TestResult> + Send + 'static,
    {
        let caller = Location::caller();
        Self {
            source: Source {
                file: caller.file().into(),
                line: caller.line(),
            },
            name: name.into().into(),
            body: body(run),
            mode: None,
            isolation: None,
            tags: Vec::new(),
            timeout: None,
            skip_if: Vec::new(),
            ignored: None,
            server_may_exit: false,
        }
    }

    /// Is written down in this file and not where it was made.
    pub(crate) fn in_file(mut self, file: &Path) -> Self {
        self.source = Source {
            file: file.to_string_lossy().into(),
            line: 1,
        };
        self
    }

    /// Runs beside other parallel tests, on a connection of its own.
    pub fn parallel(mut self) -> Self {
        self.mode = Some(Mode::Parallel);
        self
    }

    /// Runs before the parallel tests, one after another, on the shared connection.
    pub fn sequential(mut self) -> Self {
        self.mode = Some(Mode::Sequential);
        self
    }

    /// What it shares with others. Default: the connection if it is sequential, the server if it is
    /// parallel. A parallel test that asks for the shared connection gets one of its own.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = Some(isolation);
        self
    }

    /// Adds a tag, by which tests are selected.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// How long the body may take. Default: that of the run.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Skips the test if the condition holds when its turn comes. Nothing is opened for it then.
    pub fn skip_if(
        mut self,
        condition: impl Fn() -> bool + Send + Sync + 'static,
        reason: impl Into<String>,
    ) -> Self {
        self.skip_if.push(SkipIf {
            condition: Arc::new(condition),
            reason: reason.into(),
        });
        self
    }

    /// Leaves the test out unless ignored tests are asked for.
    pub fn ignore(mut self, reason: impl Into<String>) -> Self {
        self.ignored = Some(reason.into());
        self
    }

    /// The server may end during this test: its body decides whether that is right. Meant for tests
    /// with a server of their own.
    pub fn server_may_exit(mut self) -> Self {
        self.server_may_exit = true;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its tags.
    pub fn tags(&self) -> &[String] {
        &self.tags
    }
}

impl<C> fmt::Debug for Test<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Test")
            .field("name", &self.name)
            .field("mode", &self.mode)
            .field("isolation", &self.isolation)
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}
