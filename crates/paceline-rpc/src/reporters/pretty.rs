//! For people.

use std::io::{self, Write};

use crate::event::{Event, Reporter};
use crate::human::in_words;
use crate::report::{Outcome, RunReport, TestReport};

/// A line for each test, then each failure in full, as the Rust test harness writes it.
#[derive(Debug)]
pub struct Pretty<W> {
    write: W,
    color: bool,
    /// Durations are left out, so that two runs can be compared.
    times: bool,
}

impl<W: Write> Pretty<W> {
    /// Writes here, in colour if asked for.
    pub fn new(write: W, color: bool) -> Self {
        Self {
            write,
            color,
            times: true,
        }
    }

    /// Leaves out how long things took.
    #[must_use]
    pub fn without_times(mut self) -> Self {
        self.times = false;
        self
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn test(&mut self, test: &TestReport) -> io::Result<()> {
        let verdict = match &test.outcome {
            Outcome::Passed => self.painted("32", "ok"),
            Outcome::Failed(_) => self.painted("31", "FAILED"),
            Outcome::TimedOut(_) => self.painted("31", "FAILED (timed out)"),
            Outcome::Skipped(reason) => {
                format!("{}, {reason}", self.painted("33", "ignored"))
            }
        };
        writeln!(self.write, "test {} ... {verdict}", test.name)?;
        if matches!(test.outcome, Outcome::Passed) {
            // A note on what has passed would otherwise be lost.
            for note in test
                .notes
                .iter()
                .filter(|note| note.starts_with("after_each failed"))
            {
                writeln!(self.write, "  note: {note}")?;
            }
        }
        self.write.flush()
    }

    fn end(&mut self, run: &RunReport) -> io::Result<()> {
        failures(&mut self.write, run)?;
        for warning in &run.warnings {
            writeln!(self.write, "\nwarning: {warning}")?;
        }
        if let Some(why) = &run.aborted {
            let error = self.painted("31", "error");
            writeln!(self.write, "\n{error}: no test could run: {why}")?;
        }
        if let Some(why) = &run.after_all_failed {
            let error = self.painted("31", "error");
            writeln!(self.write, "\n{error}: {why}")?;
        }
        let verdict = match (run.is_success(), run.interrupted) {
            (_, true) => self.painted("31", "interrupted"),
            (true, false) => self.painted("32", "ok"),
            (false, false) => self.painted("31", "FAILED"),
        };
        let time = if self.times {
            format!("; finished in {}", in_words(run.duration))
        } else {
            String::new()
        };
        writeln!(
            self.write,
            "\ntest result: {verdict}. {} passed; {} failed; {} ignored; 0 measured; {} filtered \
             out{time}\n",
            run.passed, run.failed, run.skipped, run.filtered
        )?;
        self.write.flush()
    }
}

/// The failures in full, and a list of their names.
fn failures(write: &mut impl Write, run: &RunReport) -> io::Result<()> {
    let failed: Vec<_> = run
        .tests
        .iter()
        .filter(|test| test.outcome.is_failure())
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    writeln!(write, "\nfailures:")?;
    for test in &failed {
        writeln!(write, "\n---- {} ----", test.name)?;
        if let Some(failure) = test.outcome.failure() {
            write!(write, "{failure}")?;
        }
        for note in &test.notes {
            writeln!(write, "\nnote: {note}")?;
        }
    }
    writeln!(write, "\nfailures:")?;
    for test in failed {
        writeln!(write, "    {}", test.name)?;
    }
    Ok(())
}

impl<W: Write + Send> Reporter for Pretty<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::RunStarted { tests, .. } => {
                let s = if *tests == 1 { "" } else { "s" };
                writeln!(self.write, "\nrunning {tests} test{s}")?;
                self.write.flush()
            }
            Event::TestStarted { .. } => Ok(()),
            Event::TestFinished(test) => self.test(test),
            Event::RunFinished(run) => self.end(run),
        }
    }
}

/// A character for each test, then what [`Pretty`] writes at the end.
#[derive(Debug)]
pub struct Terse<W> {
    pretty: Pretty<W>,
    column: usize,
}

impl<W: Write> Terse<W> {
    /// Writes here, in colour if asked for.
    pub fn new(write: W, color: bool) -> Self {
        Self {
            pretty: Pretty::new(write, color),
            column: 0,
        }
    }
}

impl<W: Write + Send> Reporter for Terse<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::TestFinished(test) => {
                let mark = match test.outcome {
                    Outcome::Passed => self.pretty.painted("32", "."),
                    Outcome::Skipped(_) => self.pretty.painted("33", "i"),
                    Outcome::Failed(_) | Outcome::TimedOut(_) => self.pretty.painted("31", "F"),
                };
                self.column += 1;
                write!(self.pretty.write, "{mark}")?;
                if self.column.is_multiple_of(88) {
                    writeln!(self.pretty.write)?;
                }
                self.pretty.write.flush()
            }
            Event::RunFinished(_) => {
                writeln!(self.pretty.write)?;
                self.pretty.event(event)
            }
            Event::RunStarted { .. } | Event::TestStarted { .. } => self.pretty.event(event),
        }
    }
}
