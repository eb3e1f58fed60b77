//! The last frames of a connection, kept for the failure that may come.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::mask::Mask;
use crate::human::shortened;

/// Longest part of a frame that is kept.
const KEPT_BYTES: usize = 8 * 1024;

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the test to the server.
    Sent,
    /// From the server to the test.
    Received,
}

/// One frame of a connection, secrets masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which way it went.
    pub direction: Direction,
    /// When, since the connection was opened.
    pub at: Duration,
    /// Its text, shortened to a few thousand bytes.
    pub text: String,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.direction {
            Direction::Sent => ">>",
            Direction::Received => "<<",
        };
        write!(
            f,
            "{:>9.3}s {arrow} {}",
            self.at.as_secs_f64(),
            shortened(&self.text, 2000)
        )
    }
}

#[derive(Debug)]
pub(crate) struct Transcript {
    opened: Instant,
    frames: VecDeque<Frame>,
    /// How many frames are kept.
    limit: usize,
    /// How many frames there were.
    total: u64,
}

impl Transcript {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            opened: Instant::now(),
            frames: VecDeque::new(),
            limit,
            total: 0,
        }
    }

    pub(crate) fn add(&mut self, direction: Direction, text: &str) {
        self.total += 1;
        if self.limit == 0 {
            return;
        }
        if self.frames.len() == self.limit {
            self.frames.pop_front();
        }
        self.frames.push_back(Frame {
            direction,
            at: self.opened.elapsed(),
            text: shortened(text, KEPT_BYTES),
        });
    }

    /// The number of frames so far: a mark for [`since`](Self::since).
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The kept ones of the frames after the first `mark`.
    pub(crate) fn since(&self, mark: u64, mask: &Mask) -> Vec<Frame> {
        let wanted = usize::try_from(self.total - mark.min(self.total)).unwrap_or(usize::MAX);
        let skip = self.frames.len().saturating_sub(wanted);
        let shown = self.frames.iter().skip(skip);
        shown
            .map(|frame| Frame {
                text: mask.apply(&frame.text),
                ..frame.clone()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_frames_are_kept_and_those_before_the_mark_left_out() {
        let mut transcript = Transcript::new(2);
        let mask = Mask::default();
        transcript.add(Direction::Sent, "1");
        assert_eq!(transcript.since(1, &mask), []);
        transcript.add(Direction::Received, "2");
        transcript.add(Direction::Sent, "3");
        let texts = |mark| {
            let frames = transcript.since(mark, &mask);
            frames.into_iter().map(|f| f.text).collect::<Vec<_>>()
        };
        assert_eq!(texts(0), ["2", "3"]);
        assert_eq!(texts(2), ["3"]);
        assert_eq!(texts(9), Vec::<String>::new());
    }
}
