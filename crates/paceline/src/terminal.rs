//! Writing to the standard streams.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

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
        let width = if is_terminal { columns() } else { None };
        Self {
            look: Look {
                color: choice.decide(|name| std::env::var_os(name), is_terminal),
                unicode: is_terminal && is_unicode(|name| std::env::var_os(name)),
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

/// Whether the locale says that the terminal shows more than ASCII.
fn is_unicode(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let locale = set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"));
    let utf8 = locale.is_some_and(|locale| {
        let locale = locale.to_string_lossy().to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    // The console of Linux has a font of 512 characters, without most of those that draw lines.
    let limited = set("TERM").is_some_and(|term| term == "linux" || term == "dumb");
    utf8 && !limited
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_that_is_set_decides() {
        let unicode = |variables: &[(&str, &str)]| {
            let find = |name: &str| variables.iter().find(|(n, _)| *n == name);
            is_unicode(|name| find(name).map(|(_, value)| value.into()))
        };
        assert!(unicode(&[("LANG", "de_DE.UTF-8")]));
        assert!(unicode(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]));
        assert!(!unicode(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(!unicode(&[("LANG", "C.UTF-8"), ("TERM", "linux")]));
        assert!(!unicode(&[]));
    }
}
