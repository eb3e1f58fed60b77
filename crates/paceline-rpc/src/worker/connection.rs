//! The socket to the engine, and the messages on it.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

/// Longer messages the engine does not accept.
const MAX_LINE: usize = 16 * 1024 * 1024;

pub(super) struct Engine {
    write: Box<dyn AsyncWrite + Unpin + Send>,
    /// What is to be written next.
    queued: Vec<u8>,
    messages: mpsc::UnboundedReceiver<Value>,
}

impl Engine {
    /// Connects to `unix:/path` or `tcp:host:port`.
    pub(super) async fn connect(address: &str) -> io::Result<Self> {
        if let Some(address) = address.strip_prefix("tcp:") {
            let stream = tokio::net::TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (read, write) = stream.into_split();
            return Ok(Self::over(read, write));
        }
        #[cfg(unix)]
        if let Some(path) = address.strip_prefix("unix:") {
            let (read, write) = tokio::net::UnixStream::connect(path).await?.into_split();
            return Ok(Self::over(read, write));
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("`{address}` is neither unix:PATH nor tcp:HOST:PORT"),
        ))
    }

    fn over(
        read: impl AsyncRead + Unpin + Send + 'static,
        write: impl AsyncWrite + Unpin + Send + 'static,
    ) -> Self {
        let (tell, messages) = mpsc::unbounded_channel();
        // Read while a test runs, so that the engine never waits for the socket to drain.
        tokio::spawn(async move {
            let mut lines = BufReader::new(read).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(message) = serde_json::from_str(&line) else {
                    return;
                };
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            write: Box::new(write),
            queued: Vec::new(),
            messages,
        }
    }

    /// The next message; none when the connection has ended.
    pub(super) async fn next(&mut self) -> Option<Value> {
        self.messages.recv().await
    }

    /// The next message, if it has arrived already.
    pub(super) fn arrived(&mut self) -> Option<Value> {
        self.messages.try_recv().ok()
    }

    /// Sends a message, after those that were queued.
    pub(super) async fn send(&mut self, message: &Value) -> io::Result<()> {
        self.queue(message);
        self.flush().await
    }

    /// Keeps a message until the next is sent. One write for both costs half.
    pub(super) fn queue(&mut self, message: &Value) {
        let mut line = message.to_string();
        if line.len() >= MAX_LINE {
            // What identifies the message is kept, so that its test still gets its result.
            let mut cut = message.clone();
            if let Some(members) = cut.as_object_mut() {
                members.retain(|name, value| {
                    !matches!(name.as_str(), "problems" | "sections")
                        && value.to_string().len() < 1024 * 1024
                });
                members.insert("cut".to_owned(), true.into());
            }
            line = cut.to_string();
        }
        self.queued.extend_from_slice(line.as_bytes());
        self.queued.push(b'\n');
    }

    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.write.write_all(&self.queued).await?;
        self.queued.clear();
        self.write.flush().await
    }

    /// This process cannot go on.
    pub(super) async fn fatal(&mut self, text: &str) -> io::Result<()> {
        let error = json!({"kind": "error", "fatal": true, "text": text, "exit_status": 2});
        self.send(&error).await
    }

    /// A message of a kind that this program does not know.
    pub(super) async fn refuse(&mut self, message: &Value) -> io::Result<()> {
        let text = format!("unknown kind of message: {}", message["kind"]);
        let error = json!({"kind": "error", "fatal": false, "text": text});
        self.send(&error).await
    }

    /// The last message.
    pub(super) async fn goodbye(&mut self, status: u8) -> io::Result<u8> {
        // The engine may be gone already.
        let _ = self
            .send(&json!({"kind": "goodbye", "exit_status": status}))
            .await;
        Ok(status)
    }
}
