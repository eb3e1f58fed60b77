//! The line on which an attempt can be told to stop.

use std::sync::{Mutex, PoisonError};

use crate::sys::Waker;

/// A request to end an attempt before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    /// `TERM`, and `KILL` after the grace.
    Gently,
    /// `KILL`.
    AtOnce,
}

/// The line on which an attempt can be told to stop.
pub(crate) struct Control {
    request: Mutex<Option<Stop>>,
    waker: Waker,
}

impl Control {
    pub(crate) fn new(waker: Waker) -> Self {
        Self {
            request: Mutex::new(None),
            waker,
        }
    }

    pub(crate) fn stop(&self, how: Stop) {
        let mut request = self.request.lock().unwrap_or_else(PoisonError::into_inner);
        *request = (*request).max(Some(how));
        self.waker.wake();
    }

    pub(super) fn requested(&self) -> Option<Stop> {
        *self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
