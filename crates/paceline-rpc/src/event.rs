//! What happens in a run, told to a reporter.

use std::io;

use crate::report::{RunReport, TestReport};

/// What happens in a run. Tests come in the order in which they were registered, each started and
/// finished before the next, whatever order they ran in, so that output is the same for any number
/// of workers.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// First of all.
    RunStarted {
        /// How many tests are selected.
        tests: usize,
        /// How many are not.
        filtered: usize,
    },
    /// A test.
    TestStarted {
        /// Its name.
        name: &'a str,
    },
    /// The same test's result.
    TestFinished(&'a TestReport),
    /// Last of all, when everything is closed and stopped.
    RunFinished(&'a RunReport),
}

/// Is told what happens.
pub trait Reporter: Send {
    /// One event. The first error is kept as a warning of the run, and the reporter not called again.
    fn event(&mut self, event: &Event<'_>) -> io::Result<()>;
}

/// Reports nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn event(&mut self, _: &Event<'_>) -> io::Result<()> {
        Ok(())
    }
}

impl<R: Reporter + ?Sized> Reporter for Box<R> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        (**self).event(event)
    }
}

/// Two reporters at once.
impl<A: Reporter, B: Reporter> Reporter for (A, B) {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.0.event(event).and(self.1.event(event))
    }
}
