//! What a framework's module gives to the rest: how to start its workers, and how to tell them what
//! was asked for. A new framework is a module with an [`Adapter`], and its line in [`ADAPTERS`].

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use paceline_engine::plan::{self, Launch};
use serde_json::{Map, Value};

use crate::machine::Machine;
use crate::phpunit::Phpunit;
use crate::pytest::Pytest;
use crate::rpc::Rpc;
use crate::ruby::{Framework, Ruby};
use crate::worker::Workers;

/// All frameworks whose tests run one by one, by name.
pub const ADAPTERS: &[&dyn Adapter] = &[
    &Phpunit,
    &Pytest,
    &Rpc,
    &Ruby(Framework::TestUnit),
    &Ruby(Framework::Minitest),
];

/// The adapter of a framework.
pub fn by_name(name: &str) -> Option<&'static dyn Adapter> {
    let mut all = ADAPTERS.iter().copied();
    all.find(|adapter| adapter.name() == name)
}

/// A framework whose tests run one by one.
pub trait Adapter: fmt::Debug + Sync {
    /// What configurations call it.
    fn name(&self) -> &'static str;

    /// The keys of a suite that it understands, of those that not every suite has.
    fn keys(&self) -> &'static [&'static str];

    /// The options of the command line that it understands, of those that choose tests and say how
    /// they run.
    fn options(&self) -> &'static [TestOption];

    /// How to start the workers of a suite. Where something is missing for it, this is said in what
    /// comes back, which is fit to be shown and not to be started then.
    fn prepare(&self, suite: &Suite<'_>, request: &Request, on: &Machine) -> Prepared;

    /// How a [`Request`] names, for a suite in `dir`, a test by the id that an earlier run reported.
    /// `None` if its file is no longer there.
    fn target(&self, dir: &Path, id: &str) -> Option<String>;

    /// Whether this names tests of the framework without a path, like `InvoiceTest::testTotal`.
    fn is_name(&self, _argument: &str) -> bool {
        false
    }
}

/// A suite as far as its adapter has to know it.
#[derive(Clone, Debug)]
pub struct Suite<'a> {
    /// The directory of the configuration; absolute.
    pub root: &'a Path,
    /// The directory of the suite; absolute.
    pub dir: PathBuf,
    /// Environment variables to set.
    pub env: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    /// What its configuration says.
    pub settings: Settings,
    /// Where the worker programs are.
    pub workers: &'a Workers,
}

/// What a configuration says of a suite that a framework runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The program that interprets its language: a name, or a path relative to the root.
    pub interpreter: Option<String>,
    /// The target that holds its tests, where one has to be built.
    pub test: Option<String>,
    /// The program that holds its tests, a path relative to the root.
    pub program: Option<PathBuf>,
    /// Arguments for the cargo that builds the target.
    pub cargo_args: Vec<String>,
    /// Arguments for the framework.
    pub args: Vec<String>,
    /// Whether workers are spawned even where they could be forked.
    pub spawn: bool,
    /// At most so many workers.
    pub workers: Option<u32>,
    /// Further options of `welcome`: `split`, `isolation`, `collect`.
    pub options: Map<String, Value>,
    /// What holds for some of its tests: objects with `tests`, a pattern of native ids, and what the
    /// tests' own marker could say.
    pub overrides: Vec<Value>,
}

/// What the command line asks of a suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Only these directories, files and tests, in the framework's own notation, relative to the
    /// suite's directory; all if empty.
    pub targets: Vec<String>,
    /// Only tests that match this expression of names.
    pub keyword: Option<String>,
    /// Only tests whose markers match this expression.
    pub markers: Option<String>,
    /// Not these tests.
    pub deselect: Vec<String>,
    /// Not these files and directories.
    pub ignore: Vec<String>,
    /// With a person at the terminal.
    pub interactive: Option<Interactive>,
    /// Further arguments of the framework itself.
    pub native: Vec<String>,
}

/// Why the tests have the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interactive {
    /// What they print goes to it at once.
    NoCapture,
    /// A debugger opens where one fails.
    Debugger,
}

/// An option of the command line that is about tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestOption {
    /// Paths and ids of tests.
    Targets,
    /// A line of a file among them: `FILE:LINE`.
    Lines,
    /// See [`Request::keyword`].
    Keyword,
    /// See [`Request::markers`].
    Markers,
    /// See [`Request::deselect`].
    Deselect,
    /// See [`Request::ignore`].
    Ignore,
    /// See [`Interactive::NoCapture`].
    NoCapture,
    /// See [`Interactive::Debugger`].
    Debugger,
    /// See [`Request::native`].
    Native,
}

/// What a plan needs to run a suite.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Starts a worker or host.
    pub launch: Launch,
    /// How workers are run.
    pub framework: plan::Framework,
    /// With what it runs, and why with that: `.venv/bin/python (found by uv.lock)`.
    pub evidence: String,
    /// What keeps it from being started.
    pub missing: Option<Missing>,
}

/// Something without which a suite cannot be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What it is, in lower case.
    pub what: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Missing {
    /// A worker program that cannot be unpacked.
    pub(crate) fn worker(error: &io::Error) -> Self {
        Self {
            what: format!("cannot unpack the worker program: {error}"),
            help: None,
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.help {
            Some(help) => write!(f, "{}: {help}", self.what),
            None => f.write_str(&self.what),
        }
    }
}
