//! Notifications: buffered, handed to whoever waits for them, each to one waiter at most.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::oneshot;

/// A message of the server that wants no answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// What happened.
    pub method: String,
    /// The particulars; null if there are none.
    pub params: Value,
}

pub(crate) type Predicate = Box<dyn FnMut(&Notification) -> bool + Send>;
type Panic = Box<dyn Any + Send>;

/// What a waiter wants: one of these methods, and the predicate holding for it.
pub(crate) struct Wanted {
    pub(crate) methods: Vec<String>,
    pub(crate) predicate: Predicate,
}

impl Wanted {
    fn takes(&mut self, notification: &Notification) -> Result<bool, Panic> {
        if !self.methods.is_empty() && !self.methods.contains(&notification.method) {
            return Ok(false);
        }
        // A predicate that panics must fail the test that wrote it, not the connection.
        catch_unwind(AssertUnwindSafe(|| (self.predicate)(notification)))
    }
}

struct Waiter {
    number: u64,
    wanted: Wanted,
    answer: oneshot::Sender<Result<Notification, Panic>>,
}

#[derive(Default)]
struct State {
    buffer: VecDeque<Notification>,
    waiters: Vec<Waiter>,
    next_waiter: u64,
    dropped: u64,
    closed: bool,
}

pub(crate) struct Notifications {
    state: Mutex<State>,
    limit: usize,
}

/// A place in the queue of waiters. Dropping it gives the place up, and what was already handed over
/// back to the buffer.
pub(crate) struct Place<'a> {
    queue: &'a Notifications,
    number: u64,
    answer: Option<oneshot::Receiver<Result<Notification, Panic>>>,
}

impl Notifications {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::default(),
            limit,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn arrived(&self, notification: Notification) {
        let mut state = self.state();
        let mut at = 0;
        while at < state.waiters.len() {
            match state.waiters[at].wanted.takes(&notification) {
                Ok(false) => at += 1,
                Ok(true) => {
                    let waiter = state.waiters.remove(at);
                    // A waiter that has just gone leaves the notification to the next.
                    if waiter.answer.send(Ok(notification.clone())).is_ok() {
                        return;
                    }
                }
                Err(panic) => {
                    let _ = state.waiters.remove(at).answer.send(Err(panic));
                }
            }
        }
        state.buffer.push_back(notification);
        if state.buffer.len() > self.limit {
            state.buffer.pop_front();
            state.dropped += 1;
        }
    }

    /// Ends all waiting: no more will come.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiters.clear();
    }

    /// The oldest wanted notification of the buffer, or else a place in the queue.
    pub(crate) fn take_or_wait(&self, mut wanted: Wanted) -> Result<Notification, Place<'_>> {
        let mut state = self.state();
        let mut found = None;
        for (at, notification) in state.buffer.iter().enumerate() {
            match wanted.takes(notification) {
                Ok(false) => {}
                Ok(true) => {
                    found = Some(at);
                    break;
                }
                Err(panic) => {
                    drop(state);
                    std::panic::resume_unwind(panic);
                }
            }
        }
        if let Some(notification) = found.and_then(|at| state.buffer.remove(at)) {
            return Ok(notification);
        }
        Err(self.queue(&mut state, wanted))
    }

    /// A place in the queue for what comes from now on; the buffer is not looked at.
    pub(crate) fn wait(&self, wanted: Wanted) -> Place<'_> {
        self.queue(&mut self.state(), wanted)
    }

    fn queue(&self, state: &mut State, wanted: Wanted) -> Place<'_> {
        let (answer, receiver) = oneshot::channel();
        let number = state.next_waiter;
        state.next_waiter += 1;
        if !state.closed {
            state.waiters.push(Waiter {
                number,
                wanted,
                answer,
            });
        }
        Place {
            queue: self,
            number,
            answer: Some(receiver),
        }
    }

    pub(crate) fn buffered(&self) -> usize {
        self.state().buffer.len()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.state().dropped
    }

    pub(crate) fn clear(&self) -> usize {
        let mut state = self.state();
        let cleared = state.buffer.len();
        state.buffer.clear();
        cleared
    }

    /// The methods in the buffer, each once, with how often if more than that.
    pub(crate) fn summary(&self) -> Vec<String> {
        let state = self.state();
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for notification in &state.buffer {
            match counts
                .iter_mut()
                .find(|(method, _)| *method == notification.method)
            {
                Some((_, count)) => *count += 1,
                None => counts.push((&notification.method, 1)),
            }
        }
        let mut summary: Vec<_> = counts
            .iter()
            .map(|(method, count)| match count {
                1 => (*method).to_owned(),
                _ => format!("{method} ×{count}"),
            })
            .collect();
        if state.dropped > 0 {
            summary.push(format!("{} dropped before", state.dropped));
        }
        summary
    }
}

impl Place<'_> {
    /// The notification, or nothing if the connection ends first.
    pub(crate) async fn notification(mut self) -> Option<Notification> {
        let receiver = self.answer.as_mut()?;
        let answer = receiver.await;
        self.answer = None;
        match answer {
            Ok(Ok(notification)) => Some(notification),
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => None,
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(mut receiver) = self.answer.take() else {
            return;
        };
        let mut state = self.queue.state();
        state.waiters.retain(|waiter| waiter.number != self.number);
        if let Ok(Ok(notification)) = receiver.try_recv() {
            state.buffer.push_front(notification);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(method: &str) -> Wanted {
        Wanted {
            methods: vec![method.to_owned()],
            predicate: Box::new(|_| true),
        }
    }

    fn arrive(queue: &Notifications, method: &str, params: i32) {
        queue.arrived(Notification {
            method: method.to_owned(),
            params: params.into(),
        });
    }

    #[tokio::test]
    async fn of_two_waiters_each_gets_one() {
        let queue = Notifications::new(10);
        let first = queue.take_or_wait(wanted("a")).err().unwrap();
        let second = queue.take_or_wait(wanted("a")).err().unwrap();
        arrive(&queue, "a", 1);
        arrive(&queue, "a", 2);
        assert_eq!(second.notification().await.unwrap().params, 2);
        assert_eq!(first.notification().await.unwrap().params, 1);
        assert_eq!(queue.buffered(), 0);
    }

    #[test]
    fn the_buffer_drops_the_oldest_and_counts() {
        let queue = Notifications::new(2);
        for n in 0..5 {
            arrive(&queue, "a", n);
        }
        assert_eq!((queue.buffered(), queue.dropped()), (2, 3));
        assert_eq!(queue.take_or_wait(wanted("a")).ok().unwrap().params, 3);
        assert_eq!(queue.summary(), ["a", "3 dropped before"]);
    }

    #[test]
    fn a_waiter_that_gives_up_returns_what_it_was_handed() {
        let queue = Notifications::new(10);
        let place = queue.take_or_wait(wanted("a")).err().unwrap();
        arrive(&queue, "a", 1);
        assert_eq!(queue.buffered(), 0);
        drop(place);
        assert_eq!(queue.buffered(), 1);
    }

    #[test]
    fn a_place_for_what_is_new_does_not_take_what_is_old() {
        let queue = Notifications::new(10);
        arrive(&queue, "a", 1);
        let place = queue.wait(wanted("a"));
        assert_eq!(queue.buffered(), 1);
        drop(place);
        assert_eq!(queue.buffered(), 1);
    }

    #[tokio::test]
    async fn closing_ends_the_waiting_also_of_those_who_come_later() {
        let queue = Notifications::new(10);
        let before = queue.wait(wanted("a"));
        queue.close();
        assert_eq!(before.notification().await, None);
        assert_eq!(queue.wait(wanted("a")).notification().await, None);
    }

    #[tokio::test]
    async fn a_predicate_that_panics_fails_its_own_waiter_only() {
        let queue = Notifications::new(10);
        let bad = queue.wait(Wanted {
            methods: Vec::new(),
            predicate: Box::new(|_| panic!("bad predicate")),
        });
        let good = queue.wait(wanted("a"));
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        arrive(&queue, "a", 1);
        std::panic::set_hook(hook);
        assert_eq!(good.notification().await.unwrap().params, 1);
        let panic = futures_util::FutureExt::catch_unwind(AssertUnwindSafe(bad.notification()));
        assert_eq!(
            panic.await.unwrap_err().downcast_ref::<&str>(),
            Some(&"bad predicate")
        );
    }
}
