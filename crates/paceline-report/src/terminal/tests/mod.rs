//! Whole outputs, from made-up events to what a reader sees.

mod ci;
mod columns;
mod frameworks;
mod live;
mod results;
mod verbose;

use std::time::Duration;

use paceline_engine::event::Event;

use super::*;
use crate::environment::Environment;
use crate::program::Program;
use crate::reporter::Reporter;
use crate::test_events::{Script, SharedBuffer, suite};

/// A terminal reporter whose two streams end in buffers.
struct Setup {
    options: TerminalOptions,
    stdout: SharedBuffer,
    stderr: SharedBuffer,
}

/// What was written.
struct Written {
    stdout: String,
    stderr: String,
}

impl Written {
    fn both(&self) -> String {
        format!("== stdout\n{}== stderr\n{}", self.stdout, self.stderr)
    }
}

/// Not on a terminal, in a UTF-8 locale, with nothing else set.
fn setup() -> Setup {
    let (stdout, stderr) = (SharedBuffer::default(), SharedBuffer::default());
    let stream = |buffer: &SharedBuffer| Stream {
        writer: Box::new(buffer.clone()),
        is_terminal: false,
    };
    let options = TerminalOptions {
        verbosity: 0,
        order: None,
        color: ColorChoice::Auto,
        failure_lines: 10,
        stdout: stream(&stdout),
        stderr: stream(&stderr),
        has_terminal: true,
        size: Box::new(|| None),
        environment: [("LANG", "C.UTF-8")].into_iter().collect(),
        root: ".".to_owned(),
        program: Program::default(),
        log_dir: Some(".paceline/logs".to_owned()),
        reports: ["test-report.json", "junit.xml"]
            .map(|file| (file.into(), file.to_owned()))
            .into(),
        token: "token-4217".to_owned(),
    };
    Setup {
        options,
        stdout,
        stderr,
    }
}

impl Setup {
    fn with(mut self, change: impl FnOnce(&mut TerminalOptions)) -> Self {
        change(&mut self.options);
        self
    }

    fn environment<const N: usize>(self, variables: [(&str, &str); N]) -> Self {
        self.with(|options| options.environment = variables.into_iter().collect::<Environment>())
    }

    /// Feeds the events, with a tick every 100 ms.
    fn run(self, events: &[Event]) -> Written {
        let mut terminal = Terminal::new(self.options);
        let mut ticked = Duration::ZERO;
        for event in events {
            while ticked + Duration::from_millis(100) <= event.at {
                ticked += Duration::from_millis(100);
                terminal.tick(ticked).unwrap();
            }
            terminal.event(event).unwrap();
        }
        terminal.finish().unwrap();
        Written {
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }
}

/// Escape sequences made visible.
fn visible(text: &str) -> String {
    text.replace('\u{1b}', "^[")
}

fn all_pass() -> Vec<Event> {
    let mut script = Script::new(2, vec![suite("unit"), suite("integration"), suite("lint")]);
    script
        .start("unit")
        .start("integration")
        .at(0.41)
        .pass("unit")
        .start("lint");
    script
        .at(0.5)
        .pass("lint")
        .at(39.6)
        .pass("integration")
        .finish();
    script.events.clone()
}

/// From the line that begins with `from` to the one that begins with `to`.
fn section(text: &str, from: &str, to: &str) -> String {
    let lines = text.lines().skip_while(|line| !line.starts_with(from));
    lines
        .take_while(|line| !line.starts_with(to))
        .collect::<Vec<_>>()
        .join("\n")
}
