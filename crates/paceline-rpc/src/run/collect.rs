//! Results as they arrive, into the order in which tests were registered.

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::event::{Event, Reporter};
use crate::report::TestReport;

/// A reporter, until its first error.
pub(super) struct Told<'a> {
    reporter: &'a mut dyn Reporter,
    error: Option<io::Error>,
}

impl<'a> Told<'a> {
    pub(super) fn new(reporter: &'a mut dyn Reporter) -> Self {
        Self {
            reporter,
            error: None,
        }
    }

    pub(super) fn event(&mut self, event: &Event<'_>) {
        if self.error.is_none() {
            self.error = self.reporter.event(event).err();
        }
    }

    pub(super) fn into_error(self) -> Option<io::Error> {
        self.error
    }
}

/// Holds each result back until all before it are there.
pub(super) async fn collect(
    mut arriving: UnboundedReceiver<TestReport>,
    names: Vec<Arc<str>>,
    told: &mut Told<'_>,
) -> Vec<TestReport> {
    let mut early: Vec<Option<TestReport>> = Vec::new();
    early.resize_with(names.len(), || None);
    let mut ordered = Vec::with_capacity(names.len());
    while let Some(report) = arriving.recv().await {
        let index = report.index;
        if let Some(place) = early.get_mut(index) {
            *place = Some(report);
        }
        while let Some(report) = early.get_mut(ordered.len()).and_then(Option::take) {
            told.event(&Event::TestStarted { name: &report.name });
            told.event(&Event::TestFinished(&report));
            ordered.push(report);
        }
    }
    ordered
}
