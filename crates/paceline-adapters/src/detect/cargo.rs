//! Rust: `cargo test`.

use std::collections::BTreeSet;

use super::How;
use super::tree::Directory;
use super::{Context, Covers, Finding};
use crate::command::Command;
use crate::rpc::targets;
use crate::shell;

pub(super) fn find(context: &Context<'_>, directory: &Directory) -> Option<Finding> {
    let manifest = directory.toml("Cargo.toml")?;
    let (evidence, command, covers) = if manifest.contains_key("workspace") {
        let command = workspace(context, directory);
        ("Cargo.toml [workspace]", command?, Covers::Below)
    } else {
        manifest.get("package")?;
        let package = Package::read(context, directory)?;
        let command = if package.runs_apart.is_empty() {
            "cargo test".to_owned()
        } else {
            package.rest("")?
        };
        ("Cargo.toml [package]", command, Covers::Nothing)
    };
    Some(Finding {
        how: How::Command(Command::Shell(command)),
        evidence: evidence.to_owned(),
        missing: context.machine.missing("cargo", "install Rust"),
        covers,
    })
}

/// The command of a workspace, without the test targets that are suites of their own.
fn workspace(context: &Context<'_>, directory: &Directory) -> Option<String> {
    let members = context
        .tree
        .below(&directory.dir)
        .filter(|below| below.dir == directory.dir || !is_separate(context, directory, below));
    let packages: Vec<Package> = members
        .filter_map(|member| Package::read(context, member))
        .collect();
    let (apart, whole): (Vec<&Package>, Vec<&Package>) = packages
        .iter()
        .partition(|package| !package.runs_apart.is_empty());
    let mut command = "cargo test --workspace".to_owned();
    if apart.is_empty() {
        return Some(command);
    }
    for package in &apart {
        command.push_str(" --exclude ");
        command.push_str(&shell::quote(&package.name));
    }
    let whole = (!whole.is_empty()).then_some(command);
    let rest = apart.into_iter().filter_map(|package| {
        let only = format!(" -p {}", shell::quote(&package.name));
        package.rest(&only)
    });
    let commands: Vec<String> = whole.into_iter().chain(rest).collect();
    (!commands.is_empty()).then(|| commands.join(" && "))
}

/// What a package has to test.
struct Package {
    name: String,
    /// Targets that are suites of their own.
    runs_apart: Vec<targets::Target>,
    has_library: bool,
    /// Whether its sources hold tests.
    has_unit_tests: bool,
    /// Further test targets.
    tests: BTreeSet<String>,
}

impl Package {
    fn read(context: &Context<'_>, directory: &Directory) -> Option<Self> {
        let manifest = directory.toml("Cargo.toml")?;
        let package = manifest.get("package")?.as_table()?;
        let name = package.get("name")?.as_str()?.to_owned();
        let root = context.tree.root().join(&directory.dir);
        let runs_apart = targets::of_manifest(&root, &manifest);
        let is_apart = |name: &str| runs_apart.iter().any(|target| target.name == name);

        let sources = directory.dir.join("src");
        let has_unit_tests = context.tree.below(&sources).any(|directory| {
            let texts = directory.files().filter_map(|file| directory.text(file));
            let mut texts = texts.filter(|text| text.contains("test]"));
            texts.next().is_some()
        });
        let mut tests = BTreeSet::new();
        if package.get("autotests").and_then(toml::Value::as_bool) != Some(false) {
            let directory = directory.dir.join("tests");
            let files = context.tree.get(&directory).into_iter();
            let files = files.flat_map(Directory::files);
            tests.extend(files.filter_map(|file| file.strip_suffix(".rs").map(str::to_owned)));
            let below = context.tree.below(&directory);
            let programs = below
                .filter(|below| below.dir.parent() == Some(&directory) && below.has("main.rs"));
            let names = programs.filter_map(|program| program.dir.file_name()?.to_str());
            tests.extend(names.map(str::to_owned));
        }
        let listed = manifest.get("test").and_then(toml::Value::as_array);
        let listed = listed.into_iter().flatten();
        tests.extend(listed.filter_map(|test| test.get("name")?.as_str().map(str::to_owned)));
        tests.retain(|name| !is_apart(name));
        let has_library = manifest.contains_key("lib") || root.join("src/lib.rs").exists();
        Some(Self {
            name,
            runs_apart,
            has_library,
            has_unit_tests,
            tests,
        })
    }

    /// The commands for what is no suite of its own, with `only` to name the package.
    fn rest(&self, only: &str) -> Option<String> {
        let mut words = String::new();
        if self.has_library {
            words.push_str(" --lib");
        }
        if self.has_unit_tests {
            words.push_str(" --bins");
        }
        for test in &self.tests {
            words.push_str(" --test ");
            words.push_str(&shell::quote(test));
        }
        let targets = (!words.is_empty()).then(|| format!("cargo test{only}{words}"));
        let examples = self.has_library.then(|| format!("cargo test{only} --doc"));
        let commands: Vec<String> = targets.into_iter().chain(examples).collect();
        (!commands.is_empty()).then(|| commands.join(" && "))
    }
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

    const RPC: &str =
        "[dev-dependencies]\npaceline-rpc = '0.1'\n[[test]]\nname = 'live'\nharness = false\n";

    #[test]
    fn tests_of_a_live_server_are_suites_of_their_own() {
        let repository = Repository::new(&["a/src/lib.rs", "a/tests/other.rs", "b/src/main.rs"]);
        let manifest = |name| format!("[package]\nname = '{name}'\n{RPC}");
        let second = "[[test]]\nname = 'lsp'\nharness = false\npath = 'tests/deep/x.rs'\n";
        repository.write("a/Cargo.toml", &manifest("a"));
        repository.write("a/tests/live.rs", "use paceline_rpc::Harness;");
        repository.write("a/tests/big/main.rs", "");
        repository.write("b/Cargo.toml", &format!("{}{second}", manifest("b")));
        repository.write("b/tests/live/main.rs", "use paceline_rpc::Harness;");
        repository.write("b/tests/deep/x.rs", "use paceline_rpc::Harness;");
        insta::assert_snapshot!(repository.detected(&["cargo"]), @"
        a-cargo (cargo): cargo test --lib --test big --test other && cargo test --doc    <- a/Cargo.toml [package]
        a-live (paceline-rpc): cargo test --test live    <- a/Cargo.toml [[test]] live
        b-live (paceline-rpc): cargo test --test live    <- b/Cargo.toml [[test]] live
        b-lsp (paceline-rpc): cargo test --test lsp    <- b/Cargo.toml [[test]] lsp
        ");
    }

    #[test]
    fn a_workspace_leaves_out_what_is_a_suite_of_its_own() {
        let repository = Repository::new(&[]);
        repository.write("Cargo.toml", "[workspace]\nexclude = ['c']");
        repository.write("a/Cargo.toml", &format!("[package]\nname = 'a'\n{RPC}"));
        repository.write("a/src/main.rs", "#[test]\nfn unit() {}");
        repository.write("a/tests/live.rs", "use paceline_rpc::Harness;");
        repository.write("b/Cargo.toml", "[package]\nname = 'b'");
        // A harness of somebody else's.
        let other = RPC.replace("paceline-rpc", "libtest-mimic");
        repository.write("c/Cargo.toml", &format!("[package]\nname = 'c'\n{other}"));
        repository.write("c/tests/live.rs", "use libtest_mimic::Trial;");
        insta::assert_snapshot!(repository.detected(&["cargo"]), @"
        cargo (cargo): cargo test --workspace --exclude a && cargo test -p a --bins    <- Cargo.toml [workspace]
        a (paceline-rpc): cargo test --test live    <- a/Cargo.toml [[test]] live
        c (cargo): cargo test    <- c/Cargo.toml [package]
        ");
    }
}
