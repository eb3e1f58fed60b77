//! What is said when.

use std::io::Write;
use std::time::Duration;

use paceline_engine::event::{Event, EventKind, NoteKind, TestFinished, UnitReported, Warning};

use super::failures::{Failures, Folds};
use super::lines::SignsOfLife;
use super::live::{self, Window};
use super::options::{Decided, Order, Stream, TerminalOptions};
use super::size::Size;
use super::style::Role;
use super::summary::Summary;
use super::units::Units;
use super::verbose::Verbose;
use super::{failures, github, lines};
use crate::model::{Keep, Model};
use crate::reporter::{Destination, ReportError, Reporter};

/// Results are written when so much has gathered, even between frames.
const FLUSH_AT: usize = 64 * 1024;
/// The most lines of a failure's output.
const FAILURE_LINES: usize = 40;

/// Tells people about a run.
pub struct Terminal {
    options: TerminalOptions,
    decided: Decided,
    model: Model,
    out: Sink,
    err: Sink,
    verbose: Option<Verbose>,
    units: Units,
    signs: SignsOfLife,
    window: Window,
    /// How many lines of results there are.
    results: usize,
    /// Whether something has changed since the last frame.
    changed: bool,
    has_summary: bool,
}

/// A stream and what is to be written to it.
struct Sink {
    stream: Stream,
    destination: Destination,
    pending: Vec<u8>,
    /// Nothing can be written any more, and that has been told.
    gone: bool,
}

impl Sink {
    fn new(stream: Stream, destination: Destination) -> Self {
        Self {
            stream,
            destination,
            pending: Vec::new(),
            gone: false,
        }
    }

    fn flush(&mut self) -> Result<(), ReportError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if self.gone {
            self.pending.clear();
            return Ok(());
        }
        let writer = &mut self.stream.writer;
        let written = writer
            .write_all(&self.pending)
            .and_then(|()| writer.flush());
        self.pending.clear();
        written.map_err(|source| {
            self.gone = true;
            ReportError::new(self.destination.clone(), source)
        })
    }
}

impl Terminal {
    /// Decides by the options how to tell.
    pub fn new(mut options: TerminalOptions) -> Self {
        let decided = options.decide();
        let nothing = || Stream {
            writer: Box::new(std::io::sink()),
            is_terminal: false,
        };
        let out = std::mem::replace(&mut options.stdout, nothing());
        let err = std::mem::replace(&mut options.stderr, nothing());
        let verbose = (options.verbosity > 0 && !decided.agent)
            .then(|| Verbose::new(decided.out, decided.order));
        let units = Units::new(decided.out, &options.root, decided.columns);
        Self {
            options,
            decided,
            units,
            model: Model::new(Keep::Notable),
            out: Sink::new(out, Destination::Stdout),
            err: Sink::new(err, Destination::Stderr),
            verbose,
            signs: SignsOfLife::default(),
            window: Window::default(),
            results: 0,
            changed: false,
            has_summary: false,
        }
    }

    /// Whether the reporter wants [`EventKind::Output`] events.
    pub fn wants_output(&self) -> bool {
        self.verbose.is_some()
    }

    /// Whether what is shown on stdout is coloured; suites may then be told to colour their output.
    pub fn is_colored(&self) -> bool {
        self.decided.out.color
    }

    fn says_lines(&self) -> bool {
        self.options.verbosity >= 0 && !self.decided.agent
    }

    fn run_started(&mut self) {
        if let Some(verbose) = &mut self.verbose {
            verbose.run_started(&self.model);
            if self.decided.github {
                // What suites print must not be taken for commands.
                let stop = format!("::stop-commands::{}\n", self.options.token);
                self.out.pending.extend_from_slice(stop.as_bytes());
            }
        }
        if self.says_lines() {
            let header = lines::header(&self.model, self.decided.err);
            self.err.pending.extend_from_slice(header.as_bytes());
        }
    }

    /// The line of a suite that has ended.
    fn result(&mut self, suite: &str) {
        if !self.says_lines() {
            return;
        }
        if let Some(place) = self.model.place(suite)
            && let Some(ended) = self.model.suites.get(place)
            && lines::needs_line(&self.model, ended)
        {
            self.results += 1;
            let line = lines::result(&self.model, place, self.results, self.decided.out);
            self.say(&line);
        }
    }

    /// A test of a framework has ended: those that a person is told about at once get a line.
    fn test(&mut self, test: &TestFinished) {
        let place = self.model.place(&test.suite);
        let Some(place) = place.filter(|_| self.says_lines() && test.details.is_some()) else {
            return;
        };
        let says_all = self.options.verbosity > 0;
        match self.decided.order {
            Order::Plan if says_all => self.units.hold(&self.model, place, test),
            // The unit's turn will come.
            Order::Plan => {}
            Order::Completion => {
                if (says_all || test.outcome.is_failure() || test.flaky)
                    && let Some(line) = self.units.test(&self.model, place, test, true)
                {
                    self.say(&line);
                }
            }
        }
    }

    /// A unit's turn has come in plan order.
    fn unit(&mut self, reported: &UnitReported) {
        if !self.says_lines() || self.decided.order == Order::Completion {
            return;
        }
        if let Some(place) = self.model.place(&reported.suite) {
            let text = if self.options.verbosity > 0 {
                self.units.release(&self.model, place)
            } else {
                self.units.unit(&self.model, place, reported)
            };
            self.say(&text.unwrap_or_default());
        }
    }

    /// Adds whole lines to the results.
    fn say(&mut self, lines: &str) {
        if let Some(verbose) = &mut self.verbose {
            verbose.break_line(&mut self.out.pending);
        }
        self.out.pending.extend_from_slice(lines.as_bytes());
    }

    /// A suite's turn has come in plan order: what the next one has printed so far can be shown.
    fn reported(&mut self, suite: &str) -> Result<(), ReportError> {
        if self.decided.order == Order::Completion {
            return Ok(());
        }
        self.result(suite);
        let next = self.model.suites_reported;
        loop {
            let Some(verbose) = &mut self.verbose else {
                return Ok(());
            };
            let more = verbose.release_some(&self.model, next, &mut self.out.pending);
            self.flush_if_large()?;
            if !more {
                return Ok(());
            }
        }
    }

    fn warning(&mut self, warning: &Warning) {
        if self.options.verbosity < -1 && !warning.fatal {
            return;
        }
        let theme = self.decided.err;
        let word = if warning.fatal {
            theme.paint(Role::Bad, "error")
        } else {
            theme.paint(Role::Note, "warning")
        };
        let suite = warning
            .suite
            .as_ref()
            .map(|suite| format!("{suite}: "))
            .unwrap_or_default();
        let line = format!("{word}: {suite}{}\n", warning.message);
        self.err.pending.extend_from_slice(line.as_bytes());
    }

    fn run_finished(&mut self) {
        if let Some(verbose) = &mut self.verbose {
            verbose.break_line(&mut self.out.pending);
            if self.decided.github {
                let resume = format!("::{}::\n", self.options.token);
                self.out.pending.extend_from_slice(resume.as_bytes());
            }
        }
        if self.options.verbosity < -1 {
            return;
        }
        let reports: Vec<&str> = self
            .options
            .reports
            .iter()
            .map(|(_, shown)| shown.as_str())
            .collect();
        let summary = Summary {
            model: &self.model,
            theme: self.decided.out,
            width: self.decided.width,
            root: &self.options.root,
            program: &self.options.program,
            log_dir: self.options.log_dir.as_deref(),
            reports: &reports,
            verbose: self.options.verbosity > 0,
        };
        let text = if self.decided.agent {
            let failures = failures::for_agent(
                &self.model,
                FAILURE_LINES,
                &self.options.root,
                &self.options.program,
            );
            failures + &summary.for_agent()
        } else {
            let failures = Failures {
                model: &self.model,
                theme: self.decided.out,
                lines: self.options.failure_lines.min(FAILURE_LINES),
                root: &self.options.root,
                program: &self.options.program,
                workers: self.decided.order == Order::Completion,
                folds: if self.decided.github {
                    Folds::GitHub {
                        token: &self.options.token,
                    }
                } else if self.decided.gitlab {
                    Folds::GitLab
                } else {
                    Folds::None
                },
            };
            let mut text = failures.section();
            if self.options.verbosity >= 0 {
                text.push_str(&summary.sections());
            }
            if self.decided.github {
                text.push_str(&github::annotations(&self.model));
            }
            if !text.is_empty() {
                text.push('\n');
            }
            text + &summary.last_block()
        };
        self.out.pending.extend_from_slice(text.as_bytes());
    }

    fn size(&self) -> Size {
        let unknown = Size {
            columns: 80,
            rows: 24,
        };
        self.decided
            .forced
            .or_else(|| (self.options.size)())
            .unwrap_or(unknown)
    }

    /// Writes what is due: at once where there is no window, else with the next frame.
    fn flush(&mut self) -> Result<(), ReportError> {
        if !self.decided.live {
            // Progress is worth less than results: that it cannot be written is no reason to stop.
            let _ = self.err.flush();
            return self.out.flush();
        }
        let results = if self.decided.shared {
            Ok(())
        } else {
            self.out.flush()
        };
        if self.window.is_due(self.model.at, self.changed) {
            self.frame()?;
        }
        results
    }

    fn flush_if_large(&mut self) -> Result<(), ReportError> {
        if self.out.pending.len() < FLUSH_AT {
            return Ok(());
        }
        if self.decided.shared {
            self.frame()
        } else {
            self.out.flush()
        }
    }

    fn frame(&mut self) -> Result<(), ReportError> {
        let size = self.size();
        let progress = std::mem::take(&mut self.err.pending);
        self.err
            .pending
            .extend_from_slice(self.window.begin(size).as_bytes());
        self.err.pending.extend_from_slice(&progress);
        let written = if self.decided.shared {
            if let Some(verbose) = &mut self.verbose {
                verbose.break_line(&mut self.out.pending);
            }
            let _ = self.err.flush();
            self.out.flush()
        } else {
            Ok(())
        };
        let lines = live::render(&self.model, self.decided.err, size);
        let end = self.window.end(self.model.at, &lines);
        self.err.pending.extend_from_slice(end.as_bytes());
        let _ = self.err.flush();
        self.changed = false;
        written
    }

    /// Takes the window away for good and writes everything.
    fn close(&mut self) -> Result<(), ReportError> {
        if self.decided.live {
            let progress = std::mem::take(&mut self.err.pending);
            let close = self.window.close(self.size());
            self.err.pending.extend_from_slice(close.as_bytes());
            self.err.pending.extend_from_slice(&progress);
            self.decided.live = false;
        }
        let _ = self.err.flush();
        self.out.flush()
    }
}

impl Reporter for Terminal {
    fn event(&mut self, event: &Event) -> Result<(), ReportError> {
        self.model.event(event);
        self.changed |= !matches!(event.kind, EventKind::Output(_));
        match &event.kind {
            EventKind::RunStarted(_) => self.run_started(),
            EventKind::AttemptStarted(started) if started.test == started.suite => {
                if let Some((verbose, place)) =
                    self.verbose.as_mut().zip(self.model.place(&started.suite))
                {
                    let to = &mut self.out.pending;
                    verbose.attempt_started(&self.model, place, started.attempt, to);
                }
            }
            EventKind::Output(output) => {
                if let Some((verbose, place)) =
                    self.verbose.as_mut().zip(self.model.place(&output.suite))
                {
                    verbose.output(&self.model, place, &output.text, &mut self.out.pending);
                }
                // Output comes in large amounts: it waits for company, or for the next tick.
                return self.flush_if_large();
            }
            EventKind::AttemptFinished(finished) if finished.test == finished.suite => {
                if let Some((verbose, place)) =
                    self.verbose.as_mut().zip(self.model.place(&finished.suite))
                {
                    verbose.attempt_finished(&self.model, place, &mut self.out.pending);
                }
            }
            EventKind::TestFinished(test) => self.test(test),
            EventKind::UnitReported(reported) => self.unit(reported),
            EventKind::SuiteNote(note) if note.about == NoteKind::Mode && self.says_lines() => {
                let line = format!("note: {}: {}\n", note.suite, note.text);
                self.err.pending.extend_from_slice(line.as_bytes());
            }
            EventKind::SuiteFinished(finished) if self.decided.order == Order::Completion => {
                self.result(&finished.suite);
            }
            EventKind::SuiteReported(reported) => self.reported(&reported.suite)?,
            EventKind::Stopping(_) => {
                if self.says_lines()
                    && let Some(line) = lines::stopping(&self.model)
                {
                    self.err.pending.extend_from_slice(line.as_bytes());
                }
            }
            EventKind::Warning(warning) => self.warning(warning),
            _ => {}
        }
        self.flush()
    }

    fn tick(&mut self, at: Duration) -> Result<(), ReportError> {
        self.model.tick(at);
        if self.says_lines() && !self.decided.live {
            let beat = self.signs.tick(&self.model, self.decided.err);
            let holding = match self.decided.order {
                Order::Plan => self.signs.holding(&self.model),
                Order::Completion => None,
            };
            for line in beat.into_iter().chain(holding) {
                self.err.pending.extend_from_slice(line.as_bytes());
            }
        }
        self.changed |= !self.out.pending.is_empty() || !self.err.pending.is_empty();
        self.flush()
    }

    fn other_failed(&mut self, error: &ReportError, requested: bool) {
        self.model.report_failed |= requested && !error.is_closed_pipe();
        if let Some(file) = error.file() {
            self.options.reports.retain(|(path, _)| path != file);
        }
    }

    /// The summary comes only now: what it says of reports is known when these have finished.
    fn finish(&mut self) -> Result<(), ReportError> {
        if self.model.finished.is_some() && !self.has_summary {
            self.has_summary = true;
            self.run_finished();
        }
        self.close()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The cursor must come back also when a panic unwinds; nobody is left to tell of an error.
        let _ = self.close();
    }
}
