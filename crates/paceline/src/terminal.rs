//! Writing to the standard streams.

use std::io::{self, IsTerminal, Write};

use paceline_report::environment::Environment;
use paceline_report::terminal::wants_unicode;

use crate::color::ColorChoice;
use crate::diagnostic::Look;
use crate::exit::ExitCode;

/// Standard error, and how messages look on it.
#[derive(Clone, Copy, Debug)]
pub struct Stderr {
    look: Look,
}

impl Stderr {
    /// Standard error as this process has it.
    pub fn new(choice: ColorChoice) -> Self {
        let stream = io::stderr();
        let is_terminal = stream.is_terminal();
        let environment = Environment::from_process();
        let width = if is_terminal { columns() } else { None };
        Self {
            look: Look {
                color: choice.decide(&environment, is_terminal),
                unicode: is_terminal && wants_unicode(&environment),
                width,
            },
        }
    }

    /// How messages look.
    pub fn look(&self) -> Look {
        self.look
    }

    /// Prints a text as it is. That nobody reads it is no reason to fail.
    pub fn print(&self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

/// The width of the terminal that standard error is; `None` where it does not say.
#[cfg(unix)]
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn columns() -> Option<usize> {
    None
}

/// Prints the result of a command to standard output. A reader that has gone away has all it wants.
pub(crate) fn print_result(stderr: Stderr, text: &str) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            stderr.print(&format!(
                "error: cannot write to standard output: {error}\n"
            ));
            ExitCode::Internal
        }
        _ => ExitCode::Success,
    }
}
