//! The options.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use super::server::ServerArgs;
use crate::config::{OnServerExit, RunConfig, TestRuntime};
use crate::human::parse_duration;
use crate::select::{Ignored, Selection};

/// The options of a test binary: those of the Rust test harness, so that `cargo test` and
/// cargo-nextest can run it, and those of a run against a server.
#[derive(Clone, Debug, Parser)]
#[command(about = "Tests against an RPC server", disable_version_flag = true)]
pub struct Cli {
    /// Run only tests whose name contains one of these texts
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// NAME and --skip are whole names
    #[arg(long)]
    pub exact: bool,

    /// Leave out tests whose name contains this text
    #[arg(long, value_name = "TEXT")]
    pub skip: Vec<String>,

    /// Run only tests whose whole name matches this glob, in which * stands for any text
    #[arg(long, value_name = "GLOB")]
    pub filter: Vec<String>,

    /// Run only tests with this tag; given twice, with both
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,

    /// Run only ignored tests
    #[arg(long, conflicts_with = "include_ignored")]
    pub ignored: bool,

    /// Run ignored tests too
    #[arg(long)]
    pub include_ignored: bool,

    /// Print the tests and run nothing
    #[arg(long)]
    pub list: bool,

    /// How to report
    #[arg(long, value_enum, default_value = "pretty")]
    pub format: Format,

    /// Report with one character a test
    #[arg(short, long, conflicts_with = "format")]
    pub quiet: bool,

    /// Whether to use colours
    #[arg(long, value_enum, default_value = "auto")]
    pub color: Color,

    /// The same as --color never
    #[arg(long)]
    pub no_color: bool,

    /// Write the report to this file
    #[arg(long, value_name = "PATH")]
    pub logfile: Option<PathBuf>,

    /// Write a JUnit report to this file too
    #[arg(long, value_name = "PATH")]
    pub junit: Option<PathBuf>,

    /// Start no test after the first failure
    #[arg(long)]
    pub fail_fast: bool,

    /// Start no test after this many failures
    #[arg(long, value_name = "COUNT", conflicts_with = "fail_fast")]
    pub max_fail: Option<usize>,

    /// How long a test may take that does not say: 60, 500ms, 2m [default: 60]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<Duration>,

    /// How long the server may take to be ready
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub startup_timeout: Option<Duration>,

    /// Whether tests marked as parallel run beside each other
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub parallel: Option<bool>,

    /// How many tests run at once [default: the number of CPUs]
    #[arg(
        long,
        visible_alias = "test-threads",
        value_name = "COUNT",
        env = "RUST_TEST_THREADS"
    )]
    pub parallel_workers: Option<std::num::NonZeroUsize>,

    /// Start the server again if it ends in the middle
    #[arg(long)]
    pub restart: bool,

    /// Print what the server prints
    #[arg(short, long)]
    pub verbose: bool,

    /// Options that describe the server
    #[command(flatten)]
    pub server: ServerArgs,

    /// Accepted for the sake of other programs: output is never captured
    #[arg(long, hide = true, alias = "no-capture")]
    pub nocapture: bool,

    /// Accepted for the sake of other programs
    #[arg(long, hide = true)]
    pub show_output: bool,

    /// Accepted for the sake of other programs
    #[arg(long, hide = true, alias = "bench")]
    pub test: bool,

    /// Accepted for the sake of other programs
    #[arg(short = 'Z', hide = true, value_name = "FLAG")]
    pub unstable: Vec<String>,

    /// Accepted for the sake of other programs: times are always reported
    #[arg(long, hide = true)]
    pub report_time: bool,
}

/// How to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Format {
    /// A line a test
    #[value(alias = "console")]
    Pretty,
    /// A character a test
    Terse,
    /// The events of the Rust test harness, a JSON object a line
    Json,
    /// One JSON document at the end
    JsonReport,
    /// JUnit XML at the end
    Junit,
}

/// Whether to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Cli {
    /// What the options say about the run, on top of what the program says.
    pub fn apply(&self, config: &mut RunConfig) {
        config.selection = Selection {
            globs: self.filter.clone(),
            tags: self.tag.clone(),
            names: self.names.clone(),
            exact: self.exact,
            skip: self.skip.clone(),
            ignored: match (self.ignored, self.include_ignored) {
                (true, _) => Ignored::Only,
                (false, true) => Ignored::Include,
                (false, false) => Ignored::Skip,
            },
        };
        if self.fail_fast {
            config.max_failures = Some(1);
        }
        if let Some(limit) = self.max_fail {
            config.max_failures = Some(limit.max(1));
        }
        if let Some(timeout) = self.timeout {
            config.timeout = timeout;
        }
        if let Some(timeout) = self.startup_timeout {
            config.startup_timeout = Some(timeout);
        }
        if let Some(parallel) = self.parallel {
            config.parallel = parallel;
        }
        if let Some(workers) = self.parallel_workers {
            config.parallel_workers = Some(workers.get());
        }
        if self.restart {
            config.on_server_exit = OnServerExit::Restart;
        }
        config.pass_output |= self.verbose;
        config.runtime = TestRuntime::Dedicated;
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn config(args: &[&str]) -> RunConfig {
        let all = ["test"].iter().chain(args);
        let mut config = RunConfig::default();
        Cli::try_parse_from(all).unwrap().apply(&mut config);
        config
    }

    #[test]
    fn the_description_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_cargo_nextest_passes() {
        let config = config(&["echo returns", "--exact", "--nocapture"]);
        assert_eq!(config.selection.names, ["echo returns"]);
        assert!(config.selection.exact);
    }

    #[test]
    fn the_options_of_a_run() {
        let config = config(&[
            "--filter=a*",
            "--tag=x",
            "--fail-fast",
            "--timeout=500ms",
            "--parallel",
            "--parallel-workers=7",
            "--startup-timeout=3",
        ]);
        assert_eq!(config.selection.globs, ["a*"]);
        assert_eq!(config.selection.tags, ["x"]);
        assert_eq!(config.max_failures, Some(1));
        assert_eq!(config.timeout, Duration::from_millis(500));
        assert_eq!((config.parallel, config.workers()), (true, 7));
        assert_eq!(config.startup_timeout, Some(Duration::from_secs(3)));
        assert_eq!(self::config(&["--parallel=false"]).workers(), 1);
        assert_eq!(self::config(&["--test-threads", "3"]).workers(), 3);
    }

    #[test]
    fn wrong_options_are_errors() {
        for wrong in [
            &["--format", "yaml"][..],
            &["--timeout", "soon"],
            &["--parallel-workers", "0"],
            &["--unknown"],
            &["--parallel=maybe"],
        ] {
            let args = ["test"].iter().chain(wrong);
            assert!(Cli::try_parse_from(args).is_err(), "{wrong:?}");
        }
    }
}
