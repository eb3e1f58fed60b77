//! `paceline completions`.

use crate::Context;
use crate::cli::{self, CompletionsArgs};
use crate::exit::ExitCode;
use crate::terminal::print_result;

/// Prints the completion script of a shell.
pub fn completions(context: &Context, args: &CompletionsArgs) -> ExitCode {
    let mut script = Vec::new();
    let mut command = cli::command();
    clap_complete::generate(args.shell, &mut command, "paceline", &mut script);
    print_result(context.stderr, &String::from_utf8_lossy(&script))
}
