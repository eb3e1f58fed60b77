//! How a run goes.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::select::Selection;
use crate::test::Mode;

/// Settings of a run.
///
/// ```
/// use std::time::Duration;
/// use paceline_rpc::{OnServerExit, RunConfig};
///
/// let mut config = RunConfig::default();
/// config.parallel_workers = Some(8);
/// config.timeout = Duration::from_secs(5);
/// config.on_server_exit = OnServerExit::Restart;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunConfig {
    /// Whether parallel tests run beside each other. If not, they run one after another, isolated as
    /// they would be. Default: yes.
    pub parallel: bool,
    /// How many tests run at once. Default: as many as there are CPUs, or one if that is not known.
    pub parallel_workers: Option<usize>,
    /// How tests run that do not say. Default: one after another.
    pub default_mode: Mode,
    /// How long a test's body may take. Default 60 seconds.
    pub timeout: Duration,
    /// How long opening a connection may take. Default 10 seconds.
    pub connect_timeout: Duration,
    /// How long each call of a hook, and closing a connection, may take. Default 60 seconds.
    pub hook_timeout: Duration,
    /// How long the server may take to be ready, in place of what the server says.
    pub startup_timeout: Option<Duration>,
    /// After this many failures no test is started any more; those that run are finished. 1 is
    /// fail-fast. Default: never.
    pub max_failures: Option<usize>,
    /// Which tests run. Default: all.
    pub selection: Selection,
    /// What happens when the server ends in the middle. Default: the rest is skipped.
    pub on_server_exit: OnServerExit,
    /// How often the server is started again before the rest is skipped after all. Default 10.
    pub max_restarts: usize,
    /// What a failure of `after_each` means. Default: it is noted with the test's result.
    pub after_each_failure: AfterEachFailure,
    /// Where the bodies of tests run. Default: in the current runtime.
    pub runtime: TestRuntime,
    /// Whether the server's output is also written to standard error. Default: no.
    pub pass_output: bool,
    /// Cancelled by whoever wants to stop the run: no test is started any more, those that run are
    /// abandoned, hooks and the server's stop still happen.
    pub interrupt: CancellationToken,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            parallel: true,
            parallel_workers: None,
            default_mode: Mode::Sequential,
            timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            hook_timeout: Duration::from_secs(60),
            startup_timeout: None,
            max_failures: None,
            selection: Selection::default(),
            on_server_exit: OnServerExit::Skip,
            max_restarts: 10,
            after_each_failure: AfterEachFailure::Note,
            runtime: TestRuntime::Current,
            pass_output: false,
            interrupt: CancellationToken::new(),
        }
    }
}

impl RunConfig {
    /// How many tests run at once.
    pub fn workers(&self) -> usize {
        if !self.parallel {
            return 1;
        }
        self.parallel_workers
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into))
            .max(1)
    }
}

/// What happens to the tests that are left when the server has ended. Those that were running fail
/// in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnServerExit {
    /// They are skipped.
    #[default]
    Skip,
    /// The server is started again, the shared connection opened, and `before_all` called, since
    /// what it had set up is gone.
    Restart,
}

/// What a failure of `after_each` means for a test that has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterEachFailure {
    /// It is noted with the result.
    #[default]
    Note,
    /// The test fails.
    Fail,
}

/// Where the bodies of tests and hooks run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TestRuntime {
    /// In the runtime that the run was started in. A test that blocks its thread can then hold up
    /// others, and with a runtime of one thread everything.
    #[default]
    Current,
    /// In a runtime of their own with a thread more than there are workers, so that tests which
    /// block theirs are still stopped by their timeout. [`Harness::main`](crate::Harness::main) does
    /// this.
    Dedicated,
}
