//! Servers that count, and logs of what happened.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    dead_code,
    reason = "each test uses a part"
)]

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use paceline_rpc::{
    BoxError, BoxFuture, Connect, Event, Instance, Reporter, Running, Server, StartContext,
    StartError,
};

/// A connection with a number.
pub(crate) struct Conn {
    pub(crate) number: usize,
    pub(crate) server: usize,
}

/// Opens numbered connections, counts them, and refuses one if told to.
#[derive(Clone)]
pub(crate) struct Counted(Arc<CountedState>);

struct CountedState {
    opened: AtomicUsize,
    closed: AtomicUsize,
    refused: AtomicUsize,
    server: usize,
}

impl Default for Counted {
    fn default() -> Self {
        Self::of(0)
    }
}

impl Counted {
    fn of(server: usize) -> Self {
        Self(Arc::new(CountedState {
            opened: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
            refused: AtomicUsize::new(usize::MAX),
            server,
        }))
    }

    pub(crate) fn refuse(&self, number: usize) {
        self.0.refused.store(number, Ordering::SeqCst);
    }

    pub(crate) fn opened(&self) -> usize {
        self.0.opened.load(Ordering::SeqCst)
    }

    pub(crate) fn open_now(&self) -> usize {
        let refused = usize::from(self.0.refused.load(Ordering::SeqCst) < self.opened());
        self.opened() - refused - self.0.closed.load(Ordering::SeqCst)
    }
}

impl Connect for Counted {
    type Client = Conn;

    async fn connect(&self) -> Result<Conn, BoxError> {
        let number = self.0.opened.fetch_add(1, Ordering::SeqCst);
        if number == self.0.refused.load(Ordering::SeqCst) {
            return Err(format!("refused number {number}").into());
        }
        Ok(Conn {
            number,
            server: self.0.server,
        })
    }

    async fn close(&self, _: Arc<Conn>) {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
    }
}

/// Starts numbered servers.
#[derive(Clone, Default)]
pub(crate) struct Farm {
    started: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
    connectors: Arc<Mutex<Vec<Counted>>>,
}

impl Farm {
    pub(crate) fn started(&self) -> usize {
        self.started.load(Ordering::SeqCst)
    }

    /// Connections to any of them that are not closed.
    pub(crate) fn open_now(&self) -> usize {
        let connectors = self.connectors.lock().unwrap();
        connectors.iter().map(Counted::open_now).sum()
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }
}

struct OneOf(Arc<AtomicUsize>);

impl Instance for OneOf {
    fn stop(&self) -> BoxFuture<'_, Result<(), String>> {
        self.0.fetch_sub(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }
}

impl Server for Farm {
    type Connector = Counted;

    async fn start(self: &Arc<Self>, _: &StartContext) -> Result<Running<Counted>, StartError> {
        let number = self.started.fetch_add(1, Ordering::SeqCst);
        self.running.fetch_add(1, Ordering::SeqCst);
        let instance = OneOf(Arc::clone(&self.running));
        let connector = Counted::of(number);
        self.connectors.lock().unwrap().push(connector.clone());
        Ok(Running::new(Arc::new(connector), Arc::new(instance)))
    }
}

/// Lines in the order in which they were added.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A reporter that keeps what it is told.
#[derive(Clone, Default)]
pub(crate) struct Events(pub(crate) Log);

impl Reporter for Events {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.0.add(match event {
            Event::RunStarted { tests, .. } => format!("run {tests}"),
            Event::TestStarted { name } => format!("start {name}"),
            Event::TestFinished(test) => format!("end {}", test.name),
            Event::RunFinished(_) => "done".to_owned(),
            _ => "unknown".to_owned(),
        });
        Ok(())
    }
}
