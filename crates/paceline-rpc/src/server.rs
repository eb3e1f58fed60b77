//! The server under test: running already, started as a process, or a task of this one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::connect::{BoxError, Connect};
use crate::human::in_words;

/// A boxed future, for traits that are used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a server is started. Every [`Connect`] is one whose server runs already.
pub trait Server: Send + Sync + 'static {
    /// What connects to it.
    type Connector: Connect;

    /// Starts one server and waits until it is ready. Called again for each further server that
    /// isolation or a restart needs.
    fn start(
        self: &Arc<Self>,
        context: &StartContext,
    ) -> impl Future<Output = Result<Running<Self::Connector>, StartError>> + Send;
}

impl<C: Connect> Server for C {
    type Connector = Self;

    async fn start(self: &Arc<Self>, _: &StartContext) -> Result<Running<Self>, StartError> {
        Ok(Running::new(Arc::clone(self), Arc::new(External)))
    }
}

/// What the harness tells a server that it starts.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StartContext {
    /// In place of the server's own startup timeout.
    pub startup_timeout: Option<Duration>,
    /// Whether the server's output is also written to this program's standard error.
    pub pass_output: bool,
    /// The number of the worker that the server is for; none for the shared server.
    pub worker: Option<usize>,
}

/// A server that has started.
pub struct Running<C> {
    /// Connects to it.
    pub connector: Arc<C>,
    /// Stops it.
    pub instance: Arc<dyn Instance>,
}

impl<C> Running<C> {
    /// A server, how to reach it, and how to stop it.
    pub fn new(connector: Arc<C>, instance: Arc<dyn Instance>) -> Self {
        Self {
            connector,
            instance,
        }
    }
}

impl<C> Clone for Running<C> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.connector), Arc::clone(&self.instance))
    }
}

/// One running server.
pub trait Instance: Send + Sync + 'static {
    /// Stops it and waits for its end. An error tells that it did not stop as asked, though nothing
    /// of it is left.
    fn stop(&self) -> BoxFuture<'_, Result<(), String>>;

    /// Whether [`exited`](Self::exited) can ever return.
    fn can_exit(&self) -> bool {
        false
    }

    /// How it ended by itself; does not return before that.
    fn exited(&self) -> BoxFuture<'_, ServerExit> {
        Box::pin(std::future::pending())
    }

    /// How it ended, if it has.
    fn exit(&self) -> Option<ServerExit> {
        None
    }

    /// The process id, if it is a process.
    fn pid(&self) -> Option<u32> {
        None
    }

    /// How much it has written so far: a mark for [`output_since`](Self::output_since).
    fn output_mark(&self) -> u64 {
        0
    }

    /// What it has written since `mark`, as far as that was kept.
    fn output_since(&self, mark: u64) -> String {
        let _ = mark;
        String::new()
    }
}

/// A server that somebody else started, and will stop.
struct External;

impl Instance for External {
    fn stop(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

/// How a server ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerExit {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// The task of a server inside the test's own process ended.
    Task(String),
}

impl fmt::Display for ServerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "signal {signal} ({name})"),
                None => write!(f, "signal {signal}"),
            },
            Self::Task(how) => f.write_str(how),
        }
    }
}

/// The numbers are those that Linux and macOS share.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return None,
    })
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The program could not be run.
    #[error("starting the server {program}: {source}")]
    Spawn {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended before it was ready.
    #[error("the server ended before it was ready: {exit}{}", with_output(.output))]
    Exited {
        /// How it ended.
        exit: ServerExit,
        /// The last lines of its output.
        output: String,
    },
    /// It was not ready in time.
    #[error(
        "the server was not ready within {}: {probe}: {last}{}", in_words(*.after), with_output(.output)
    )]
    NotReady {
        /// What was asked of it.
        probe: String,
        /// What the last try gave.
        last: String,
        /// The startup timeout.
        after: Duration,
        /// The last lines of its output.
        output: String,
    },
    /// It has no address as described.
    #[error("the server cannot be started: {0}")]
    Setup(String),
    /// The run was interrupted.
    #[error("interrupted while the server was starting")]
    Interrupted,
    /// Anything else, for other implementations of [`Server`].
    #[error("starting the server: {0}")]
    Other(BoxError),
}

fn with_output(output: &str) -> String {
    if output.is_empty() {
        return "; it printed nothing".to_owned();
    }
    let mut text = String::from("; its last output:");
    for line in output.lines() {
        text.push_str("\n    ");
        text.push_str(line);
    }
    text
}
