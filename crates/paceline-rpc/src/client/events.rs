//! Waiting for notifications.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::Instant;

use super::call::Client;
use super::error::{CallError, CloseReason, WaitError};
use super::notifications::{Notification, Place, Wanted};
use crate::human::shortened;

impl Client {
    /// Subscribes to these events, in place of those before; none means all.
    ///
    /// Calls the method `subscribe` with `{"events": […]}`, or another if
    /// [`ClientOptions::subscribe_method`](super::ClientOptions::subscribe_method) names one.
    pub async fn subscribe(&self, events: &[&str]) -> Result<(), CallError> {
        let method = &self.inner.options.subscribe_method;
        let _: serde_json::Value = self.call(method, json!({"events": events})).await?;
        Ok(())
    }

    /// The oldest notification of this method for which the predicate holds: from the buffer, else
    /// the first that comes within `timeout`. It is taken; no other waiter gets it.
    pub async fn wait_for(
        &self,
        method: &str,
        predicate: impl FnMut(&Notification) -> bool + Send + 'static,
        timeout: Duration,
    ) -> Result<Notification, WaitError> {
        let wanted = Wanted {
            methods: vec![method.to_owned()],
            predicate: Box::new(predicate),
        };
        self.wait(wanted, timeout).await
    }

    /// The oldest notification of any of these methods; its `method` tells which.
    pub async fn wait_for_any(
        &self,
        methods: &[&str],
        timeout: Duration,
    ) -> Result<Notification, WaitError> {
        let wanted = Wanted {
            methods: owned(methods),
            predicate: Box::new(|_| true),
        };
        self.wait(wanted, timeout).await
    }

    /// Everything of these methods (none means all) that is in the buffer or comes within `window`.
    /// If the connection ends, what came until then.
    pub async fn collect(&self, methods: &[&str], window: Duration) -> Vec<Notification> {
        let deadline = Instant::now() + window;
        let mut collected = Vec::new();
        loop {
            let wanted = Wanted {
                methods: owned(methods),
                predicate: Box::new(|_| true),
            };
            match self.inner.notifications.take_or_wait(wanted) {
                Ok(notification) => collected.push(notification),
                Err(place) => match tokio::time::timeout_at(deadline, place.notification()).await {
                    Ok(Some(notification)) => collected.push(notification),
                    Ok(None) | Err(_) => return collected,
                },
            }
        }
    }

    /// Calls a method and waits for a notification that the call causes. Neither is missed: it does
    /// not matter which of the two arrives first. What was in the buffer before does not count.
    pub async fn call_and_wait<R: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
        event: &str,
        predicate: impl FnMut(&Notification) -> bool + Send + 'static,
        timeout: Duration,
    ) -> Result<(R, Notification), WaitError> {
        let place = self.inner.notifications.wait(Wanted {
            methods: vec![event.to_owned()],
            predicate: Box::new(predicate),
        });
        let deadline = Instant::now() + timeout;
        let result = self.call_timeout(method, params, timeout).await?;
        let methods = vec![event.to_owned()];
        let notification = self.place(place, methods, deadline, timeout).await?;
        Ok((result, notification))
    }

    /// Fails if a notification of one of these methods (none means any) is in the buffer or comes
    /// within `window`. Call [`clear_notifications`](Self::clear_notifications) first if older ones
    /// do not matter. An ended connection fails it too, since nothing could have come.
    pub async fn expect_none(&self, methods: &[&str], window: Duration) -> Result<(), WaitError> {
        let wanted = Wanted {
            methods: owned(methods),
            predicate: Box::new(|_| true),
        };
        match self.wait(wanted, window).await {
            Err(WaitError::Timeout { .. }) => Ok(()),
            Err(other) => Err(other),
            Ok(notification) => Err(WaitError::Unexpected {
                method: notification.method,
                params: shortened(&notification.params.to_string(), 500),
            }),
        }
    }

    /// How many notifications are in the buffer.
    pub fn buffered_notification_count(&self) -> usize {
        self.inner.notifications.buffered()
    }

    /// How many notifications the buffer had to drop.
    pub fn dropped_notification_count(&self) -> u64 {
        self.inner.notifications.dropped()
    }

    /// Empties the buffer; returns how many there were.
    pub fn clear_notifications(&self) -> usize {
        self.inner.notifications.clear()
    }

    async fn wait(&self, wanted: Wanted, timeout: Duration) -> Result<Notification, WaitError> {
        let methods = wanted.methods.clone();
        let deadline = Instant::now() + timeout;
        match self.inner.notifications.take_or_wait(wanted) {
            Ok(notification) => Ok(notification),
            Err(place) => self.place(place, methods, deadline, timeout).await,
        }
    }

    async fn place(
        &self,
        place: Place<'_>,
        methods: Vec<String>,
        deadline: Instant,
        timeout: Duration,
    ) -> Result<Notification, WaitError> {
        match tokio::time::timeout_at(deadline, place.notification()).await {
            Ok(Some(notification)) => Ok(notification),
            Ok(None) => Err(WaitError::Closed {
                methods,
                reason: self.close_reason().unwrap_or(CloseReason::Local),
            }),
            Err(_) => Err(WaitError::Timeout {
                methods,
                after: timeout,
                seen: self.inner.notifications.summary(),
            }),
        }
    }
}

fn owned(methods: &[&str]) -> Vec<String> {
    methods.iter().map(|&method| method.to_owned()).collect()
}
