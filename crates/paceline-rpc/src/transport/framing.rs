//! Messages on a stream of bytes.

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};

use crate::client::CloseReason;
use crate::human::shortened;

/// How messages are told apart on a stream of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framing {
    /// One message a line, without line breaks inside.
    Newline,
    /// Headers before each message, `Content-Length` among them, as language servers do it.
    ContentLength,
}

/// All headers of one message, at most.
const MAX_HEADERS: usize = 16 * 1024;

pub(crate) struct FrameReader<R> {
    read: BufReader<R>,
    framing: Framing,
    max: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(crate) fn new(read: R, framing: Framing, max: usize) -> Self {
        Self {
            read: BufReader::with_capacity(64 * 1024, read),
            framing,
            max,
        }
    }

    /// The next message; an error says how the stream ended.
    pub(crate) async fn next(&mut self) -> Result<String, CloseReason> {
        match self.framing {
            Framing::Newline => loop {
                let line = line(&mut self.read, self.max).await?;
                if !line.is_empty() {
                    return Ok(line);
                }
            },
            Framing::ContentLength => self.by_length().await,
        }
    }

    async fn by_length(&mut self) -> Result<String, CloseReason> {
        let mut length = None;
        let mut headers = 0;
        loop {
            let header = match line(&mut self.read, MAX_HEADERS).await {
                // The headers are a part of the message, so the end among them is in its middle.
                Err(CloseReason::Peer(None)) if headers > 0 => {
                    return Err(CloseReason::MidFrame { got: headers });
                }
                other => other?,
            };
            headers += header.len();
            if header.is_empty() {
                break;
            }
            if headers > MAX_HEADERS {
                return Err(CloseReason::Framing(format!(
                    "more than {MAX_HEADERS} bytes of headers"
                )));
            }
            let Some((name, value)) = header.split_once(':') else {
                return Err(CloseReason::Framing(format!(
                    "expected a header such as Content-Length, got: {}",
                    shortened(&header, 200)
                )));
            };
            if name.trim().eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse::<usize>().map_err(|_| {
                    CloseReason::Framing(format!("Content-Length is `{}`", value.trim()))
                })?);
            }
        }
        let length = length
            .ok_or_else(|| CloseReason::Framing("headers without Content-Length".to_owned()))?;
        if length > self.max {
            return Err(CloseReason::Framing(format!(
                "a message of {length} bytes, longer than the {} that are accepted",
                self.max
            )));
        }
        // Not reserved at once: what is announced need not come.
        let mut body = Vec::new();
        (&mut self.read)
            .take(length as u64)
            .read_to_end(&mut body)
            .await
            .map_err(|error| CloseReason::Io(error.to_string()))?;
        if body.len() < length {
            return Err(CloseReason::MidFrame { got: body.len() });
        }
        Ok(into_text(body))
    }
}

/// A line without its end.
async fn line(read: &mut (impl AsyncBufRead + Unpin), max: usize) -> Result<String, CloseReason> {
    let mut line = Vec::new();
    loop {
        let chunk = read
            .fill_buf()
            .await
            .map_err(|error| CloseReason::Io(error.to_string()))?;
        if chunk.is_empty() {
            return Err(match line.len() {
                0 => CloseReason::Peer(None),
                got => CloseReason::MidFrame { got },
            });
        }
        let end = chunk.iter().position(|&byte| byte == b'\n');
        line.extend_from_slice(&chunk[..end.unwrap_or(chunk.len())]);
        let used = end.map_or(chunk.len(), |end| end + 1);
        read.consume(used);
        if line.len() > max {
            return Err(CloseReason::Framing(format!(
                "a line longer than the {max} bytes that are accepted"
            )));
        }
        if end.is_some() {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(into_text(line));
        }
    }
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

pub(crate) async fn write_frame(
    write: &mut (impl AsyncWrite + Unpin),
    framing: Framing,
    text: &str,
) -> std::io::Result<()> {
    // One write a message: no half message if another thread's write fails between.
    let frame = match framing {
        Framing::Newline => format!("{text}\n"),
        Framing::ContentLength => format!("Content-Length: {}\r\n\r\n{text}", text.len()),
    };
    write.write_all(frame.as_bytes()).await?;
    write.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(framing: Framing, bytes: &[u8]) -> (Vec<String>, CloseReason) {
        let mut reader = FrameReader::new(bytes, framing, 100);
        let mut frames = Vec::new();
        loop {
            match reader.next().await {
                Ok(frame) => frames.push(frame),
                Err(reason) => return (frames, reason),
            }
        }
    }

    #[tokio::test]
    async fn lines() {
        let (frames, end) = read(Framing::Newline, b"{}\r\n\n[1]\n").await;
        assert_eq!(frames, ["{}", "[1]"]);
        assert_eq!(end, CloseReason::Peer(None));
    }

    #[tokio::test]
    async fn a_line_cut_in_the_middle() {
        let (frames, end) = read(Framing::Newline, b"{}\n{\"a\":").await;
        assert_eq!(frames, ["{}"]);
        assert_eq!(end, CloseReason::MidFrame { got: 5 });
    }

    #[tokio::test]
    async fn a_line_that_does_not_end() {
        let (_, end) = read(Framing::Newline, &[b'x'; 1000]).await;
        assert!(matches!(end, CloseReason::Framing(_)), "{end}");
    }

    #[tokio::test]
    async fn by_content_length() {
        let bytes = b"Content-Length: 2\r\n\r\n{}content-length:4\r\nContent-Type: x\r\n\r\n[12]";
        let (frames, end) = read(Framing::ContentLength, bytes).await;
        assert_eq!(frames, ["{}", "[12]"]);
        assert_eq!(end, CloseReason::Peer(None));
    }

    #[tokio::test]
    async fn content_length_gone_wrong() {
        let end = |bytes: &'static [u8]| async {
            read(Framing::ContentLength, bytes).await.1.to_string()
        };
        assert_eq!(
            end(b"Content-Length: 9\r\n\r\n{}").await,
            "cut in the middle of a message, after 2 bytes of it"
        );
        assert_eq!(
            end(b"Content-Length: 9\r\n").await,
            "cut in the middle of a message, after 17 bytes of it"
        );
        assert_eq!(
            end(b"garbage\r\n").await,
            "expected a header such as Content-Length, got: garbage"
        );
        assert_eq!(
            end(b"Content-Length: x\r\n\r\n").await,
            "Content-Length is `x`"
        );
        assert_eq!(end(b"A: b\r\n\r\n").await, "headers without Content-Length");
        assert_eq!(
            end(b"Content-Length: 99999999999\r\n\r\n").await,
            "a message of 99999999999 bytes, longer than the 100 that are accepted"
        );
    }

    #[tokio::test]
    async fn what_is_written_can_be_read() {
        for framing in [Framing::Newline, Framing::ContentLength] {
            let mut bytes = Vec::new();
            write_frame(&mut bytes, framing, "{\"ä\":1}").await.unwrap();
            write_frame(&mut bytes, framing, "[]").await.unwrap();
            assert_eq!(read(framing, &bytes).await.0, ["{\"ä\":1}", "[]"]);
        }
    }
}
