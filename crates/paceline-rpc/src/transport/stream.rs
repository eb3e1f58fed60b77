//! Carrying messages over a stream of bytes.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::framing::{FrameReader, Framing, write_frame};
use crate::client::{Client, ClientOptions, CloseReason, Inner, Outgoing};

impl Client {
    /// A client over any stream of bytes: one half of [`tokio::io::duplex`], a serial line, a TLS
    /// stream of one's own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use paceline_rpc::{Client, ClientOptions, Framing};
    /// use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    ///
    /// let (here, there) = tokio::io::duplex(4096);
    /// tokio::spawn(async move {
    ///     let mut there = BufReader::new(there);
    ///     let mut request = String::new();
    ///     there.read_line(&mut request).await?;
    ///     there.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}\n").await
    /// });
    /// let (read, write) = tokio::io::split(here);
    /// let client = Client::from_stream(read, write, Framing::Newline, ClientOptions::new());
    /// let answer: String = client.call("ping", ()).await?;
    /// assert_eq!(answer, "pong");
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_stream(
        read: impl AsyncRead + Unpin + Send + 'static,
        write: impl AsyncWrite + Unpin + Send + 'static,
        framing: Framing,
        options: ClientOptions,
    ) -> Self {
        let (inner, to_send) = Inner::new(options);
        carry(&inner, to_send, read, write, framing);
        Self::new(inner)
    }
}

/// Starts the tasks that read and write.
pub(super) fn carry(
    inner: &Arc<Inner>,
    to_send: mpsc::Receiver<Outgoing>,
    read: impl AsyncRead + Unpin + Send + 'static,
    write: impl AsyncWrite + Unpin + Send + 'static,
    framing: Framing,
) {
    tokio::spawn(reads(Arc::clone(inner), read, framing));
    tokio::spawn(writes(Arc::clone(inner), to_send, write, framing));
}

async fn reads(inner: Arc<Inner>, read: impl AsyncRead + Unpin, framing: Framing) {
    let mut reader = FrameReader::new(read, framing, inner.options.max_frame);
    let ended = inner.ended.clone();
    loop {
        let frame = tokio::select! {
            frame = reader.next() => frame,
            () = ended.cancelled() => return,
        };
        match frame {
            Ok(frame) => inner.received(&frame),
            Err(reason) => {
                // How a process ended says more than that its output did.
                let reason = match inner.process() {
                    Some(process) => match process.exit_soon().await {
                        Some(exit) => CloseReason::Exited(exit),
                        None => reason,
                    },
                    None => reason,
                };
                inner.close(reason);
                return;
            }
        }
    }
}

async fn writes(
    inner: Arc<Inner>,
    mut to_send: mpsc::Receiver<Outgoing>,
    mut write: impl AsyncWrite + Unpin,
    framing: Framing,
) {
    let ended = inner.ended.clone();
    loop {
        // What was sent before the connection was closed still goes out.
        let message = tokio::select! {
            biased;
            message = to_send.recv() => message,
            () = ended.cancelled() => None,
        };
        let Some(message) = message else { break };
        tokio::select! {
            biased;
            written = write_frame(&mut write, framing, &message.text) => {
                if let Err(error) = written {
                    // The reader knows better why, if there is something left to read.
                    tokio::task::yield_now().await;
                    inner.close(CloseReason::Io(format!("writing: {error}")));
                    return;
                }
            }
            () = ended.cancelled() => return,
        }
    }
    // The other side may be gone already.
    let _ = write.shutdown().await;
}
