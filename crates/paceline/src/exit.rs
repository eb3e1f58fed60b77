//! What the process tells its caller.

use std::process;

/// The exit codes of paceline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Everything that was asked for is done, and every selected test passed.
    Success,
    /// Tests failed.
    TestsFailed,
    /// The arguments or the configuration are wrong; nothing ran.
    Usage,
    /// Something in paceline or around it failed: a bug, a report that cannot be written.
    Internal,
    /// Nothing was selected.
    NothingSelected,
    /// A suite could not be built or collected.
    SuiteBroken,
    /// A signal ended the run early: 128 and its number, 130 for `SIGINT`.
    Interrupted(u8),
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(match code {
            ExitCode::Success => 0,
            ExitCode::TestsFailed => 1,
            ExitCode::Usage => 2,
            ExitCode::Internal => 3,
            ExitCode::NothingSelected => 4,
            ExitCode::SuiteBroken => 5,
            ExitCode::Interrupted(code) => code,
        })
    }
}
