//! The commands and their arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::help::EXAMPLES;
use super::run_options::RunOptions;
use super::selection::SelectionArgs;
use crate::color::ColorChoice;

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
