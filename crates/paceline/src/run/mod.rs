//! Running suites.

use crate::Context;
use crate::cli::RunArgs;
use crate::exit::ExitCode;
use crate::select::{Overrides, Query, select};

/// Runs what was asked for.
pub fn run(context: &Context, args: &RunArgs) -> ExitCode {
    let config = match context.config() {
        Ok(config) => config,
        Err(error) => return context.refuse(&error),
    };
    let query = Query::new(&args.suites, &args.selection);
    let overrides = Overrides {
        timeout: args.options.timeout.map(|timeout| timeout.get()),
        retries: args.options.retries,
    };
    match select(&config, &query, overrides) {
        Ok(plan) if plan.suites.is_empty() => ExitCode::NothingSelected,
        Ok(_) => ExitCode::Internal,
        Err(error) => context.refuse(&error),
    }
}
