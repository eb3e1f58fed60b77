//! What can go wrong with a call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::id::Id;
use crate::human::in_words;
use crate::server::ServerExit;

/// The error object of a JSON-RPC response.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the server answered with error {code}{}: {message}", named(*.code))]
pub struct RpcError {
    /// The number that tells what kind of error it is; those from -32768 to -32000 are reserved.
    pub code: i64,
    /// One sentence for people.
    pub message: String,
    /// What the server adds.
    pub data: Option<Value>,
}

impl RpcError {
    /// The text was not JSON.
    pub const PARSE_ERROR: i64 = -32700;
    /// The JSON was no request.
    pub const INVALID_REQUEST: i64 = -32600;
    /// There is no such method.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// The method does not take these parameters.
    pub const INVALID_PARAMS: i64 = -32602;
    /// The server failed on the way.
    pub const INTERNAL_ERROR: i64 = -32603;

    /// An error with this code and message, for the answers of mock servers and request handlers.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// What the specification calls this code.
    pub fn name(&self) -> Option<&'static str> {
        name_of(self.code)
    }

    pub(crate) fn to_value(&self) -> Value {
        let mut value = json!({"code": self.code, "message": self.message});
        if let Some(data) = &self.data {
            value["data"] = data.clone();
        }
        value
    }
}

fn name_of(code: i64) -> Option<&'static str> {
    Some(match code {
        RpcError::PARSE_ERROR => "parse error",
        RpcError::INVALID_REQUEST => "invalid request",
        RpcError::METHOD_NOT_FOUND => "method not found",
        RpcError::INVALID_PARAMS => "invalid params",
        RpcError::INTERNAL_ERROR => "internal error",
        -32099..=-32000 => "server error",
        _ => return None,
    })
}

fn named(code: i64) -> String {
    name_of(code).map_or_else(String::new, |name| format!(" ({name})"))
}

/// Why a call has no result.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The server answered with an error.
    #[error("calling {method}")]
    Rpc {
        /// The method that was called.
        method: String,
        /// The server's answer.
        #[source]
        error: Box<RpcError>,
    },
    /// The server did not answer in time.
    #[error(
        "calling {method} (id {id}): no answer within {}{}", in_words(*.after), also(.in_flight)
    )]
    Timeout {
        /// The method that was called.
        method: String,
        /// The id of the request that is without an answer.
        id: Id,
        /// How long the client waited.
        after: Duration,
        /// The methods of the other requests without an answer on this connection.
        in_flight: Vec<String>,
    },
    /// The connection ended before the answer.
    #[error("calling {method}: the connection is closed: {reason}")]
    Closed {
        /// The method that was called.
        method: String,
        /// How the connection ended.
        reason: CloseReason,
    },
    /// The answer is no JSON-RPC 2.0.
    #[error("calling {method}: the answer is not JSON-RPC 2.0: {why}: {frame}")]
    Invalid {
        /// The method that was called.
        method: String,
        /// What is wrong with it.
        why: String,
        /// The answer, shortened.
        frame: String,
    },
    /// The parameters cannot be written as JSON.
    #[error("calling {method}: writing the parameters as JSON: {error}")]
    Params {
        /// The method that was to be called.
        method: String,
        /// What is wrong with them.
        error: Arc<serde_json::Error>,
    },
    /// The result does not have the type that was asked for.
    #[error("calling {method}: reading the result {result}: {error}")]
    Result {
        /// The method that was called.
        method: String,
        /// The result, shortened.
        result: String,
        /// What is wrong with it.
        error: Arc<serde_json::Error>,
    },
    /// The HTTP server refused the request.
    #[error("calling {method}: HTTP status {status}: {body}")]
    Http {
        /// The method that was called.
        method: String,
        /// The status, not 2xx.
        status: u16,
        /// The body, shortened.
        body: String,
    },
    /// A batch without a request is against the specification, and was not sent.
    #[error("a batch needs at least one request")]
    EmptyBatch,
}

impl CallError {
    /// The server's answer, if it answered with an error.
    pub fn rpc(&self) -> Option<&RpcError> {
        match self {
            Self::Rpc { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The code of the server's error, if it answered with one.
    pub fn code(&self) -> Option<i64> {
        self.rpc().map(|error| error.code)
    }
}

fn also(in_flight: &[String]) -> String {
    if in_flight.is_empty() {
        return String::new();
    }
    let mut shown = in_flight.iter().take(5).cloned().collect::<Vec<_>>();
    if in_flight.len() > shown.len() {
        shown.push(format!("{} more", in_flight.len() - shown.len()));
    }
    format!("; also without an answer: {}", shown.join(", "))
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// This side closed it.
    Local,
    /// The server closed it, between two messages.
    Peer(Option<String>),
    /// It was cut in the middle of a message.
    MidFrame {
        /// How many bytes of the message had arrived.
        got: usize,
    },
    /// Reading or writing failed.
    Io(String),
    /// What arrived has no frames that could be told apart, so that nothing after it can be read.
    Framing(String),
    /// The server's process ended.
    Exited(ServerExit),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("closed on this side"),
            Self::Peer(None) => f.write_str("the server closed it"),
            Self::Peer(Some(why)) => write!(f, "the server closed it: {why}"),
            Self::MidFrame { got } => {
                write!(f, "cut in the middle of a message, after {got} bytes of it")
            }
            Self::Io(error) => f.write_str(error),
            Self::Framing(why) => f.write_str(why),
            Self::Exited(exit) => write!(f, "the server's process ended: {exit}"),
        }
    }
}

/// Why [`Client::wait_for`](super::Client::wait_for) and its kin have nothing to give.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// No such notification came in time.
    #[error("no notification {} within {}{}", any_of(.methods), in_words(*.after), others(.seen))]
    Timeout {
        /// The methods that were waited for.
        methods: Vec<String>,
        /// How long.
        after: Duration,
        /// The methods of other notifications in the buffer.
        seen: Vec<String>,
    },
    /// The connection ended first.
    #[error("waiting for notification {}: the connection is closed: {reason}", any_of(.methods))]
    Closed {
        /// The methods that were waited for.
        methods: Vec<String>,
        /// How the connection ended.
        reason: CloseReason,
    },
    /// One came that must not.
    #[error("expected no notification {method}, and got one: {params}")]
    Unexpected {
        /// The method.
        method: String,
        /// Its parameters, shortened.
        params: String,
    },
    /// The call of [`Client::call_and_wait`](super::Client::call_and_wait) failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

fn any_of(methods: &[String]) -> String {
    methods.join(" or ")
}

fn others(seen: &[String]) -> String {
    if seen.is_empty() {
        return "; no other came either".to_owned();
    }
    format!("; in the buffer: {}", seen.join(", "))
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("connecting to {endpoint}: {why}")]
pub struct ConnectError {
    /// What the client tried to connect to.
    pub endpoint: String,
    /// What happened.
    pub why: String,
}
