//! The thread on which all reporters live.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, mem};

use paceline_engine::attempt::OutputBudget;
use paceline_engine::dispatch::Remote;
use paceline_engine::event::{Event, EventKind};
use paceline_engine::sys::Signal;
use paceline_report::{ReportError, Reporter};

use super::mailbox::{self, Mailbox, Post};

/// How often reporters are told the time.
const TICK: Duration = Duration::from_millis(100);

/// How much a reporter matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Importance {
    /// It was asked for: that it cannot be written is an error of the run.
    Requested,
    /// It is made in any case: that it cannot be written is a warning.
    Courtesy,
}

/// A reporter that could not do its work.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) importance: Importance,
    pub(super) error: ReportError,
}

/// What a run has of its reporters.
pub(super) struct Reporting {
    events: Post,
    thread: JoinHandle<Vec<Problem>>,
}

/// A reporter and what became of it.
struct Desk {
    importance: Importance,
    reporter: Option<Box<dyn Reporter>>,
}

impl Reporting {
    /// Starts the thread. The reporters are made on it, by `make`, as they need not be `Send`.
    ///
    /// A reader of standard output who goes away ends the run through `remote`.
    pub(super) fn start(
        make: impl FnOnce() -> Vec<(Importance, Box<dyn Reporter>)> + Send + 'static,
        began: Instant,
        output: Option<Arc<OutputBudget>>,
        remote: Remote,
    ) -> io::Result<Self> {
        let (events, inbox) = mailbox::new();
        let thread = thread::Builder::new()
            .name("reporters".into())
            .spawn(move || {
                let desks = make().into_iter().map(|(importance, reporter)| Desk {
                    importance,
                    reporter: Some(reporter),
                });
                let office = Office {
                    desks: desks.collect(),
                    problems: Vec::new(),
                    output,
                    remote,
                };
                office.work(&inbox, began)
            })?;
        Ok(Self { events, thread })
    }

    /// Passes an event on.
    pub(super) fn send(&self, event: Event) {
        self.events.send(event);
    }

    /// There are no more events: the reporters write their last.
    pub(super) fn close(self) -> Closing {
        Closing(self.thread)
    }
}

/// What the reporters do after the last event.
pub(super) struct Closing(JoinHandle<Vec<Problem>>);

impl Closing {
    /// Waits until all is written; answers what could not be.
    pub(super) fn finish(self) -> Vec<Problem> {
        match self.0.join() {
            Ok(problems) => problems,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

struct Office {
    desks: Vec<Desk>,
    problems: Vec<Problem>,
    output: Option<Arc<OutputBudget>>,
    remote: Remote,
}

impl Office {
    fn work(mut self, inbox: &Mailbox, began: Instant) -> Vec<Problem> {
        let mut next_tick = Instant::now() + TICK;
        let mut events = Vec::new();
        loop {
            let open = inbox.take(&mut events, next_tick);
            for event in events.drain(..) {
                self.all(|reporter| reporter.event(&event));
                if let (EventKind::Output(output), Some(budget)) = (&event.kind, &self.output) {
                    budget.release(output.text.len());
                }
            }
            if !open {
                break;
            }
            if Instant::now() >= next_tick {
                self.all(|reporter| reporter.tick(began.elapsed()));
                next_tick = Instant::now() + TICK;
            }
        }
        // The first tells people what became of the others.
        for desk in (1..self.desks.len()).chain([0]) {
            self.one(desk, |reporter| reporter.finish());
        }
        mem::take(&mut self.problems)
    }

    /// Lets each reporter work.
    fn all(&mut self, mut work: impl FnMut(&mut dyn Reporter) -> Result<(), ReportError>) {
        for desk in 0..self.desks.len() {
            self.one(desk, &mut work);
        }
    }

    /// Lets a reporter work. One that fails is not asked again, and the others are told.
    fn one(
        &mut self,
        desk: usize,
        work: impl FnOnce(&mut dyn Reporter) -> Result<(), ReportError>,
    ) {
        let Some(desk) = self.desks.get_mut(desk) else {
            return;
        };
        let Some(reporter) = &mut desk.reporter else {
            return;
        };
        let Err(error) = work(reporter.as_mut()) else {
            return;
        };
        desk.reporter = None;
        let importance = desk.importance;
        let others = self
            .desks
            .iter_mut()
            .filter_map(|desk| desk.reporter.as_mut());
        for other in others {
            other.other_failed(&error, importance == Importance::Requested);
        }
        if error.is_closed_pipe() {
            self.remote.interrupt(Signal::PIPE);
        } else {
            self.problems.push(Problem { importance, error });
        }
    }
}
