//! How a client behaves.

use std::time::Duration;

use super::id::IdStyle;
use super::mask::Mask;

/// Settings of a [`Client`](super::Client).
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientOptions {
    pub(crate) buffer_size: usize,
    pub(crate) call_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) id_style: IdStyle,
    pub(crate) mask: Mask,
    pub(crate) max_frame: usize,
    pub(crate) omit_null_params: bool,
    pub(crate) subscribe_method: String,
    pub(crate) token: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) transcript: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            buffer_size: 1000,
            call_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            id_style: IdStyle::Numbers,
            mask: Mask::default(),
            max_frame: 64 * 1024 * 1024,
            omit_null_params: false,
            subscribe_method: "subscribe".to_owned(),
            token: None,
            headers: Vec::new(),
            transcript: 20,
        }
    }
}

impl ClientOptions {
    /// The defaults that the methods below name.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many notifications are kept for those who will wait for them; the oldest are dropped and
    /// counted. Default 1000.
    pub fn buffer_size(mut self, notifications: usize) -> Self {
        self.buffer_size = notifications;
        self
    }

    /// How long a call waits for its answer. Default 30 seconds.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// How long opening a connection may take, handshake and all. Default 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The ids of requests. Default numbers.
    pub fn ids(mut self, style: IdStyle) -> Self {
        self.id_style = style;
        self
    }

    /// Hides the values of members of this name in transcripts, besides those of `token`,
    /// `password`, `secret`, `authorization`, `api_key` and their like.
    pub fn mask_key(mut self, key: &str) -> Self {
        self.mask.hide_key(key);
        self
    }

    /// Hides this text wherever it occurs in transcripts.
    pub fn mask_text(mut self, secret: &str) -> Self {
        self.mask.hide_text(secret);
        self
    }

    /// The longest message that is accepted, in bytes. Default 64 MiB.
    pub fn max_frame(mut self, bytes: usize) -> Self {
        self.max_frame = bytes;
        self
    }

    /// Leaves `params` out where a call has none, for servers that refuse the empty object that is
    /// sent by default. More servers insist on one.
    pub fn omit_null_params(mut self) -> Self {
        self.omit_null_params = true;
        self
    }

    /// The method that [`Client::subscribe`](super::Client::subscribe) calls. Default `subscribe`.
    pub fn subscribe_method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.subscribe_method);
        self
    }

    /// Sends `Authorization: Bearer TOKEN` with the WebSocket handshake and with HTTP requests. The
    /// token is hidden in transcripts.
    pub fn token(mut self, token: &str) -> Self {
        self.mask.hide_text(token);
        self.token = Some(token.to_owned());
        self
    }

    /// A header for the WebSocket handshake and for HTTP requests.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// How many frames of the connection a failure shows. Default 20.
    pub fn transcript(mut self, frames: usize) -> Self {
        self.transcript = frames;
        self
    }
}
