//! Calling methods.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::batch::Batch;
use super::error::{CallError, CloseReason, RpcError, WaitError};
use super::inner::{Inner, Outgoing};
use super::transcript::Frame;
use crate::human::shortened;

/// One connection to a JSON-RPC 2.0 server. Cheap to clone; clones share the connection, and any
/// number of calls can be under way at once.
///
/// ```
/// # use paceline_rpc::mock::MockServer;
/// # use paceline_rpc::{Client, ClientOptions};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = MockServer::start().await?;
/// # server.on("add", |params| Ok((params[0].as_i64().unwrap_or(0) + params[1].as_i64().unwrap_or(0)).into()));
/// let client = Client::websocket(&server.websocket_url(), ClientOptions::new()).await?;
/// let sum: i64 = client.call("add", [1, 2]).await?;
/// assert_eq!(sum, 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
    /// Ends the connection when the last clone is gone.
    _last: Arc<CloseOnDrop>,
}

struct CloseOnDrop(Arc<Inner>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close(CloseReason::Local);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("closed", &self.inner.close_reason())
            .finish_non_exhaustive()
    }
}

/// Removes a request from those that wait, also if its caller is cancelled.
struct Registered<'a> {
    inner: &'a Inner,
    id: &'a super::Id,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.inner.forget(self.id);
    }
}

impl Client {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        let last = Arc::new(CloseOnDrop(Arc::clone(&inner)));
        Self { inner, _last: last }
    }

    /// Calls a method and waits for its result, at most as long as
    /// [`ClientOptions::call_timeout`](super::ClientOptions::call_timeout) says.
    ///
    /// `params` is anything that serializes to an array or an object; `()` becomes `{}`, and a lone
    /// value an array of one.
    pub async fn call<R: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<R, CallError> {
        self.call_timeout(method, params, self.inner.options.call_timeout)
            .await
    }

    /// Like [`call`](Self::call), with a timeout of its own.
    pub async fn call_timeout<R: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
        timeout: Duration,
    ) -> Result<R, CallError> {
        let params = to_params(method, params)?;
        let result = self.call_value(method, params, timeout).await?;
        // Read from a reference, so that the error can still show the result.
        R::deserialize(&result).map_err(|error| CallError::Result {
            method: method.to_owned(),
            result: shortened(&result.to_string(), 500),
            error: Arc::new(error),
        })
    }

    async fn call_value(
        &self,
        method: &str,
        params: Value,
        timeout: Duration,
    ) -> Result<Value, CallError> {
        let id = self.inner.fresh_id();
        let answer = self.inner.expect(&id, method)?;
        let registered = Registered {
            inner: &self.inner,
            id: &id,
        };
        let message = Outgoing {
            text: self.inner.request(Some(&id), method, params).to_string(),
            ids: vec![id.clone()],
        };
        let exchange = async {
            let closed = |reason| CallError::Closed {
                method: method.to_owned(),
                reason,
            };
            self.inner.send(message).await.map_err(closed)?;
            answer.await.unwrap_or_else(|_| {
                let reason = self.inner.close_reason().unwrap_or(CloseReason::Local);
                Err(closed(reason))
            })
        };
        if let Ok(result) = tokio::time::timeout(timeout, exchange).await {
            return result;
        }
        drop(registered);
        Err(CallError::Timeout {
            method: method.to_owned(),
            after: timeout,
            in_flight: self.inner.in_flight(),
            id,
        })
    }

    /// Sends a notification. That it was sent is all that is known afterwards.
    pub async fn notify(&self, method: &str, params: impl Serialize) -> Result<(), CallError> {
        let params = to_params(method, params)?;
        let message = Outgoing {
            text: self.inner.request(None, method, params).to_string(),
            ids: Vec::new(),
        };
        let sent = self.inner.send(message).await;
        sent.map_err(|reason| CallError::Closed {
            method: method.to_owned(),
            reason,
        })
    }

    /// Begins a batch: several requests and notifications in one message.
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(&self.inner)
    }

    /// Sends any text as one message, for tests of how a server takes what is no JSON-RPC. The
    /// answer, whose id is null or unknown, is had from [`next_unmatched`](Self::next_unmatched).
    pub async fn send_raw(&self, text: &str) -> Result<(), CallError> {
        let message = Outgoing {
            text: text.to_owned(),
            ids: Vec::new(),
        };
        let sent = self.inner.send(message).await;
        sent.map_err(|reason| CallError::Closed {
            method: "(raw message)".to_owned(),
            reason,
        })
    }

    /// The next message that belongs to no call: a response with a null or unknown id, a second
    /// response, or (as a JSON string) text that is not JSON.
    pub async fn next_unmatched(&self, timeout: Duration) -> Result<Value, WaitError> {
        let methods = || vec!["(a message that belongs to no call)".to_owned()];
        tokio::select! {
            biased;
            value = self.inner.next_unmatched() => Ok(value),
            () = self.inner.ended.cancelled() => Err(WaitError::Closed {
                methods: methods(),
                reason: self.close_reason().unwrap_or(CloseReason::Local),
            }),
            () = tokio::time::sleep(timeout) => Err(WaitError::Timeout {
                methods: methods(),
                after: timeout,
                seen: self.inner.notifications.summary(),
            }),
        }
    }

    /// How many messages belonged to no call so far.
    pub fn unmatched_count(&self) -> u64 {
        self.inner.unmatched_total()
    }

    /// Answers requests of the server with this function. Requests of other methods are answered
    /// with "method not found".
    pub fn on_request<F, Fut>(&self, method: &str, handler: F)
    where
        F: Fn(Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, RpcError>> + Send + 'static,
    {
        self.inner
            .handle(method, Arc::new(move |params| Box::pin(handler(params))));
    }

    /// How the connection ended, if it has.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.inner.close_reason()
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) -> CloseReason {
        self.inner.ended.cancelled().await;
        self.close_reason().unwrap_or(CloseReason::Local)
    }

    /// Ends the connection. Calls under way fail.
    pub fn close(&self) {
        self.inner.close(CloseReason::Local);
    }

    /// The methods that wait for an answer.
    pub fn in_flight(&self) -> Vec<String> {
        self.inner.in_flight()
    }

    /// The last frames in both directions, secrets masked.
    pub fn transcript(&self) -> Vec<Frame> {
        self.inner.frames_since(0)
    }
}

fn to_params(method: &str, params: impl Serialize) -> Result<Value, CallError> {
    serde_json::to_value(params).map_err(|error| CallError::Params {
        method: method.to_owned(),
        error: Arc::new(error),
    })
}
