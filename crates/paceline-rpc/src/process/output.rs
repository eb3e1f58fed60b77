//! The last of what a process printed.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::Notify;

/// A longer line is cut into pieces of this many bytes.
const MAX_LINE: usize = 16 * 1024;

/// Where a line was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// To standard output.
    Stdout,
    /// To standard error.
    Stderr,
}

/// A line that a process printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// Where.
    pub stream: OutputStream,
    /// What, without the line's end; bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// The last lines that a process printed, up to a number of bytes, the oldest dropped first.
#[derive(Debug)]
pub struct Output {
    ring: Mutex<Ring>,
    more: Notify,
    limit: usize,
    pass: bool,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<OutputLine>,
    bytes: usize,
    /// How many lines there were before the first kept one.
    dropped: u64,
}

impl Output {
    pub(crate) fn new(limit: usize, pass: bool) -> Self {
        Self {
            ring: Mutex::default(),
            more: Notify::new(),
            limit,
            pass,
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, stream: OutputStream, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.pass {
            // A closed standard error must not disturb the test.
            let mut stderr = std::io::stderr().lock();
            let _ = stderr
                .write_all(line)
                .and_then(|()| stderr.write_all(b"\n"));
        }
        let text = String::from_utf8_lossy(line).into_owned();
        let mut ring = self.ring();
        ring.bytes += text.len();
        ring.lines.push_back(OutputLine { stream, text });
        while ring.bytes > self.limit {
            let Some(oldest) = ring.lines.pop_front() else {
                break;
            };
            ring.bytes -= oldest.text.len();
            ring.dropped += 1;
        }
    }

    /// Reads until the end of the stream.
    pub(crate) async fn read(&self, stream: OutputStream, mut from: impl AsyncRead + Unpin) {
        let mut buffer = vec![0; 64 * 1024];
        let mut partial = Vec::new();
        loop {
            let got = match from.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(got) => got,
            };
            for piece in buffer[..got].split_inclusive(|&byte| byte == b'\n') {
                partial.extend_from_slice(piece);
                if partial.last() == Some(&b'\n') {
                    self.push(stream, &partial[..partial.len() - 1]);
                    partial.clear();
                } else if partial.len() >= MAX_LINE {
                    self.push(stream, &partial);
                    partial.clear();
                }
            }
            self.more.notify_waiters();
        }
        if !partial.is_empty() {
            self.push(stream, &partial);
        }
        self.more.notify_waiters();
    }

    /// How many lines there were so far: a mark for [`since`](Self::since).
    pub fn mark(&self) -> u64 {
        let ring = self.ring();
        ring.dropped + ring.lines.len() as u64
    }

    /// The kept ones of the lines after the first `mark`.
    pub fn lines_since(&self, mark: u64) -> Vec<OutputLine> {
        let ring = self.ring();
        let skip = usize::try_from(mark.saturating_sub(ring.dropped)).unwrap_or(usize::MAX);
        ring.lines.iter().skip(skip).cloned().collect()
    }

    /// The same as a text, which tells if lines are missing.
    pub fn since(&self, mark: u64) -> String {
        let lines = self.lines_since(mark);
        let missing = self.mark().saturating_sub(mark) - lines.len() as u64;
        let mut text = String::new();
        if missing > 0 {
            let _ = writeln!(text, "({missing} earlier lines were dropped)");
        }
        for line in lines {
            text.push_str(&line.text);
            text.push('\n');
        }
        text
    }

    /// The last `count` lines.
    pub fn tail(&self, count: usize) -> String {
        let lines = self.lines_since(self.mark().saturating_sub(count as u64));
        let texts: Vec<_> = lines.into_iter().map(|line| line.text).collect();
        texts.join("\n")
    }

    /// The first kept line for which `find` has something, as soon as there is one.
    pub(crate) async fn find<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        let mut seen = 0;
        loop {
            let more = self.more.notified();
            tokio::pin!(more);
            more.as_mut().enable();
            let lines = self.lines_since(seen);
            seen += lines.len() as u64;
            if let Some(found) = lines.iter().find_map(|line| find(&line.text)) {
                return found;
            }
            more.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn output(limit: usize, bytes: &[u8]) -> Output {
        let output = Output::new(limit, false);
        output.read(OutputStream::Stderr, bytes).await;
        output
    }

    #[tokio::test]
    async fn lines_of_any_bytes_are_kept() {
        let output = output(1000, b"one\r\n\xff two\n\nlast").await;
        assert_eq!(output.since(0), "one\n\u{fffd} two\n\nlast\n");
        assert_eq!(output.since(3), "last\n");
        assert_eq!(output.tail(2), "\nlast");
    }

    #[tokio::test]
    async fn the_oldest_are_dropped_and_it_says_so() {
        let output = output(8, b"aaaa\nbbbb\ncccc\n").await;
        assert_eq!(output.mark(), 3);
        assert_eq!(
            output.since(0),
            "(1 earlier lines were dropped)\nbbbb\ncccc\n"
        );
        assert_eq!(output.since(1), "bbbb\ncccc\n");
    }

    #[tokio::test]
    async fn a_line_without_end_does_not_grow_without_end() {
        let flood = vec![b'x'; 5 * 1024 * 1024];
        let output = output(100 * 1024, &flood).await;
        let ring = output.ring();
        assert!(ring.bytes <= 100 * 1024);
        assert!(
            ring.lines
                .iter()
                .all(|line| line.text.len() < MAX_LINE + 64 * 1024)
        );
    }

    #[tokio::test]
    async fn a_line_is_found_when_it_comes() {
        let output = Output::new(1000, false);
        let (read, mut write) = tokio::io::simplex(64);
        let finding = output.find(|line| line.strip_prefix("port ").map(str::to_owned));
        let reading = output.read(OutputStream::Stdout, read);
        let writing = async {
            use tokio::io::AsyncWriteExt;
            write.write_all(b"starting\nport 80").await.unwrap();
            write.write_all(b"80\n").await.unwrap();
            write.shutdown().await.unwrap();
        };
        let (found, (), ()) = tokio::join!(finding, reading, writing);
        assert_eq!(found, "8080");
    }
}
