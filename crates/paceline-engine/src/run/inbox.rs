//! How other threads reach the dispatcher.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::link::LinkEvent;
use crate::attempt::Notice;
use crate::sys::Signal;

/// What reaches the dispatcher.
pub(crate) enum Message {
    Attempt(Notice),
    Link(LinkEvent),
    Interrupt(Signal),
}

/// Reaches a run from other threads.
#[derive(Clone)]
pub struct Remote(Sender<Message>);

impl Remote {
    /// Asks the run to end: the first time nothing new starts and what runs is terminated, after
    /// that it is killed.
    pub fn interrupt(&self, signal: Signal) {
        // A run that is over need not be told.
        let _ = self.0.send(Message::Interrupt(signal));
    }
}

/// The run's end of its [`Remote`]s.
pub struct Inbox {
    pub(crate) sender: Sender<Message>,
    pub(crate) receiver: Receiver<Message>,
}

impl Inbox {
    /// An empty one.
    pub fn new() -> Self {
        let (sender, receiver) = channel();
        Self { sender, receiver }
    }

    /// A handle to reach the run by.
    pub fn remote(&self) -> Remote {
        Remote(self.sender.clone())
    }
}

impl Default for Inbox {
    fn default() -> Self {
        Self::new()
    }
}
