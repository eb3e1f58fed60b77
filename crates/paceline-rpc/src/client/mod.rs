//! A JSON-RPC 2.0 client for tests: concurrent calls over one connection, notifications kept for
//! those who wait for them, and a transcript for the failure.
//!
//! - [`Client`]: calls, notifications, batches, waiting ([`call`], [`events`], [`batch`])
//! - [`ClientOptions`]: how it behaves
//! - [`CallError`], [`WaitError`], [`RpcError`], [`CloseReason`]: what can go wrong
//! - `inner`: one connection's shared state; `message`: the wire format

mod batch;
mod call;
mod error;
mod events;
mod id;
mod inner;
mod mask;
mod message;
mod notifications;
mod options;
mod transcript;

pub use batch::Batch;
pub use call::Client;
pub use error::{CallError, CloseReason, ConnectError, RpcError, WaitError};
pub use id::{Id, IdStyle};
pub use notifications::Notification;
pub use options::ClientOptions;
pub use transcript::{Direction, Frame};

pub(crate) use inner::{Inner, Outgoing};
#[cfg(feature = "mock")]
pub(crate) use message::{Incoming, parse, request, response};
