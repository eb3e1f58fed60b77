//! Starting, restarting and stopping servers, and the shared connection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use super::Run;
use super::attempt::StepEnd;
use crate::config::OnServerExit;
use crate::connect::Connect;
use crate::context::{Ctx, Noted, Parts};
use crate::failure::Failure;
use crate::harness::ClientOf;
use crate::human::in_words;
use crate::report::RunReport;
use crate::server::{Running, Server, StartContext, StartError};
use crate::test::Body;

pub(crate) struct Servers<S: Server> {
    server: Arc<S>,
    main: AsyncMutex<Main<S>>,
    workers: AsyncMutex<BTreeMap<usize, Running<S::Connector>>>,
    /// Why no test can run any more.
    gone: Mutex<Option<String>>,
    /// Why no test could run at all.
    aborted: Mutex<Option<String>>,
    warnings: Mutex<Vec<String>>,
}

struct Main<S: Server> {
    live: Option<Arc<Live<S>>>,
    restarts: usize,
}

/// The shared server, with the shared connection.
pub(crate) struct Live<S: Server> {
    pub(crate) running: Running<S::Connector>,
    pub(crate) control: Arc<ClientOf<S>>,
}

impl<S: Server> Servers<S> {
    pub(crate) fn new(server: Arc<S>) -> Self {
        Self {
            server,
            main: AsyncMutex::new(Main {
                live: None,
                restarts: 0,
            }),
            workers: AsyncMutex::default(),
            gone: Mutex::default(),
            aborted: Mutex::default(),
            warnings: Mutex::default(),
        }
    }

    pub(crate) fn gone(&self) -> Option<String> {
        lock(&self.gone).clone()
    }

    /// Why no test could run at all, in full.
    #[cfg(feature = "worker")]
    pub(crate) fn why_aborted(&self) -> Option<String> {
        lock(&self.aborted).clone()
    }

    fn warn(&self, warning: String) {
        lock(&self.warnings).push(warning);
    }

    async fn stop(&self, running: &Running<S::Connector>) {
        if let Err(warning) = running.instance.stop().await {
            self.warn(warning);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Server> Run<S> {
    /// Starts one server.
    async fn start(&self, worker: Option<usize>) -> Result<Running<S::Connector>, StartError> {
        let context = StartContext {
            startup_timeout: self.config.startup_timeout,
            pass_output: self.config.pass_output,
            worker,
        };
        tokio::select! {
            biased;
            // Dropping the future in the middle kills what it has started.
            () = self.config.interrupt.cancelled() => Err(StartError::Interrupted),
            running = Box::pin(self.servers.server.start(&context)) => running,
        }
    }

    /// Opens one connection.
    pub(crate) async fn connect(
        &self,
        connector: &S::Connector,
    ) -> Result<Arc<ClientOf<S>>, String> {
        connect(
            connector,
            self.config.connect_timeout,
            &self.config.interrupt,
        )
        .await
    }

    /// The shared server: started if it is not running yet, and again if it has ended and should be.
    /// An error is the reason why tests that need it are skipped.
    pub(crate) async fn main_server(&self) -> Result<Arc<Live<S>>, String> {
        let mut main = self.servers.main.lock().await;
        if let Some(reason) = self.servers.gone() {
            return Err(reason);
        }
        let Some(live) = main.live.clone() else {
            return match self.bring_up(&mut main).await {
                Ok(live) => Ok(live),
                Err(why) => {
                    *lock(&self.servers.aborted) = Some(why.clone());
                    Err(self.give_up(&why))
                }
            };
        };
        if let Some(exit) = live.running.instance.exit() {
            return self.after_exit(&mut main, &live, &exit.to_string()).await;
        }
        if !live.running.connector.is_closed(&live.control) {
            return Ok(live);
        }
        // Somebody has cut the shared connection; the tests that are left get another.
        match self.connect(&live.running.connector).await {
            Ok(control) => {
                live.running
                    .connector
                    .close(Arc::clone(&live.control))
                    .await;
                let live = Arc::new(Live {
                    running: live.running.clone(),
                    control,
                });
                main.live = Some(Arc::clone(&live));
                Ok(live)
            }
            Err(why) => {
                // It may have been the server's last sign of life.
                let exited = live.running.instance.exited();
                match tokio::time::timeout(super::attempt::DEATH_NOTICE, exited).await {
                    Ok(exit) => self.after_exit(&mut main, &live, &exit.to_string()).await,
                    Err(_) => Err(self.give_up(&format!("no connection to the server: {why}"))),
                }
            }
        }
    }

    async fn after_exit(
        &self,
        main: &mut Main<S>,
        live: &Live<S>,
        exit: &str,
    ) -> Result<Arc<Live<S>>, String> {
        if self.config.on_server_exit == OnServerExit::Skip {
            return Err(self.give_up(&format!("the server ended: {exit}")));
        }
        if main.restarts >= self.config.max_restarts {
            return Err(self.give_up(&format!(
                "the server ended: {exit}, and had been restarted {} times already",
                main.restarts
            )));
        }
        main.restarts += 1;
        self.servers
            .warn(format!("the server ended: {exit}, and was started again"));
        main.live = None;
        self.take_down(live).await;
        match self.bring_up(main).await {
            Ok(live) => Ok(live),
            Err(why) => {
                Err(self.give_up(&format!("the server ended: {exit}; restarting it: {why}")))
            }
        }
    }

    fn give_up(&self, reason: &str) -> String {
        let mut gone = lock(&self.servers.gone);
        gone.get_or_insert(first_line(reason)).clone()
    }

    /// Server, shared connection, `before_all`.
    async fn bring_up(&self, main: &mut Main<S>) -> Result<Arc<Live<S>>, String> {
        let running = self.start(None).await.map_err(|error| error.to_string())?;
        let control = match self.connect(&running.connector).await {
            Ok(control) => control,
            Err(why) => {
                let output = tail(&running.instance.output_since(0));
                self.servers.stop(&running).await;
                return Err(format!("{why}{output}"));
            }
        };
        let live = Arc::new(Live { running, control });
        main.live = Some(Arc::clone(&live));
        if let Some(hook) = &self.hooks.before_all {
            self.once("before_all", hook, &live, true).await?;
        }
        Ok(live)
    }

    async fn take_down(&self, live: &Live<S>) {
        self.close(&live.running.connector, Arc::clone(&live.control))
            .await;
        self.servers.stop(&live.running).await;
    }

    /// Closes a connection; a close that does not end is given up.
    pub(crate) async fn close(&self, connector: &S::Connector, client: Arc<ClientOf<S>>) {
        let closing = Box::pin(connector.close(client));
        if tokio::time::timeout(self.config.hook_timeout, closing)
            .await
            .is_err()
        {
            self.servers.warn(format!(
                "closing a connection took longer than {}",
                in_words(self.config.hook_timeout)
            ));
        }
    }

    /// A hook on the shared connection.
    async fn once(
        &self,
        name: &str,
        hook: &Body<ClientOf<S>>,
        live: &Live<S>,
        interruptible: bool,
    ) -> Result<(), String> {
        let noted = Arc::new(Noted::default());
        let cx = Ctx::new(Parts {
            name: name.into(),
            client: Arc::clone(&live.control),
            cancelled: self.config.interrupt.child_token(),
            instance: Arc::clone(&live.running.instance),
            another: self.another(&live.running, &Arc::default()),
            worker: None,
            shared: noted,
        });
        let mark = live.running.instance.output_mark();
        let watched = interruptible.then_some(&*live.running.instance);
        let end = self.step(hook(cx), self.config.hook_timeout, watched).await;
        let why = match end {
            StepEnd::Done(Ok(())) => return Ok(()),
            StepEnd::Done(Err(failure)) => match failure.location() {
                Some(location) => format!("{failure} (at {location})"),
                None => failure.to_string(),
            },
            StepEnd::TimedOut(body) => {
                self.executor.abandon(body).await;
                format!("did not end within {}", in_words(self.config.hook_timeout))
            }
            StepEnd::ServerExited(exit, body) => {
                self.executor.abandon(body).await;
                format!("the server ended: {exit}")
            }
            StepEnd::Interrupted(body) => {
                self.executor.abandon(body).await;
                "interrupted".to_owned()
            }
        };
        let output = tail(&live.running.instance.output_since(mark));
        Err(format!("{name}: {why}{output}"))
    }

    /// The server that only the tests of this worker use.
    pub(crate) async fn worker_server(
        &self,
        worker: usize,
    ) -> Result<Running<S::Connector>, StartError> {
        // Held while starting: servers for different workers start one after another, each once.
        let mut workers = self.servers.workers.lock().await;
        if let Some(running) = workers.get(&worker) {
            if running.instance.exit().is_none() {
                return Ok(running.clone());
            }
            self.servers.stop(running).await;
        }
        let running = self.start(Some(worker)).await?;
        workers.insert(worker, running.clone());
        Ok(running)
    }

    /// A server for one test.
    pub(crate) async fn own_server(
        &self,
        worker: Option<usize>,
    ) -> Result<Running<S::Connector>, StartError> {
        self.start(worker).await
    }

    pub(crate) async fn stop_server(&self, running: &Running<S::Connector>) {
        self.servers.stop(running).await;
    }

    /// What follows the last test: `after_all`, and the end of everything.
    pub(crate) async fn finish(&self, report: &mut RunReport) {
        let live = self.servers.main.lock().await.live.take();
        if let Some(live) = live {
            if let Some(hook) = &self.hooks.after_all {
                report.after_all_failed = self.once("after_all", hook, &live, false).await.err();
            }
            self.take_down(&live).await;
        }
        let workers = std::mem::take(&mut *self.servers.workers.lock().await);
        for running in workers.values() {
            self.servers.stop(running).await;
        }
        report.aborted = lock(&self.servers.aborted).take();
        report.warnings.append(&mut lock(&self.servers.warnings));
    }

    /// What opens a further connection and remembers it.
    pub(crate) fn another(
        &self,
        running: &Running<S::Connector>,
        opened: &Arc<Mutex<Vec<Arc<ClientOf<S>>>>>,
    ) -> Another<ClientOf<S>> {
        let connector = Arc::clone(&running.connector);
        let timeout = self.config.connect_timeout;
        let interrupt = self.config.interrupt.clone();
        let opened = Arc::clone(opened);
        Box::new(move || {
            let (connector, interrupt) = (Arc::clone(&connector), interrupt.clone());
            let opened = Arc::clone(&opened);
            Box::pin(async move {
                let client = connect(&*connector, timeout, &interrupt)
                    .await
                    .map_err(Failure::harness)?;
                lock(&opened).push(Arc::clone(&client));
                Ok(client)
            })
        })
    }
}

pub(crate) type Another<C> =
    Box<dyn Fn() -> crate::server::BoxFuture<'static, Result<Arc<C>, Failure>> + Send + Sync>;

async fn connect<C: Connect>(
    connector: &C,
    timeout: std::time::Duration,
    interrupt: &tokio_util::sync::CancellationToken,
) -> Result<Arc<C::Client>, String> {
    tokio::select! {
        biased;
        connected = tokio::time::timeout(timeout, Box::pin(connector.connect())) => match connected {
            Ok(Ok(client)) => Ok(Arc::new(client)),
            Ok(Err(error)) => Err(Failure::from_boxed(error).to_string()),
            Err(_) => Err(format!("no connection within {}", in_words(timeout))),
        },
        () = interrupt.cancelled() => Err("interrupted while connecting".to_owned()),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The last lines of a server's output, for a message.
fn tail(output: &str) -> String {
    let lines: Vec<_> = output.lines().collect();
    let start = lines.len().saturating_sub(50);
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "; the server's last output:\n    {}",
        lines[start..].join("\n    ")
    )
}
