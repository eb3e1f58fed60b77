//! What can stand in `paceline.toml`. The doc comments here are the configuration reference.

use std::path::PathBuf;
use std::time::Duration;

use paceline_adapters::adapter::Adapter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::command::CommandLine;
use super::framework::{Collect, FrameworkName, Isolation, OverrideConfig, Split, Start};
use super::needs::Needs;
use super::table::Table;
use crate::values::{Count, HumanDuration, Jobs, Name, SuiteName, Timeout};

/// How long a suite may take if nothing else is said.
const DEFAULT_TIMEOUT: Timeout = match Timeout::from_secs(300) {
    Some(timeout) => timeout,
    None => unreachable!(),
};

/// The whole file.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[serde(expecting = "a table of settings")]
#[schemars(title = "paceline.toml", extend("$id" = "paceline.schema.json"))]
pub struct ConfigFile {
    /// Slots shared by all suites: a number from 1, or `"cpus"`. CPUs are those that the process may
    /// use: the affinity mask and the CPU quota of its cgroup count. `--jobs` overrides it.
    #[schemars(extend("examples" = ["cpus", 4]))]
    pub jobs: Jobs,
    /// The directory of the suites' logs and of `test-report.json`, relative to the root.
    /// `--log-dir` overrides it.
    #[schemars(extend("examples" = ["test-logs"]))]
    pub log_dir: PathBuf,
    /// How long an attempt of a suite may take, for suites that say nothing else.
    #[schemars(extend("examples" = ["2m", "1m30s"]))]
    pub timeout: Timeout,
    /// How long a suite that has to stop gets between SIGTERM and SIGKILL. `"0s"` kills at once.
    #[schemars(extend("examples" = ["5s"]))]
    pub kill_grace: HumanDuration,
    /// The categories that `--fast` leaves out.
    #[schemars(extend("examples" = [["acceptance", "load"]]))]
    pub slow_categories: Vec<Name>,
    /// How many runs are kept in `.paceline/runs/`. Older ones are deleted when a run ends.
    #[schemars(extend("examples" = [50]))]
    pub keep_runs: u32,
    /// Named locks that suites can need, each with its capacity: how many units of it can be held at
    /// once.
    #[schemars(extend("examples" = [{ "postgres": 1, "ports": 4 }]))]
    pub resources: Table<Name, Count>,
    /// The suites by their names. The order of the file is the order of the reports, but for
    /// dependencies, which come first. A name is made of letters, digits, `-`, `_`, `.`, `+`, `@`,
    /// and `/` between parts; with a `/` or a `.` it needs quotes: `[suite."web/unit"]`.
    pub suite: Table<SuiteName, SuiteConfig>,
}

impl Default for ConfigFile {
    fn default() -> Self {
        let slow = ["acceptance", "integration"];
        Self {
            jobs: Jobs::Cpus,
            log_dir: PathBuf::from(".paceline/logs"),
            timeout: DEFAULT_TIMEOUT,
            kill_grace: HumanDuration(Duration::from_secs(2)),
            slow_categories: slow.iter().filter_map(|name| name.parse().ok()).collect(),
            keep_runs: 20,
            resources: Table::default(),
            suite: Table::default(),
        }
    }
}

/// One suite.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[serde(expecting = "a table of a suite's keys")]
#[schemars(extend("oneOf" = [{ "required": ["command"] }, { "required": ["framework"] }]))]
pub struct SuiteConfig {
    /// What to run, as one test. A string runs in `sh -c`; an array is a program and its arguments
    /// and runs directly. A suite has either a `command` or a `framework`.
    #[schemars(extend("examples" = ["cargo test --lib", ["go", "test", "-v", "./..."]]))]
    pub command: Option<CommandLine>,
    /// The framework whose tests run one by one, in parallel. A suite has either a `command` or a
    /// `framework`.
    #[schemars(with = "Option<FrameworkName>", extend("examples" = ["pytest"]))]
    pub framework: Option<Spanned<FrameworkName>>,
    /// The directory to run it in, relative to the root. It has to exist. Without it: the root.
    #[schemars(with = "Option<PathBuf>", extend("examples" = ["proxy"]))]
    pub dir: Option<Spanned<PathBuf>>,
    /// A line for people, in `paceline list` and in reports.
    #[schemars(extend("examples" = ["Rust proxy unit tests"]))]
    pub description: Option<String>,
    /// What `--categories` and `--fast` select by.
    #[schemars(extend("examples" = ["unit", "lint", "integration"]))]
    pub category: Option<Name>,
    /// How long an attempt may take: of the command, or with a framework, of each test. Without it:
    /// the `timeout` of the whole file. `--timeout` overrides both.
    #[schemars(extend("examples" = ["2m", "90s", "1h30m"]))]
    pub timeout: Option<Timeout>,
    /// Environment variables to set on top of paceline's own environment. Values are strings.
    #[schemars(extend("examples" = [{ "RUST_BACKTRACE": "1" }]))]
    pub env: Table<super::env::VariableName, super::env::VariableValue>,
    /// Suites that have to pass before this one starts. Selecting this suite selects them too.
    #[schemars(with = "Vec<SuiteName>", extend("examples" = [["memstore-unit"]]))]
    pub depends_on: Vec<Spanned<String>>,
    /// Resources that it holds while it runs. An array takes one unit of each; a table says how
    /// many units, `"shared"` (beside others that share it) or `"exclusive"` (all of it). Each has
    /// to be declared in `[resources]`.
    #[schemars(extend("examples" = [["postgres"], { "ports": 2 }, { "postgres": "shared" }]))]
    pub needs: Needs,
    /// A group, of which one suite at a time runs. It needs no declaration.
    #[schemars(extend("examples" = ["acceptance"]))]
    pub group: Option<Name>,
    /// Slots it takes. More than there are counts as all of them. Without it: 1.
    #[schemars(extend("examples" = [2]))]
    pub weight: Option<Count>,
    /// Whether nothing else runs beside it.
    pub serial: bool,
    /// Whether its failure is reported and leaves the run green. What depends on it still does not
    /// run.
    pub allow_failure: bool,
    /// How many more attempts a failure gets: of the command, or with a framework, of each test. A
    /// pass after a failure is counted as flaky.
    #[schemars(extend("examples" = [1]))]
    pub retries: u32,
    /// With a framework: arguments for it, as on its own command line.
    #[schemars(with = "Option<Vec<String>>", extend("examples" = [["--strict-markers", "tests/unit"]]))]
    pub args: Option<Spanned<Vec<String>>>,
    /// With a framework in Python: the interpreter, a name that is looked up on `PATH`, or a path
    /// relative to the root. Without it: that of the nearest `uv.lock`, `poetry.lock`, `pdm.lock`,
    /// `Pipfile.lock`, `.venv` or `venv` from the suite's directory up to the root, else of
    /// `$VIRTUAL_ENV`, else `python3` or `python` on `PATH`.
    #[schemars(with = "Option<String>", extend("examples" = ["python3.12", "api/.venv/bin/python"]))]
    pub python: Option<Spanned<String>>,
    /// With a framework in PHP: the interpreter, a name that is looked up on `PATH`, or a path
    /// relative to the root. Without it: `php` on `PATH`. PHPUnit is that of the nearest directory
    /// from the suite's up to the root that has it by Composer or as an archive (`phpunit.phar`,
    /// `tools/phpunit`), else `phpunit` on `PATH`.
    #[schemars(with = "Option<String>", extend("examples" = ["php8.4", "/opt/php/bin/php"]))]
    pub php: Option<Spanned<String>>,
    /// With a framework in Ruby: the interpreter, a name that is looked up on `PATH`, or a path
    /// relative to the root; further words are its first arguments. Without it: the version that the
    /// nearest `.ruby-version` from the suite's directory up to the root names, where rbenv or chruby
    /// have it, else `ruby` on `PATH`, with the gems of the nearest `Gemfile.lock`.
    #[schemars(with = "Option<String>", extend("examples" = ["ruby3.3", "bundle exec ruby"]))]
    pub ruby: Option<Spanned<String>>,
    /// With `framework = "paceline-rpc"`: the test target of the Cargo package in `dir` that is built
    /// and run. Without it: the only one there is that uses paceline-rpc.
    #[schemars(with = "Option<String>", extend("examples" = ["rpc"]))]
    pub test: Option<Spanned<String>>,
    /// With `framework = "paceline-rpc"`: arguments for the `cargo test` that builds the target.
    #[schemars(with = "Option<Vec<String>>", extend("examples" = [["--release"]]))]
    pub cargo_args: Option<Spanned<Vec<String>>>,
    /// With `framework = "paceline-rpc"`: a test binary that is there already, in place of a target
    /// to build; a path relative to the root.
    #[schemars(with = "Option<PathBuf>", extend("examples" = ["dist/rpc-tests"]))]
    pub program: Option<Spanned<PathBuf>>,
    /// With a framework: which tests of a file have to run together, in one worker and in order.
    /// `"fixture"`, the default: those that share a fixture of a class, module or package;
    /// `"file"`: all; `"class"`: those of a class, and those that share a fixture; `"test"`: none.
    #[schemars(with = "Option<Split>", extend("examples" = ["file"]))]
    pub split: Option<Spanned<Split>>,
    /// With a framework: what gets a process of its own. `"worker"`, the default: a worker runs
    /// many files in one process; `"file"`: each file; `"test"`: each test.
    #[schemars(with = "Option<Isolation>", extend("examples" = ["file"]))]
    pub isolation: Option<Spanned<Isolation>>,
    /// With a framework: what is collected before the first test runs. `"files"`: the list of files,
    /// which the workers collect in parallel; `"whole"`: everything, for plugins that have to see
    /// all tests at once; `"auto"`, the default: `"whole"` where a plugin is known to need it.
    #[schemars(with = "Option<Collect>", extend("examples" = ["whole"]))]
    pub collect: Option<Spanned<Collect>>,
    /// With a framework: how workers start. `"fork"`, the default: from a process that has booted
    /// the framework, where that is possible; `"spawn"`: each boots by itself.
    #[schemars(with = "Option<Start>", extend("examples" = ["spawn"]))]
    pub start: Option<Spanned<Start>>,
    /// With a framework: at most so many workers. Without it: as many as there are slots.
    #[schemars(with = "Option<Count>", extend("examples" = [4]))]
    pub workers: Option<Spanned<Count>>,
    /// With a framework: what holds for some of its tests. It is written as a table of its own,
    /// `[[suite.NAME.override]]`, any number of times; see [Overrides](#overrides).
    #[serde(rename = "override")]
    #[schemars(extend("examples" = [[{ "tests": "tests/test_db.py::*", "needs": ["postgres"] }]]))]
    pub overrides: Vec<OverrideConfig>,
}

impl SuiteConfig {
    /// The interpreter that it names; a framework knows the key of its language only.
    pub fn interpreter(&self) -> Option<&str> {
        let keys = [&self.python, &self.php, &self.ruby];
        let named = keys.into_iter().flatten().next();
        named.map(|name| name.get_ref().as_str())
    }

    /// The adapter of its framework; `None` if it is a command.
    pub(crate) fn adapter(&self) -> Option<&'static dyn Adapter> {
        let framework = self.framework.as_ref()?;
        Some(framework.get_ref().adapter())
    }
}
