//! Several requests in one message.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::error::{CallError, CloseReason};
use super::id::Id;
use super::inner::{Inner, Outgoing};

/// A batch under construction, from [`Client::batch`](super::Client::batch).
///
/// ```
/// # use paceline_rpc::mock::MockServer;
/// # use paceline_rpc::{Client, ClientOptions};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = MockServer::start().await?;
/// # server.on("echo", |params| Ok(params[0].clone()));
/// # let client = Client::websocket(&server.websocket_url(), ClientOptions::new()).await?;
/// let answers = client
///     .batch()
///     .call("echo", ["a"])
///     .notify("log", ["not answered"])
///     .call("missing", ())
///     .send()
///     .await?;
/// assert_eq!(answers[0].as_ref().unwrap(), "a");
/// assert_eq!(answers[1].as_ref().unwrap_err().code(), Some(-32601));
/// # Ok(())
/// # }
/// ```
#[must_use = "a batch does nothing until it is sent"]
pub struct Batch<'a> {
    inner: &'a Arc<Inner>,
    messages: Vec<Value>,
    calls: Vec<(Id, String)>,
    broken: Option<CallError>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(inner: &'a Arc<Inner>) -> Self {
        Self {
            inner,
            messages: Vec::new(),
            calls: Vec::new(),
            broken: None,
        }
    }

    /// Adds a request.
    pub fn call(mut self, method: &str, params: impl Serialize) -> Self {
        let id = self.inner.fresh_id();
        self.add(Some(&id), method, params);
        self.calls.push((id, method.to_owned()));
        self
    }

    /// Adds a notification, which has no answer.
    pub fn notify(mut self, method: &str, params: impl Serialize) -> Self {
        self.add(None, method, params);
        self
    }

    fn add(&mut self, id: Option<&Id>, method: &str, params: impl Serialize) {
        match serde_json::to_value(params) {
            Ok(params) => self.messages.push(self.inner.request(id, method, params)),
            Err(error) => {
                self.broken.get_or_insert(CallError::Params {
                    method: method.to_owned(),
                    error: Arc::new(error),
                });
            }
        }
    }

    /// Sends the batch. The answers are those of the requests, in their order, whatever order the
    /// server chose; a server that leaves one out makes that one time out.
    ///
    /// An empty batch is an error, since it is one by the specification; to see how a server takes
    /// it, send `[]` with [`Client::send_raw`](super::Client::send_raw).
    pub async fn send(self) -> Result<Vec<Result<Value, CallError>>, CallError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        if self.messages.is_empty() {
            return Err(CallError::EmptyBatch);
        }
        let inner = self.inner;
        let timeout = inner.options.call_timeout;
        let mut waiting = Vec::with_capacity(self.calls.len());
        for (id, method) in &self.calls {
            let registered = Forget { inner, id };
            waiting.push((registered, inner.expect(id, method)?));
        }
        let message = Outgoing {
            text: Value::Array(self.messages).to_string(),
            ids: self.calls.iter().map(|(id, _)| id.clone()).collect(),
        };
        let deadline = tokio::time::Instant::now() + timeout;
        let closed = |method: &str| CallError::Closed {
            method: method.to_owned(),
            reason: inner.close_reason().unwrap_or(CloseReason::Local),
        };
        match tokio::time::timeout_at(deadline, inner.send(message)).await {
            Ok(Ok(())) | Err(_) => {}
            Ok(Err(_)) => return Err(closed("(batch)")),
        }
        let mut answers = Vec::with_capacity(waiting.len());
        for ((id, method), (registered, answer)) in self.calls.iter().zip(waiting) {
            answers.push(match tokio::time::timeout_at(deadline, answer).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(closed(method)),
                Err(_) => {
                    drop(registered);
                    Err(CallError::Timeout {
                        method: method.clone(),
                        id: id.clone(),
                        after: timeout,
                        in_flight: inner.in_flight(),
                    })
                }
            });
        }
        Ok(answers)
    }
}

struct Forget<'a> {
    inner: &'a Inner,
    id: &'a Id,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.inner.forget(self.id);
    }
}
