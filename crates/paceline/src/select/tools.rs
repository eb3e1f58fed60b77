//! With what a plan is to be carried out.

use std::path::{Path, PathBuf};

use paceline_adapters::{Machine, Workers};

/// With what a plan is to be carried out.
#[derive(Clone, Debug)]
pub struct Tools {
    pub(super) machine: Machine,
    pub(super) workers: Workers,
    /// Whether it is going to be carried out, so that nothing may be missing.
    pub(super) to_run: bool,
}

impl Tools {
    /// For a plan that is only shown.
    pub fn to_show(root: &Path) -> Self {
        Self {
            machine: Machine::of_process(),
            workers: Workers::named(cache(root)),
            to_run: false,
        }
    }

    /// For a plan that is going to be run.
    pub fn to_run(root: &Path) -> Self {
        Self {
            workers: Workers::unpacked(cache(root)),
            to_run: true,
            ..Self::to_show(root)
        }
    }
}

fn cache(root: &Path) -> PathBuf {
    root.join(".paceline").join("cache")
}
