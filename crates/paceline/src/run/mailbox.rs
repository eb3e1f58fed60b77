//! How events get to the reporters: in batches, since waking a thread costs more than most of what
//! it does with one event.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paceline_engine::event::{Event, EventKind};

/// How long an event may wait for others: too short for a person to see.
const PATIENCE: Duration = Duration::from_millis(25);
/// So many events do not wait for more.
const ENOUGH: usize = 256;

/// A new mailbox and its one sender.
pub(super) fn new() -> (Post, Mailbox) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State::default()),
        changed: Condvar::new(),
    });
    (Post(shared.clone()), Mailbox(shared))
}

/// The sender. The mailbox is closed when it is dropped.
pub(super) struct Post(Arc<Shared>);

/// The receiver.
pub(super) struct Mailbox(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    events: Vec<Event>,
    closed: bool,
    /// Whether one of the events should not wait for others.
    urgent: bool,
    /// Whether the receiver waits for a first event, not for more of them.
    idle: bool,
}

impl State {
    /// Whether what is there should not wait for more.
    fn is_due(&self) -> bool {
        self.closed || self.urgent || self.events.len() >= ENOUGH
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Post {
    /// Passes an event on. Output does not wait for more: who prints it may be made to wait until it
    /// has been reported.
    pub(super) fn send(&self, event: Event) {
        let mut state = self.0.lock();
        state.urgent |= matches!(event.kind, EventKind::Output(_));
        state.events.push(event);
        if mem::take(&mut state.idle) || state.is_due() {
            drop(state);
            self.0.changed.notify_one();
        }
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

impl Mailbox {
    /// Moves what has come to `events`, which is empty: as soon as there is something and a little
    /// more may have come, or nothing, when `until` is reached. Answers whether more can come.
    pub(super) fn take(&self, events: &mut Vec<Event>, until: Instant) -> bool {
        let mut state = self.0.lock();
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        while state.events.is_empty() && !state.closed && !left(until).is_zero() {
            state.idle = true;
            state = self.wait(state, left(until));
        }
        state.idle = false;
        if !state.events.is_empty() {
            let until = until.min(Instant::now() + PATIENCE);
            while !state.is_due() && !left(until).is_zero() {
                state = self.wait(state, left(until));
            }
        }
        state.urgent = false;
        mem::swap(&mut state.events, events);
        !state.closed
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        let waited = self.0.changed.wait_timeout(state, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use paceline_engine::event::{EVENT_FORMAT_VERSION, NotRun, Stopping};

    use super::*;

    /// No test waits for it.
    const FAR: Duration = Duration::from_secs(3600);

    fn event(seq: u64) -> Event {
        Event {
            v: EVENT_FORMAT_VERSION,
            seq,
            at: Duration::ZERO,
            kind: EventKind::Stopping(Stopping {
                reason: NotRun::Interrupted {
                    signal: "SIGINT".to_owned(),
                },
                running_too: false,
                running: 0,
                queued: 0,
            }),
        }
    }

    #[test]
    fn all_events_come_in_their_order_and_then_the_end() {
        const EVENTS: u64 = 10_000;
        let (post, mailbox) = new();
        let sender = thread::spawn(move || {
            for seq in 0..EVENTS {
                post.send(event(seq));
            }
        });
        let mut all = Vec::new();
        let mut batch = Vec::new();
        while mailbox.take(&mut batch, Instant::now() + FAR) {
            all.extend(batch.drain(..).map(|event| event.seq));
        }
        all.extend(batch.drain(..).map(|event| event.seq));
        sender.join().unwrap();
        assert_eq!(all, (0..EVENTS).collect::<Vec<u64>>());
    }

    #[test]
    fn one_event_comes_though_no_other_follows() {
        let (post, mailbox) = new();
        post.send(event(0));
        let mut batch = Vec::new();
        assert!(mailbox.take(&mut batch, Instant::now() + FAR));
        assert_eq!(batch.len(), 1);
    }

    #[test]
    fn without_events_the_wait_ends_when_it_was_to_end() {
        let (_post, mailbox) = new();
        let mut batch = Vec::new();
        assert!(mailbox.take(&mut batch, Instant::now()));
        assert!(batch.is_empty());
    }

    #[test]
    fn the_end_wakes_who_waits() {
        let (post, mailbox) = new();
        let receiver = thread::spawn(move || mailbox.take(&mut Vec::new(), Instant::now() + FAR));
        drop(post);
        assert!(!receiver.join().unwrap());
    }
}
