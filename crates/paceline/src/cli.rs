//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{StyledStr, Styles, styling::AnsiColor};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::color::ColorChoice;
use crate::values::{EventsTarget, Jobs, MaxFail, Name, ReportSpec, Timeout};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  paceline                              run every suite
  paceline run api web/unit             run two suites and what they depend on
  paceline run tests/test_a.py::test_x  run one test
  paceline -k login --failed            run what failed last time and matches
  paceline --fast -x                    leave out slow categories, stop at the first failure
  paceline --categories unit,lint -j 4  two categories, at most four slots
  paceline --dry-run                    what would run, in what order, and why
  paceline --report junit=junit.xml     write JUnit XML as well
  paceline list                         what there is to run
  paceline init                         write a first paceline.toml

Exit codes:
  0 passed, 1 tests failed, 2 usage or configuration, 3 internal error or a requested report
  could not be written, 4 nothing selected, 5 a suite could not be built or collected,
  130 and 143 interrupted";

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

/// Options that all commands have.
#[derive(Clone, Debug, Default, Args)]
pub struct GlobalArgs {
    /// Use this configuration; its directory is the root
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help_heading = "Global options"
    )]
    pub config: Option<PathBuf>,
    /// Change to this directory first
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        global = true,
        help_heading = "Global options"
    )]
    pub directory: Option<PathBuf>,
    /// When to use colors
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        global = true,
        help_heading = "Global options"
    )]
    pub color: ColorChoice,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a process")]
pub enum Command {
    /// Run suites; the default
    #[command(after_help = EXAMPLES)]
    Run(RunArgs),
    /// Show the suites, by category
    List(ListArgs),
    /// Show which suite depends on which
    Graph(GraphArgs),
    /// Look at the repository and write a first paceline.toml
    Init(InitArgs),
    /// Print the completion script of a shell
    Completions(CompletionsArgs),
}

/// Which suites. All conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Only these suites and what they depend on
    #[arg(long = "suites", value_name = "NAME,…", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Only suites of these categories
    #[arg(long, value_name = "CATEGORY,…", value_delimiter = ',')]
    pub categories: Vec<Name>,
    /// No suites of these categories
    #[arg(long, value_name = "CATEGORY,…", value_delimiter = ',')]
    pub exclude_categories: Vec<Name>,
    /// No suites of the configuration's `slow-categories` (acceptance and integration by default)
    #[arg(long)]
    pub fast: bool,
    /// Leave out what the selected suites depend on
    #[arg(long)]
    pub no_deps: bool,
}

/// How to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Running")]
pub struct RunOptions {
    /// Slots shared by all suites: a number, or `cpus` [default: `jobs` of the configuration]
    #[arg(
        short,
        long,
        visible_short_alias = 'n',
        visible_alias = "max-parallel",
        value_name = "N"
    )]
    pub jobs: Option<Jobs>,
    /// Stop at the first failure: nothing new starts
    #[arg(short = 'x', long, conflicts_with = "max_fail")]
    pub fail_fast: bool,
    /// Stop after N failures; `:immediate` also stops what is running
    #[arg(long, visible_alias = "maxfail", value_name = "N[:wait|:immediate]")]
    pub max_fail: Option<MaxFail>,
    /// Give every attempt of a command or test this long, whatever the configuration says (`90s`, `5m`)
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<Timeout>,
    /// Give every failure N more attempts, whatever the configuration says
    #[arg(long, value_name = "N")]
    pub retries: Option<u32>,
    /// Show what would run, in what order, and why; run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What it means when nothing is selected
    #[arg(long, value_name = "ACTION", value_enum, default_value_t)]
    pub no_tests: NoTests,
    /// How workers connect
    #[arg(long, value_name = "KIND", value_enum, default_value_t)]
    pub transport: TransportChoice,
    /// Do not read or write the history of earlier runs
    #[arg(long)]
    pub no_history: bool,

    /// Only tests whose names match this expression, as pytest has it: `login and not slow`
    #[arg(short = 'k', long, value_name = "EXPRESSION", help_heading = "Tests")]
    pub keyword: Option<String>,
    /// Only tests whose markers match this expression, as pytest has it: `not slow`
    #[arg(short = 'm', long, value_name = "EXPRESSION", help_heading = "Tests")]
    pub markers: Option<String>,
    /// Leave out a test, or all tests of a file; can be repeated
    #[arg(long, value_name = "TEST", help_heading = "Tests")]
    pub deselect: Vec<String>,
    /// Leave out a file or directory; can be repeated
    #[arg(long, value_name = "PATH", help_heading = "Tests")]
    pub ignore: Vec<String>,
    /// Only what failed in the last run
    #[arg(long, visible_aliases = ["lf", "last-failed"], help_heading = "Tests")]
    pub failed: bool,
    /// Let tests print to the terminal at once, in one worker
    #[arg(short = 's', long, help_heading = "Tests")]
    pub no_capture: bool,
    /// Open a debugger where a test fails, in one worker
    #[arg(long, help_heading = "Tests")]
    pub pdb: bool,

    /// Print the output of suites as it comes, each line with its suite's name; more for more
    #[arg(short, long, action = clap::ArgAction::Count, conflicts_with = "quiet", help_heading = "Output")]
    pub verbose: u8,
    /// Print failures and the summary only; twice for nothing
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = "Output")]
    pub quiet: u8,
    /// In what order suites are reported [default: completion on a terminal, else plan]
    #[arg(long, value_name = "ORDER", value_enum, help_heading = "Output")]
    pub order: Option<Order>,
    /// Directory of the suites' logs [default: `log-dir` of the configuration]
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub log_dir: Option<PathBuf>,
    /// Write a report: `junit=FILE` or `json=FILE`; can be repeated
    #[arg(long = "report", value_name = "KIND=FILE", help_heading = "Output")]
    pub reports: Vec<ReportSpec>,
    /// Write the events of the run as NDJSON; `-` is standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub events: Option<EventsTarget>,
}

impl RunOptions {
    /// The option that gives the tests the terminal, as it is written.
    pub fn interactive(&self) -> Option<&'static str> {
        if self.pdb {
            Some("--pdb")
        } else {
            self.no_capture.then_some("--no-capture")
        }
    }

    /// `--max-fail`, or what `--fail-fast` means.
    pub fn max_fail(&self) -> Option<MaxFail> {
        self.max_fail.or(self.fail_fast.then_some(MaxFail::FIRST))
    }
}

/// Arguments of `paceline run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// Suites to run, with what they depend on, or directories, files and tests of suites that run
    /// test by test: `tests/test_a.py::TestX::test_y` [default: all]
    #[arg(value_name = "SUITE|TEST")]
    pub suites: Vec<String>,
    /// Arguments for the framework of the selected suites
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub native: Vec<String>,
    /// Which suites.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// How to run them.
    #[command(flatten)]
    pub options: RunOptions,
}

/// Arguments of `paceline list`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  paceline list --fast\n  paceline list --format json | jq -r '.suites[].name'"
)]
pub struct ListArgs {
    /// Suites to show, with what they depend on [default: all]
    #[arg(value_name = "SUITE")]
    pub suites: Vec<String>,
    /// Which suites.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// How to show them
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: ListFormat,
}

/// Arguments of `paceline graph`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  paceline graph\n  paceline graph --format dot | dot -Tsvg > suites.svg\n  paceline graph --format mermaid api"
)]
pub struct GraphArgs {
    /// Suites to show, with what they depend on [default: all]
    #[arg(value_name = "SUITE")]
    pub suites: Vec<String>,
    /// Which suites.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// How to show it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: GraphFormat,
}

/// Arguments of `paceline init`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "An existing paceline.toml is never overwritten.")]
pub struct InitArgs {
    /// Print the configuration instead of writing it
    #[arg(long)]
    pub print: bool,
}

/// Arguments of `paceline completions`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  paceline completions bash > ~/.local/share/bash-completion/completions/paceline\n  paceline completions fish > ~/.config/fish/completions/paceline.fish\n  paceline completions zsh > \"${fpath[1]}/_paceline\""
)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// How workers connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TransportChoice {
    /// Over a Unix socket where there are any, else over TCP on loopback
    #[default]
    Auto,
    /// Over TCP on loopback
    Tcp,
}

/// What it means when nothing is selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum NoTests {
    /// Exit with 0
    Pass,
    /// Warn and exit with 0
    Warn,
    /// Exit with 4
    #[default]
    Fail,
}

/// In what order suites are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// As in a run of one suite after another
    Plan,
    /// As they finish
    Completion,
}

/// How `paceline list` shows suites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// How `paceline graph` shows dependencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// A tree, for people
    #[default]
    Text,
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
}

#[cfg(test)]
mod tests {
    use super::*;

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
