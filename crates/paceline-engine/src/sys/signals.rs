//! Signals that ask paceline to stop.

use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

/// A request from outside to end the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(i32);

impl Signal {
    /// What a program gets that writes to a pipe which nobody reads.
    pub const PIPE: Self = Self(signal_hook::consts::SIGPIPE);

    /// Whether it is what Ctrl-C sends, to all that run in the terminal's foreground.
    pub fn is_interrupt(self) -> bool {
        self.0 == SIGINT
    }

    /// `SIGINT`, `SIGTERM`, …
    pub fn name(self) -> &'static str {
        crate::outcome::signal_name(self.0).unwrap_or("a signal")
    }

    /// What a shell reports for a process that this signal ended: 130 for `SIGINT`.
    pub fn exit_code(self) -> u8 {
        128 + u8::try_from(self.0).unwrap_or(0)
    }
}

/// Calls `on_signal` in a thread of its own for each `SIGINT`, `SIGTERM`, `SIGHUP` and `SIGQUIT`,
/// from now to the end of the process.
pub fn watch(mut on_signal: impl FnMut(Signal) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT])?;
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                on_signal(Signal(signal));
            }
        })?;
    Ok(())
}
