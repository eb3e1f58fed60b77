//! One connection: the requests without an answer, the notifications, the transcript.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::error::{CallError, CloseReason, RpcError};
use super::id::{Id, IdStyle};
use super::message::{self, Incoming};
use super::notifications::{Notification, Notifications};
use super::options::ClientOptions;
use super::transcript::{Direction, Frame, Transcript};
use crate::human::shortened;
use crate::process::Process;

/// Responses that match no request are kept up to this number.
const UNMATCHED_KEPT: usize = 100;
/// How much of a frame an error shows.
const SHOWN: usize = 500;

/// One message for the transport to send.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) text: String,
    /// The requests in it, which fail with it.
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "streams fail as a whole")
    )]
    pub(crate) ids: Vec<Id>,
}

pub(crate) struct Pending {
    pub(crate) method: String,
    pub(crate) answer: oneshot::Sender<Result<Value, CallError>>,
}

pub(crate) type RequestHandler = Arc<
    dyn Fn(Value) -> Pin<Box<dyn Future<Output = Result<Value, RpcError>> + Send>> + Send + Sync,
>;

pub(crate) struct Inner {
    pub(crate) options: ClientOptions,
    pub(crate) notifications: Notifications,
    /// Cancelled once the connection has ended, whatever the reason.
    pub(crate) ended: CancellationToken,
    outgoing: mpsc::Sender<Outgoing>,
    pending: Mutex<HashMap<Id, Pending>>,
    next_id: AtomicU64,
    transcript: Mutex<Transcript>,
    closed: Mutex<Option<CloseReason>>,
    unmatched: Mutex<VecDeque<Value>>,
    unmatched_arrived: Notify,
    unmatched_total: AtomicU64,
    handlers: Mutex<HashMap<String, RequestHandler>>,
    /// The server, if it is a process of this connection's own.
    process: OnceLock<Process>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    /// The state, and what the transport has to send.
    pub(crate) fn new(options: ClientOptions) -> (Arc<Self>, mpsc::Receiver<Outgoing>) {
        let (outgoing, to_send) = mpsc::channel(64);
        let inner = Self {
            notifications: Notifications::new(options.buffer_size),
            ended: CancellationToken::new(),
            outgoing,
            pending: Mutex::default(),
            next_id: AtomicU64::new(1),
            transcript: Mutex::new(Transcript::new(options.transcript)),
            closed: Mutex::default(),
            unmatched: Mutex::default(),
            unmatched_arrived: Notify::new(),
            unmatched_total: AtomicU64::new(0),
            handlers: Mutex::default(),
            process: OnceLock::new(),
            options,
        };
        (Arc::new(inner), to_send)
    }

    pub(crate) fn fresh_id(&self) -> Id {
        let number = self.next_id.fetch_add(1, Ordering::Relaxed);
        match self.options.id_style {
            IdStyle::Numbers => Id::from(number),
            IdStyle::Strings => Id::String(number.to_string()),
        }
    }

    pub(crate) fn request(&self, id: Option<&Id>, method: &str, params: Value) -> Value {
        message::request(id, method, params, self.options.omit_null_params)
    }

    /// Registers a request. The answer comes through the receiver, the end of the connection too.
    pub(crate) fn expect(
        &self,
        id: &Id,
        method: &str,
    ) -> Result<oneshot::Receiver<Result<Value, CallError>>, CallError> {
        let (answer, receiver) = oneshot::channel();
        let pending = Pending {
            method: method.to_owned(),
            answer,
        };
        let mut all = lock(&self.pending);
        // Under the lock that `close` takes too, so that no request is left behind.
        if let Some(reason) = self.close_reason() {
            return Err(CallError::Closed {
                method: method.to_owned(),
                reason,
            });
        }
        all.insert(id.clone(), pending);
        Ok(receiver)
    }

    pub(crate) fn forget(&self, id: &Id) {
        lock(&self.pending).remove(id);
    }

    /// The methods that have no answer yet, oldest names first as far as ids tell.
    pub(crate) fn in_flight(&self) -> Vec<String> {
        let pending = lock(&self.pending);
        let mut methods: Vec<_> = pending.values().map(|p| p.method.clone()).collect();
        methods.sort_unstable();
        methods
    }

    pub(crate) async fn send(&self, message: Outgoing) -> Result<(), CloseReason> {
        if let Some(reason) = self.close_reason() {
            return Err(reason);
        }
        lock(&self.transcript).add(Direction::Sent, &message.text);
        tokio::select! {
            sent = self.outgoing.send(message) => {
                sent.map_err(|_| self.close_reason().unwrap_or(CloseReason::Local))
            }
            () = self.ended.cancelled() => Err(self.close_reason().unwrap_or(CloseReason::Local)),
        }
    }

    /// A frame has arrived.
    pub(crate) fn received(self: &Arc<Self>, frame: &str) {
        lock(&self.transcript).add(Direction::Received, frame);
        match message::parse(frame) {
            Ok(messages) => {
                for message in messages {
                    self.dispatch(message, frame);
                }
            }
            Err(error) => {
                // Nobody can tell whose answer this was, so nobody is left to wait for one.
                self.fail_all(|method| CallError::Invalid {
                    method,
                    why: error.to_string(),
                    frame: shortened(frame, SHOWN),
                });
                self.unmatched(Value::String(frame.to_owned()));
            }
        }
    }

    fn dispatch(self: &Arc<Self>, message: Incoming, frame: &str) {
        match message {
            Incoming::Response { id, result } => {
                let Some(pending) = lock(&self.pending).remove(&id) else {
                    self.unmatched(message::response(&id, result));
                    return;
                };
                let method = pending.method;
                // The caller may have given up.
                let _ = pending.answer.send(result.map_err(|error| CallError::Rpc {
                    method,
                    error: Box::new(error),
                }));
            }
            Incoming::Notification { method, params } => {
                self.notifications.arrived(Notification { method, params });
            }
            Incoming::Request { id, method, params } => self.answer(id, &method, params),
            Incoming::Invalid { id, why, value } => {
                let pending = id.and_then(|id| lock(&self.pending).remove(&id));
                match pending {
                    Some(Pending { method, answer }) => {
                        let frame = shortened(frame, SHOWN);
                        let _ = answer.send(Err(CallError::Invalid { method, why, frame }));
                    }
                    None => self.unmatched(value),
                }
            }
        }
    }

    /// Answers a request of the server.
    fn answer(self: &Arc<Self>, id: Id, method: &str, params: Value) {
        let handler = lock(&self.handlers).get(method).cloned();
        let answer = handler.map(|handler| handler(params));
        let inner = Arc::clone(self);
        let method = method.to_owned();
        tokio::spawn(async move {
            let result = match answer {
                Some(answer) => answer.await,
                None => Err(RpcError::new(
                    RpcError::METHOD_NOT_FOUND,
                    format!("this client has no method {method}"),
                )),
            };
            let text = message::response(&id, result).to_string();
            // If the connection has ended, nobody waits for this answer.
            let _ = inner
                .send(Outgoing {
                    text,
                    ids: Vec::new(),
                })
                .await;
        });
    }

    pub(crate) fn handle(&self, method: &str, handler: RequestHandler) {
        lock(&self.handlers).insert(method.to_owned(), handler);
    }

    fn unmatched(&self, value: Value) {
        self.unmatched_total.fetch_add(1, Ordering::Relaxed);
        let mut kept = lock(&self.unmatched);
        if kept.len() == UNMATCHED_KEPT {
            kept.pop_front();
        }
        kept.push_back(value);
        drop(kept);
        self.unmatched_arrived.notify_waiters();
    }

    pub(crate) fn unmatched_total(&self) -> u64 {
        self.unmatched_total.load(Ordering::Relaxed)
    }

    /// The oldest message that belongs to no call, as soon as there is one.
    pub(crate) async fn next_unmatched(&self) -> Value {
        loop {
            let arrived = self.unmatched_arrived.notified();
            tokio::pin!(arrived);
            // Registered before looking, so that nothing slips between.
            arrived.as_mut().enable();
            if let Some(value) = lock(&self.unmatched).pop_front() {
                return value;
            }
            arrived.await;
        }
    }

    /// Fails the requests of one message that could not be delivered.
    #[cfg(feature = "http")]
    pub(crate) fn fail(&self, ids: &[Id], error: impl Fn(String) -> CallError) {
        for id in ids {
            let pending = lock(&self.pending).remove(id);
            if let Some(pending) = pending {
                let _ = pending.answer.send(Err(error(pending.method)));
            }
        }
    }

    fn fail_all(&self, error: impl Fn(String) -> CallError) {
        let all = std::mem::take(&mut *lock(&self.pending));
        for pending in all.into_values() {
            let _ = pending.answer.send(Err(error(pending.method)));
        }
    }

    /// Ends the connection. Only the first reason counts.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the callers have made it for this"
    )]
    pub(crate) fn close(&self, reason: CloseReason) {
        let all = {
            let mut pending = lock(&self.pending);
            let mut closed = lock(&self.closed);
            if closed.is_some() {
                return;
            }
            *closed = Some(reason.clone());
            std::mem::take(&mut *pending)
        };
        for pending in all.into_values() {
            let _ = pending.answer.send(Err(CallError::Closed {
                method: pending.method,
                reason: reason.clone(),
            }));
        }
        self.notifications.close();
        self.ended.cancel();
    }

    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        lock(&self.closed).clone()
    }

    #[cfg(feature = "stdio")]
    pub(crate) fn set_process(&self, process: Process) {
        // Set once, before the client is handed out.
        let _ = self.process.set(process);
    }

    pub(crate) fn process(&self) -> Option<&Process> {
        self.process.get()
    }

    pub(crate) fn frames_so_far(&self) -> u64 {
        lock(&self.transcript).total()
    }

    pub(crate) fn frames_since(&self, mark: u64) -> Vec<Frame> {
        lock(&self.transcript).since(mark, &self.options.mask)
    }
}
