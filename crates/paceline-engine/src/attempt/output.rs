//! What an attempt prints: to its log as it comes, to reporters by lines, its end for failures.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::capture::{AttemptLog, LogError};
use crate::event::AttemptResult;

/// How much of the end of its output an attempt keeps.
const TAIL: usize = 16 * 1024;
/// Longer lines are passed on in pieces.
const LONGEST_PIECE: usize = 64 * 1024;
/// How much output may be on its way to the reporters at once.
const IN_FLIGHT: usize = 4 * 1024 * 1024;

/// Bounds the output that has been sent to reporters and that they have not yet handled, so that a
/// slow terminal slows the suites down instead of filling the memory.
#[derive(Debug, Default)]
pub struct OutputBudget {
    in_flight: AtomicUsize,
}

impl OutputBudget {
    /// Says that a reporter is done with `bytes` of output.
    pub fn release(&self, bytes: usize) {
        self.in_flight.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn take(&self, bytes: usize) {
        self.in_flight.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) >= IN_FLIGHT
    }
}

/// Takes the output of one attempt.
pub(crate) struct OutputSink<'a> {
    log: Option<Box<dyn AttemptLog>>,
    lines: Option<Lines<'a>>,
    tail: Vec<u8>,
    bytes: u64,
}

impl<'a> OutputSink<'a> {
    pub(crate) fn new(log: Option<Box<dyn AttemptLog>>, budget: Option<&'a OutputBudget>) -> Self {
        let lines = budget.map(|budget| Lines {
            budget,
            unfinished: Vec::new(),
        });
        Self {
            log,
            lines,
            tail: Vec::new(),
            bytes: 0,
        }
    }

    /// Whether reporters are too far behind to be given more.
    pub(crate) fn must_wait(&self) -> bool {
        self.lines
            .as_ref()
            .is_some_and(|lines| lines.budget.is_spent())
    }

    /// Takes what was printed; answers the lines that are complete by now. After a failure the log
    /// is left alone, as half of it would mislead.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> (Option<Vec<u8>>, Option<LogError>) {
        self.bytes += bytes.len() as u64;
        self.keep_tail(bytes);
        let error = self.log.as_mut().and_then(|log| log.write(bytes).err());
        if error.is_some() {
            self.log = None;
        }
        let lines = self.lines.as_mut().and_then(|lines| lines.add(bytes));
        (lines, error)
    }

    /// The last line, where it was not ended.
    pub(crate) fn last_line(&mut self) -> Option<Vec<u8>> {
        self.lines.as_mut().and_then(Lines::rest)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The end of the output, from the start of a line where it can be.
    pub(crate) fn take_tail(&mut self) -> Vec<u8> {
        let mut tail = std::mem::take(&mut self.tail);
        if tail.len() > TAIL {
            tail.drain(..tail.len() - TAIL);
            let line = tail.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            // The end of a single long line is better than nothing.
            if let Some(line) = line.filter(|at| *at < tail.len()) {
                tail.drain(..line);
            }
        }
        tail
    }

    pub(crate) fn finish(self, result: &AttemptResult) -> Result<(), LogError> {
        self.log.map_or(Ok(()), |log| log.finish(result))
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        let from = bytes.len().saturating_sub(TAIL + 1);
        self.tail.extend_from_slice(&bytes[from..]);
        if self.tail.len() > 4 * TAIL {
            let surplus = self.tail.len() - (TAIL + 1);
            self.tail.drain(..surplus);
        }
    }
}

/// Puts bytes together to lines.
struct Lines<'a> {
    budget: &'a OutputBudget,
    unfinished: Vec<u8>,
}

impl Lines<'_> {
    fn add(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let end = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map(|at| at + 1);
        let complete = if let Some(end) = end {
            let mut lines = std::mem::take(&mut self.unfinished);
            lines.extend_from_slice(&bytes[..end]);
            self.unfinished.extend_from_slice(&bytes[end..]);
            lines
        } else {
            self.unfinished.extend_from_slice(bytes);
            if self.unfinished.len() < LONGEST_PIECE {
                return None;
            }
            std::mem::take(&mut self.unfinished)
        };
        self.budget.take(complete.len());
        Some(complete)
    }

    fn rest(&mut self) -> Option<Vec<u8>> {
        if self.unfinished.is_empty() {
            return None;
        }
        self.budget.take(self.unfinished.len());
        Some(std::mem::take(&mut self.unfinished))
    }
}

/// What a read from an attempt's output gave.
pub(crate) enum Read {
    Bytes(usize),
    /// Nothing for now.
    Later,
    /// Nobody holds the other end any more.
    End,
}

/// Reads what is there.
pub(crate) fn read(from: &OwnedFd, buffer: &mut [u8]) -> Read {
    match rustix::io::read(from, buffer) {
        Ok(0) => Read::End,
        Ok(n) => Read::Bytes(n),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Read::Later,
        // A pipe has no other errors; should one come, waiting for more would not end.
        Err(_) => Read::End,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_passed_on_when_they_are_complete() {
        let budget = OutputBudget::default();
        let mut sink = OutputSink::new(None, Some(&budget));
        assert_eq!(sink.write(b"one\ntw").0.as_deref(), Some(&b"one\n"[..]));
        assert_eq!(sink.write(b"o").0, None);
        assert_eq!(
            sink.write(b"\nthree\nfo").0.as_deref(),
            Some(&b"two\nthree\n"[..])
        );
        assert_eq!(sink.last_line().as_deref(), Some(&b"fo"[..]));
        assert_eq!(sink.last_line(), None);
    }

    #[test]
    fn a_line_without_end_is_passed_on_in_pieces() {
        let budget = OutputBudget::default();
        let mut sink = OutputSink::new(None, Some(&budget));
        let piece = vec![b'x'; LONGEST_PIECE - 1];
        assert_eq!(sink.write(&piece).0, None);
        assert_eq!(
            sink.write(b"yz").0.map(|piece| piece.len()),
            Some(LONGEST_PIECE + 1)
        );
    }

    #[test]
    fn output_that_nobody_has_handled_yet_spends_the_budget() {
        let budget = OutputBudget::default();
        let mut sink = OutputSink::new(None, Some(&budget));
        let line = [vec![b'x'; IN_FLIGHT - 1], vec![b'\n']].concat();
        assert!(!sink.must_wait());
        sink.write(&line);
        assert!(sink.must_wait());
        budget.release(line.len());
        assert!(!sink.must_wait());
    }

    #[test]
    fn the_tail_begins_at_a_line_and_is_bounded() {
        let mut sink = OutputSink::new(None, None);
        for i in 0..100_000 {
            sink.write(format!("line {i}\n").as_bytes());
        }
        let tail = sink.take_tail();
        assert!(tail.len() <= TAIL && tail.len() > TAIL - 20);
        assert!(tail.starts_with(b"line "));
        assert!(tail.ends_with(b"line 99999\n"));
    }

    #[test]
    fn the_tail_of_one_long_line_is_the_end_of_that_line() {
        let mut sink = OutputSink::new(None, None);
        sink.write(&vec![b'x'; 2 * TAIL]);
        sink.write(b"the end\n");
        let tail = sink.take_tail();
        assert_eq!(tail.len(), TAIL);
        assert!(tail.starts_with(b"xxx") && tail.ends_with(b"the end\n"));
    }

    #[test]
    fn a_short_output_is_its_own_tail() {
        let mut sink = OutputSink::new(None, None);
        sink.write(b"no end of line");
        assert_eq!(sink.take_tail(), b"no end of line");
        assert_eq!(sink.bytes(), 14);
    }
}
