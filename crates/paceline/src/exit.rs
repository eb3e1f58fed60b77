//! What the process tells its caller.

use std::process;

/// The exit codes of paceline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Everything that was asked for is done, and every selected test passed.
    Success = 0,
    /// Tests failed.
    TestsFailed = 1,
    /// The arguments or the configuration are wrong; nothing ran.
    Usage = 2,
    /// Something in paceline or around it failed: a bug, a report that cannot be written.
    Internal = 3,
    /// Nothing was selected.
    NothingSelected = 4,
    /// A suite could not be built or collected.
    SuiteBroken = 5,
    /// Interrupted by SIGINT.
    Interrupted = 130,
    /// Terminated by SIGTERM.
    Terminated = 143,
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
