//! From arguments to what was asked for.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use super::commands::{Command, GlobalArgs, RunArgs};
use super::help::{EXAMPLES, STYLES};
use super::run_options::RunOptions;
use super::selection::SelectionArgs;

/// What was asked for: the options that all commands have, and the command.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Options of all commands.
    pub global: GlobalArgs,
    /// What to do.
    pub command: Command,
}

impl Invocation {
    /// Reads arguments, the program's name first. `paceline OPTIONS` means `paceline run OPTIONS`.
    ///
    /// The error is also how `--help` and `--version` answer; [`clap::Error::exit_code`] tells.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let args: Vec<OsString> = args.into_iter().collect();
        let (cli, native) = parse(&args).map_err(add_run_tip)?;
        let command = match cli.command {
            None => Command::Run(RunArgs {
                suites: Vec::new(),
                native,
                selection: cli.selection,
                options: cli.options,
            }),
            Some(_)
                if cli.selection != SelectionArgs::default()
                    || cli.options != RunOptions::default() =>
            {
                return Err(Cli::command().error(
                    ErrorKind::ArgumentConflict,
                    "options of a command belong after its name: `paceline run --fast`, not `paceline --fast run`",
                ));
            }
            Some(command) => command,
        };
        Ok(Self {
            global: cli.global,
            command,
        })
    }
}

/// What follows `--` where there is no command is taken off before: a positional argument in
/// [`Cli`] would cost the suggestions for commands that do not exist.
fn parse(args: &[OsString]) -> Result<(Cli, Vec<String>), clap::Error> {
    let place = args.iter().position(|arg| arg == "--");
    let parts = place.and_then(|place| Some((args.get(..place)?, args.get(place + 1..)?)));
    if let Some((own, native)) = parts
        && let Ok(cli) = Cli::try_parse_from(own)
        && cli.command.is_none()
    {
        let native = native.iter().map(|arg| {
            let text = arg.to_str().map(str::to_owned);
            text.ok_or_else(|| {
                Cli::command().error(ErrorKind::InvalidUtf8, "an argument is not UTF-8")
            })
        });
        return Ok((cli, native.collect::<Result<_, _>>()?));
    }
    Ok((Cli::try_parse_from(args)?, Vec::new()))
}

/// The whole command line as clap knows it, for completions and the manual.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Tells who wrote `paceline SUITE` how to run a suite.
fn add_run_tip(mut error: clap::Error) -> clap::Error {
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand)
    {
        let tip = format!("to run the suite of that name, use `paceline run {name}`");
        let tip = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        error.insert(ContextKind::Suggested, tip);
    }
    error
}

/// A parallel test runner for repositories in any language
///
/// paceline runs the suites of paceline.toml in parallel, as fast as the machine allows, and reports
/// as if they had run one after another. Without a command it runs all of them: `paceline OPTIONS`
/// is `paceline run OPTIONS`.
#[derive(Debug, Parser)]
#[command(name = "paceline", version, styles = STYLES, after_help = EXAMPLES, max_term_width = 100)]
#[command(
    subcommand_help_heading = "Commands",
    override_usage = "paceline [OPTIONS]\n       paceline <COMMAND>"
)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    options: RunOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::ColorChoice;
    use crate::values::MaxFail;

    fn parse(line: &str) -> Result<Invocation, clap::Error> {
        Invocation::parse(line.split_whitespace().map(OsString::from))
    }

    fn run(line: &str) -> RunArgs {
        match parse(line).unwrap().command {
            Command::Run(run) => run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_is_the_default_command() {
        let bare = run("paceline --fast -j 3 -x");
        let named = run("paceline run --fast --max-parallel 3 --fail-fast");
        assert_eq!(bare.selection, named.selection);
        assert_eq!(bare.options, named.options);
        assert_eq!(bare.options.max_fail(), Some(MaxFail::FIRST));
    }

    #[test]
    fn names_and_lists_add_up() {
        let run = run(
            "paceline run a b --suites c,d --categories unit,lint --report junit=x --report json=y -vv",
        );
        assert_eq!(run.suites, ["a", "b"]);
        assert_eq!(run.selection.only, ["c", "d"]);
        assert_eq!(run.selection.categories.len(), 2);
        assert_eq!(run.options.reports.len(), 2);
        assert_eq!(run.options.verbose, 2);
    }

    #[test]
    fn global_options_stand_on_either_side_of_the_command() {
        for line in [
            "paceline -C dir --color never list",
            "paceline list -C dir --color never",
        ] {
            let global = parse(line).unwrap().global;
            assert_eq!(global.directory, Some("dir".into()));
            assert_eq!(global.color, ColorChoice::Never);
        }
    }

    #[test]
    fn options_of_run_do_not_stand_before_a_command() {
        let error = parse("paceline --fast list").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
    }

    #[test]
    fn what_follows_two_dashes_is_for_the_framework() {
        for line in [
            "paceline run a -x -- -q --tb=short -- run",
            "paceline -x -- -q --tb=short -- run",
        ] {
            let run = run(line);
            assert!(run.options.fail_fast);
            assert_eq!(run.native, ["-q", "--tb=short", "--", "run"], "{line}");
        }
        assert!(parse("paceline list -- -q").is_ok_and(|invocation| {
            matches!(invocation.command, Command::List(list) if list.suites == ["-q"])
        }));
    }

    #[test]
    fn names_of_other_runners_are_known() {
        let ours = run("paceline -j 4 --max-fail 2 --failed --no-capture");
        let theirs = run("paceline -n 4 --maxfail 2 --lf -s");
        assert_eq!(ours.options, theirs.options);
        let expressions = run("paceline run -k a -m b --deselect c --deselect d --ignore e");
        assert_eq!(expressions.options.keyword.as_deref(), Some("a"));
        assert_eq!(expressions.options.markers.as_deref(), Some("b"));
        assert_eq!(expressions.options.deselect, ["c", "d"]);
        assert_eq!(expressions.options.ignore, ["e"]);
    }

    #[test]
    fn contradictions_are_refused() {
        for line in [
            "paceline -x --max-fail 2",
            "paceline -v -q",
            "paceline -j 0",
            "paceline --timeout 90",
            "paceline --timeout 0s",
            "paceline --report xml=f",
            "paceline --retries -1",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
