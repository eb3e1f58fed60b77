//! Make: the targets `test` and `check`.

use super::How;
use super::tree::Directory;
use super::{Context, Covers, Finding};
use crate::command::Command;

pub(super) fn find(context: &Context<'_>, directory: &Directory) -> Option<Finding> {
    // In the order in which GNU make looks for them.
    let file = directory.first_of(&["GNUmakefile", "makefile", "Makefile"])?;
    let text = directory.text(file)?;
    let target = ["test", "check"]
        .into_iter()
        .find(|target| text.lines().any(|line| defines(line, target)))?;
    Some(Finding {
        how: How::Command(Command::Shell(format!("make {target}"))),
        evidence: format!("{file} target {target}"),
        missing: context.machine.missing("make", "install make"),
        covers: Covers::Nothing,
    })
}

/// Whether a line is a rule for a target.
fn defines(line: &str, target: &str) -> bool {
    // Recipes begin with a tab; an assignment has its `=` right behind the colons.
    if line.starts_with(['\t', '#']) {
        return false;
    }
    let Some((targets, rest)) = line.split_once(':') else {
        return false;
    };
    let rest = rest.trim_start_matches(':');
    !rest.starts_with('=') && targets.split_whitespace().any(|name| name == target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::Repository;

    #[test]
    fn knows_rules_from_assignments_and_recipes() {
        for line in ["test:", "test: build", "check test : x", "test::"] {
            assert!(defines(line, "test"), "{line}");
        }
        for line in [
            "test := x",
            "test ::= x",
            "\ttest:",
            "# test:",
            "tests:",
            ".PHONY: test",
        ] {
            assert!(!defines(line, "test"), "{line}");
        }
    }

    #[test]
    fn a_makefile_is_left_out_where_it_repeats_others() {
        let repository = Repository::new(&["a/go.mod", "a/a_test.go"]);
        repository.write("Makefile", "test:\n\tgo test ./a/...\n");
        repository.write("lib/Makefile", "check:\n\t./run\n");
        insta::assert_snapshot!(repository.detected(&["go", "make"]), @"
        a (go): go test ./...    <- a/go.mod
        left out, it most likely runs tests of other suites again: make (make): make test    <- Makefile target test
        left out, the Makefile of the root most likely runs it: lib (make): make check    <- lib/Makefile target check
        ");
    }

    #[test]
    fn a_makefile_alone_is_a_suite() {
        let repository = Repository::new(&[]);
        repository.write("lib/makefile", "check: all\n\t./run\n");
        insta::assert_snapshot!(repository.detected(&["make"]), @"lib (make): make check    <- lib/makefile target check");
    }
}
