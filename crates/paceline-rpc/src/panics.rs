//! Containing panics, with the place where they happened.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};

use crate::failure::{Failure, TestResult};

thread_local! {
    /// How deep this thread is in code whose panics are caught here.
    static CONTAINED: Cell<u32> = const { Cell::new(0) };
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic's text, if it has one.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "with a value that is not a text".to_owned())
}

/// The hook that notes where a contained panic happened and does not print it. Other panics go to
/// the hook that was there before.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if CONTAINED.get() == 0 {
                previous(info);
                return;
            }
            let location = info.location().map(ToString::to_string);
            LOCATION.with(|kept| *kept.borrow_mut() = location);
        }));
    });
}

/// Runs user code; a panic is its failure.
pub(crate) fn contain<T>(run: impl FnOnce() -> T) -> Result<T, Failure> {
    LOCATION.take();
    CONTAINED.set(CONTAINED.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(run));
    CONTAINED.set(CONTAINED.get() - 1);
    result.map_err(|panic| Failure::panic(message(&*panic), LOCATION.take()))
}

/// A future whose panics are its failure.
pub(crate) struct Contained(pub(crate) Pin<Box<dyn Future<Output = TestResult> + Send>>);

impl Future for Contained {
    type Output = TestResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TestResult> {
        let inner = self.0.as_mut();
        match contain(|| inner.poll(cx)) {
            Ok(poll) => poll,
            Err(failure) => Poll::Ready(Err(failure)),
        }
    }
}
