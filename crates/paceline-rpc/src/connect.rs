//! Opening connections.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

use crate::client::{Client, Frame};
use crate::process::Process;
use crate::server::ServerExit;

/// Any error that can be sent to another thread.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Opens isolated connections to a server: a factory of clients, not a client.
///
/// Any function that returns a future of `Result<Client, Error>` is one, so that a client that this
/// crate knows nothing of plugs in with one line:
///
/// ```
/// # use paceline_rpc::Harness;
/// # async fn connect() -> Result<(), std::io::Error> { Ok(()) }
/// let harness = Harness::new(|| async { connect().await });
/// # drop(harness);
/// ```
pub trait Connect: Send + Sync + 'static {
    /// What a test is given.
    type Client: Send + Sync + 'static;

    /// Opens a connection that shares nothing with those opened before.
    fn connect(&self) -> impl Future<Output = Result<Self::Client, BoxError>> + Send;

    /// Closes a connection. Called once for each connection that was opened, also after a test that
    /// failed. Clones of the client that a test has leaked may still be around.
    fn close(&self, client: Arc<Self::Client>) -> impl Future<Output = ()> + Send {
        async move { close_client(&*client).await }
    }

    /// A mark for [`diagnose`](Self::diagnose), taken when a test begins.
    fn mark(&self, client: &Self::Client) -> u64 {
        known(client).map_or(0, |client| client.inner.frames_so_far())
    }

    /// What there is to tell about this connection if a test has failed on it. Only what happened
    /// since `mark` belongs to the test.
    fn diagnose(&self, client: &Self::Client, mark: u64) -> Diagnostics {
        known(client).map_or_else(Diagnostics::default, |client| Diagnostics::of(client, mark))
    }

    /// Whether the connection is known to have ended, so that no test should be given it any more.
    fn is_closed(&self, client: &Self::Client) -> bool {
        known(client).is_some_and(|client| client.close_reason().is_some())
    }
}

impl<F, Fut, C, E> Connect for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C, E>> + Send + 'static,
    C: Send + Sync + 'static,
    E: Into<BoxError>,
{
    type Client = C;

    async fn connect(&self) -> Result<C, BoxError> {
        self().await.map_err(Into::into)
    }
}

/// This crate's own client, wherever it comes from, tells what it saw.
fn known<C: 'static>(client: &C) -> Option<&Client> {
    (client as &dyn Any).downcast_ref::<Client>()
}

async fn close_client<C: Send + Sync + 'static>(client: &C) {
    let Some(client) = known(client) else { return };
    client.close();
    if let Some(process) = client.inner.process() {
        process.stop().await;
    }
}

/// What is known about a connection.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Diagnostics {
    /// The last frames, secrets masked.
    pub frames: Vec<Frame>,
    /// How the connection ended, if it has and not by this side's wish.
    pub closed: Option<String>,
    /// The calls without an answer.
    pub in_flight: Vec<String>,
    /// How many messages belonged to no call.
    pub unmatched: u64,
    /// How many notifications the buffer dropped.
    pub dropped: u64,
    /// How the server's process ended, if there is one for each connection.
    pub server_exit: Option<ServerExit>,
    /// The output of that process.
    pub server_output: String,
}

impl Diagnostics {
    /// What a [`Client`] has seen after its first `mark` frames.
    pub fn of(client: &Client, mark: u64) -> Self {
        let process = client.inner.process();
        Self {
            frames: client.inner.frames_since(mark),
            closed: client
                .close_reason()
                .filter(|reason| *reason != crate::client::CloseReason::Local)
                .map(|reason| reason.to_string()),
            in_flight: client.in_flight(),
            unmatched: client.unmatched_count(),
            dropped: client.dropped_notification_count(),
            server_exit: process.and_then(Process::exit),
            server_output: process.map_or_else(String::new, |process| process.output().since(0)),
        }
    }
}
