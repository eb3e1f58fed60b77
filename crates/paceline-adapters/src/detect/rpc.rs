//! paceline-rpc: test binaries with a main function of their own. Each is a suite.

use super::tree::Directory;
use super::{Context, Covers, Finding, Framework, How};
use crate::adapter::Adapter as _;
use crate::rpc::{Rpc, targets};
use crate::shell;

/// Several suites in one directory are what the walk does not know: see [`find_all`].
pub(super) const FRAMEWORK: Framework = Framework {
    name: "paceline-rpc",
    title: "RPC tests",
    find: |_, _| None,
    is_separate: |_, _, _| false,
};

/// The suites of a package, by the names of their targets.
pub(super) fn find_all(context: &Context<'_>, directory: &Directory) -> Vec<(String, Finding)> {
    let Some(manifest) = directory.toml("Cargo.toml") else {
        return Vec::new();
    };
    let dir = context.tree.root().join(&directory.dir);
    let targets = targets::of_manifest(&dir, &manifest).into_iter();
    let suite = |target: targets::Target| {
        let words = target.words(&[]);
        let finding = Finding {
            how: How::Target {
                framework: Rpc.name(),
                test: target.name.clone(),
                command: format!("cargo {}", shell::join(&words)),
            },
            evidence: format!("Cargo.toml [[test]] {}", target.name),
            missing: context.machine.missing("cargo", "install Rust"),
            covers: Covers::Nothing,
        };
        (target.name, finding)
    };
    targets.map(suite).collect()
}
