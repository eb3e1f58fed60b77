//! What an attempt runs.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::plan::{Launch, Suite};

/// What is run.
pub(crate) struct Program<'env> {
    /// The suite that it belongs to.
    pub(crate) suite: Arc<str>,
    /// What to start.
    pub(crate) launch: Cow<'env, Launch>,
    /// Counted from 1.
    pub(crate) attempt: u32,
    /// Variables that are set on top of the environment, below those of `launch`.
    pub(crate) env: Vec<(OsString, OsString)>,
    /// How long it may take; `None` where somebody else watches it.
    pub(crate) timeout: Option<Duration>,
    /// Where its output goes.
    pub(crate) log: ProgramLog<'env>,
    /// What of it must be gone at its end.
    pub(crate) sweep: Sweep,
}

/// Where the output of a program goes.
pub(crate) enum ProgramLog<'env> {
    /// To the log of a suite, and to the reporters that want it.
    Suite(&'env Suite),
    /// To a file.
    File(PathBuf),
    /// To paceline's own stdout and stderr: the program has the terminal.
    Terminal,
}

/// Which processes are stopped at the end of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sweep {
    /// All that belong to its suite.
    Suite,
    /// Those of its session: others of its suite go on.
    Session,
}
