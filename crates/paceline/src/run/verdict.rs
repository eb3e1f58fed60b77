//! What a run tells its caller.

use paceline_engine::dispatch::RunResult;

use crate::exit::ExitCode;

/// The exit code of a run; the first of these that applies: interrupted, internal error, a suite
/// that could not be started, failed tests, success.
pub(super) fn exit_code(result: &RunResult, report_failed: bool) -> ExitCode {
    if let Some(signal) = result.interrupted {
        ExitCode::Interrupted(signal.exit_code())
    } else if result.internal_error || report_failed {
        ExitCode::Internal
    } else if result.broken {
        ExitCode::SuiteBroken
    } else if result.finished.counts.blocking_failures() > 0 {
        ExitCode::TestsFailed
    } else {
        ExitCode::Success
    }
}
