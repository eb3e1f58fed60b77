//! A server that is a task of the test's own process.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

use crate::connect::{BoxError, Connect};
use crate::server::{BoxFuture, Instance, Running, Server, ServerExit, StartContext, StartError};

/// Starts a server as a task. The function binds the server to an address, spawns it, and returns
/// what connects to it together with the task.
///
/// ```
/// # #[cfg(feature = "tcp")] {
/// use paceline_rpc::{Framing, Harness, InProcess, JsonRpc};
/// use tokio::net::TcpListener;
///
/// # async fn serve(_: TcpListener) {}
/// let server = InProcess::new(|| async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let connector = JsonRpc::tcp(listener.local_addr()?, Framing::Newline);
///     Ok((connector, tokio::spawn(serve(listener))))
/// });
/// let harness = Harness::new(server);
/// # drop(harness);
/// # }
/// ```
pub struct InProcess<F> {
    start: F,
}

impl<F, Fut, C> InProcess<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(C, JoinHandle<()>), BoxError>> + Send + 'static,
    C: Connect,
{
    /// A server that `start` starts.
    pub fn new(start: F) -> Self {
        Self { start }
    }
}

impl<F, Fut, C> Server for InProcess<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(C, JoinHandle<()>), BoxError>> + Send + 'static,
    C: Connect,
{
    type Connector = C;

    async fn start(self: &Arc<Self>, _: &StartContext) -> Result<Running<C>, StartError> {
        let (connector, task) = (self.start)().await.map_err(StartError::Other)?;
        Ok(Running::new(Arc::new(connector), Arc::new(Task::new(task))))
    }
}

struct Task {
    abort: AbortHandle,
    exit: watch::Receiver<Option<ServerExit>>,
    /// Ends when the server's task has.
    watcher: Mutex<Option<JoinHandle<()>>>,
}

impl Task {
    fn new(task: JoinHandle<()>) -> Self {
        let (tell, exit) = watch::channel(None);
        let abort = task.abort_handle();
        let watcher = tokio::spawn(async move {
            let how = match task.await {
                Ok(()) => "its task returned".to_owned(),
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => format!(
                        "its task panicked: {}",
                        crate::panics::message(panic.as_ref())
                    ),
                    Err(_) => "its task was stopped".to_owned(),
                },
            };
            tell.send_replace(Some(ServerExit::Task(how)));
        });
        Self {
            abort,
            exit,
            watcher: Mutex::new(Some(watcher)),
        }
    }
}

impl Instance for Task {
    fn stop(&self) -> BoxFuture<'_, Result<(), String>> {
        self.abort.abort();
        let watcher = self
            .watcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        Box::pin(async move {
            if let Some(watcher) = watcher {
                let _ = watcher.await;
            }
            Ok(())
        })
    }

    fn can_exit(&self) -> bool {
        true
    }

    fn exited(&self) -> BoxFuture<'_, ServerExit> {
        let mut exit = self.exit.clone();
        Box::pin(async move {
            let known = exit.wait_for(Option::is_some).await;
            let exit = known.ok().and_then(|exit| exit.clone());
            match exit {
                Some(exit) => exit,
                None => std::future::pending().await,
            }
        })
    }

    fn exit(&self) -> Option<ServerExit> {
        self.exit.borrow().clone()
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.abort.abort();
    }
}
