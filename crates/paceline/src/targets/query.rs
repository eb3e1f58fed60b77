//! What is asked for within suites.

use std::path::{Path, PathBuf};

use paceline_adapters::adapter::{Interactive, TestOption};

use crate::cli::RunArgs;

/// What is asked for within suites.
#[derive(Clone, Debug, Default)]
pub struct TestQuery {
    /// What relative paths are relative to; absolute.
    pub cwd: PathBuf,
    /// `-k`.
    pub keyword: Option<String>,
    /// `-m`.
    pub markers: Option<String>,
    /// `--deselect`.
    pub deselect: Vec<String>,
    /// `--ignore`.
    pub ignore: Vec<String>,
    /// `--no-capture` and `--pdb`.
    pub interactive: Option<Interactive>,
    /// What follows `--`.
    pub native: Vec<String>,
    /// Only what failed in an earlier run.
    pub failed: Option<Vec<Failure>>,
}

/// A test that failed in an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its suite.
    pub suite: String,
    /// The id that its framework has for it; `None` if it is the suite as a whole.
    pub native_id: Option<String>,
    /// The file that it is in, as its framework names it.
    pub unit: Option<String>,
}

impl TestQuery {
    /// All tests.
    pub fn at(cwd: &Path) -> Self {
        Self {
            cwd: cwd.to_owned(),
            ..Self::default()
        }
    }

    /// What the command line says.
    pub fn new(cwd: &Path, args: &RunArgs) -> Self {
        let options = &args.options;
        Self {
            cwd: cwd.to_owned(),
            keyword: options.keyword.clone(),
            markers: options.markers.clone(),
            deselect: options.deselect.clone(),
            ignore: options.ignore.clone(),
            interactive: if options.pdb {
                Some(Interactive::Debugger)
            } else {
                options.no_capture.then_some(Interactive::NoCapture)
            },
            native: args.native.clone(),
            failed: None,
        }
    }

    /// The options that are used, as they are written.
    pub(super) fn used(&self) -> Vec<(TestOption, &'static str)> {
        let (no_capture, debugger) = match self.interactive {
            None => (false, false),
            Some(Interactive::NoCapture) => (true, false),
            Some(Interactive::Debugger) => (false, true),
        };
        let all = [
            (self.keyword.is_some(), TestOption::Keyword, "-k"),
            (self.markers.is_some(), TestOption::Markers, "-m"),
            (
                !self.deselect.is_empty(),
                TestOption::Deselect,
                "--deselect",
            ),
            (!self.ignore.is_empty(), TestOption::Ignore, "--ignore"),
            (no_capture, TestOption::NoCapture, "--no-capture"),
            (debugger, TestOption::Debugger, "--pdb"),
            (!self.native.is_empty(), TestOption::Native, "--"),
        ];
        let used = all.into_iter().filter(|(used, _, _)| *used);
        used.map(|(_, option, written)| (option, written)).collect()
    }
}
