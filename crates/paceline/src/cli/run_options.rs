//! The options that say how to run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::values::{EventsTarget, Jobs, MaxFail, ReportSpec, Timeout};

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
