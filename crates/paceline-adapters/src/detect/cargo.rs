//! Rust: `cargo test`.

use super::How;
use super::tree::Directory;
use super::{Context, Covers, Finding};
use crate::command::Command;

pub(super) fn find(context: &Context<'_>, directory: &Directory) -> Option<Finding> {
    let manifest = directory.toml("Cargo.toml")?;
    let (evidence, command, covers) = if manifest.contains_key("workspace") {
        let command = "cargo test --workspace";
        ("Cargo.toml [workspace]", command, Covers::Below)
    } else {
        manifest.get("package")?;
        ("Cargo.toml [package]", "cargo test", Covers::Nothing)
    };
    Some(Finding {
        how: How::Command(Command::Shell(command.to_owned())),
        evidence: evidence.to_owned(),
        missing: context.machine.missing("cargo", "install Rust"),
        covers,
    })
}

/// Whether a package below a workspace is not a part of it: it is a workspace itself, or excluded.
pub(super) fn is_separate(_: &Context<'_>, suite: &Directory, below: &Directory) -> bool {
    let is_workspace = below
        .toml("Cargo.toml")
        .is_some_and(|manifest| manifest.contains_key("workspace"));
    if is_workspace {
        return true;
    }
    let excluded = || -> Option<bool> {
        let manifest = suite.toml("Cargo.toml")?;
        let excluded = manifest.get("workspace")?.get("exclude")?.as_array()?;
        let mut excluded = excluded.iter().filter_map(toml::Value::as_str);
        Some(excluded.any(|dir| below.dir.starts_with(suite.dir.join(dir))))
    };
    excluded().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::Repository;

    #[test]
    fn a_workspace_is_one_suite() {
        let repository = Repository::new(&[]);
        repository.write("Cargo.toml", "[workspace]\nexclude = [\"tools/x\"]");
        repository.write("crates/a/Cargo.toml", "[package]\nname = \"a\"");
        repository.write("tools/x/Cargo.toml", "[package]\nname = \"x\"");
        repository.write("fuzz/Cargo.toml", "[package]\n[workspace]");
        insta::assert_snapshot!(repository.detected(&["cargo"]), @"
        cargo (cargo): cargo test --workspace    <- Cargo.toml [workspace]
        fuzz (cargo): cargo test --workspace    <- fuzz/Cargo.toml [workspace]
        tools/x (cargo): cargo test    <- tools/x/Cargo.toml [package]
        ");
    }

    #[test]
    fn packages_without_a_workspace_are_suites_of_their_own() {
        let repository = Repository::new(&[]);
        repository.write("a/Cargo.toml", "[package]\nname = \"a\"");
        repository.write("b/Cargo.toml", "[package]\nname = \"b\"");
        repository.write("c/Cargo.toml", "not toml [");
        insta::assert_snapshot!(repository.detected(&[]), @"
        a (cargo): cargo test    <- a/Cargo.toml [package]
            missing: `cargo` is not on PATH: install Rust
        b (cargo): cargo test    <- b/Cargo.toml [package]
            missing: `cargo` is not on PATH: install Rust
        ");
    }
}
