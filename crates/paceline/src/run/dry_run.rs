//! `--dry-run`: what would run, in what order, and why.

use paceline_engine::plan::Plan;

use crate::Context;
use crate::exit::ExitCode;

/// Explains the plan.
pub(super) fn explain(context: &Context, plan: &Plan, jobs: u32) -> ExitCode {
    let _ = (context, plan, jobs);
    ExitCode::Success
}
