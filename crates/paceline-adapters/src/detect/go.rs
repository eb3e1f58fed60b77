//! Go: `go test`.

use std::path::Path;

use super::How;
use super::tree::{Directory, Tree};
use super::{Context, Covers, Finding};
use crate::command::Command;

pub(super) fn find(context: &Context<'_>, directory: &Directory) -> Option<Finding> {
    let missing = context.machine.missing("go", "install Go");
    if let Some(work) = directory.text("go.work") {
        // A pattern of `go test` reaches one module, so each module of the workspace has its own.
        let modules: Vec<String> = used_modules(&work)
            .into_iter()
            .filter(|module| has_tests(context.tree, &directory.dir.join(plain(module))))
            .collect();
        if modules.is_empty() {
            return None;
        }
        let patterns = modules.iter().map(|module| match plain(module) {
            "" => "./...".to_owned(),
            module => format!("./{module}/..."),
        });
        let argv = ["go", "test"].map(str::to_owned).into_iter();
        let covered = modules
            .iter()
            .map(|module| directory.dir.join(plain(module)));
        return Some(Finding {
            how: How::Command(Command::Argv(argv.chain(patterns).collect())),
            evidence: "go.work".to_owned(),
            missing,
            covers: Covers::Directories(covered.collect()),
        });
    }
    if !directory.has("go.mod") || !has_tests(context.tree, &directory.dir) {
        return None;
    }
    Some(Finding {
        how: How::Command(Command::Shell("go test ./...".to_owned())),
        evidence: "go.mod".to_owned(),
        missing,
        covers: Covers::Nothing,
    })
}

/// Whether a module has tests, those of modules inside of it not counted.
fn has_tests(tree: &Tree, module: &Path) -> bool {
    let is_other_module = |dir: &Path| {
        let inner = tree.upwards(dir).find(|directory| directory.has("go.mod"));
        inner.is_some_and(|inner| inner.dir != module)
    };
    tree.below(module).any(|directory| {
        directory.files().any(|file| file.ends_with("_test.go")) && !is_other_module(&directory.dir)
    })
}

/// The directories of `use` in a `go.work`.
fn used_modules(work: &str) -> Vec<String> {
    let mut modules = Vec::new();
    let mut in_block = false;
    for line in work.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let module = if in_block {
            if line == ")" {
                in_block = false;
                continue;
            }
            line
        } else {
            match line.strip_prefix("use").map(str::trim_start) {
                Some("(") => {
                    in_block = true;
                    continue;
                }
                Some(module) if line.starts_with("use ") || line.starts_with("use\t") => module,
                _ => continue,
            }
        };
        let module = module.trim_matches('"');
        // A module outside of the root is not this repository's.
        if !module.is_empty() && !module.starts_with("..") && !Path::new(module).is_absolute() {
            modules.push(module.to_owned());
        }
    }
    modules
}

/// A directory of `go.work` without `./`; empty for the root.
fn plain(module: &str) -> &str {
    let module = module.strip_prefix("./").unwrap_or(module);
    match module.trim_end_matches('/') {
        "." => "",
        module => module,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::Repository;

    #[test]
    fn a_module_with_tests_is_a_suite() {
        let repository = Repository::new(&["a/go.mod", "a/x/x_test.go", "b/go.mod", "b/b.go"]);
        insta::assert_snapshot!(repository.detected(&["go"]), @"a (go): go test ./...    <- a/go.mod");
    }

    #[test]
    fn a_workspace_is_one_suite_of_its_modules() {
        let repository = Repository::new(&[
            "a/go.mod",
            "a/a_test.go",
            "b/c/go.mod",
            "b/c/c_test.go",
            "no-tests/go.mod",
            "other/go.mod",
            "other/o_test.go",
        ]);
        repository.write(
            "go.work",
            "go 1.25\nuse (\n\t./a // first\n\t./b/c\n\t./no-tests\n)\n",
        );
        insta::assert_snapshot!(repository.detected(&["go"]), @"
        go (go): go test ./a/... ./b/c/...    <- go.work
        other (go): go test ./...    <- other/go.mod
        ");
    }

    #[test]
    fn reads_both_forms_of_use() {
        let work = "go 1.25\nuse ./a\nuse (\n\t.\n\t\"./b\"\n\t../out\n)\nreplace x => ./y\n";
        assert_eq!(used_modules(work), ["./a", ".", "./b"]);
        assert_eq!(plain("."), "");
        assert_eq!(plain("./a/"), "a");
        assert_eq!(plain("./"), "");
    }
}
