//! How messages travel.
//!
//! - [`JsonRpc`]: connects a [`Client`](crate::Client) to an address, over WebSocket, HTTP, TCP or a
//!   Unix socket ([`endpoint`])
//! - [`Stdio`]: a server that speaks over its own standard input and output
//! - [`Framing`]: how messages are told apart on a stream of bytes
//! - `stream`, `websocket`, `http`: the tasks that carry messages

mod endpoint;
mod framing;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "stdio")]
mod stdio;
mod stream;
#[cfg(feature = "websocket")]
mod websocket;

pub use endpoint::JsonRpc;
pub use framing::Framing;
#[cfg(feature = "stdio")]
pub use stdio::Stdio;

#[cfg(feature = "mock")]
pub(crate) use framing::{FrameReader, write_frame};
