//! JavaScript: the `test` script of a `package.json`.

use serde_json::Value;

use super::How;
use super::tree::Directory;
use super::{Context, Covers, Finding};
use crate::command::Command;

/// Package managers by what they leave in a repository.
const MANAGERS: [(&str, &str, &str); 6] = [
    ("pnpm-lock.yaml", "pnpm", "pnpm test"),
    ("yarn.lock", "yarn", "yarn test"),
    ("bun.lock", "bun", "bun run test"),
    ("bun.lockb", "bun", "bun run test"),
    ("package-lock.json", "npm", "npm test"),
    ("npm-shrinkwrap.json", "npm", "npm test"),
];

pub(super) fn find(context: &Context<'_>, directory: &Directory) -> Option<Finding> {
    let package = directory.json("package.json")?;
    let script = package.get("scripts")?.get("test")?.as_str()?;
    // What `npm init` writes.
    if script.trim().is_empty() || script.contains("no test specified") {
        return None;
    }
    let (program, command) = manager(context, directory, &package);
    let missing = context
        .machine
        .missing(program, &format!("install {program}"))
        .or_else(|| modules_missing(context, directory, &package, program));
    let is_workspace = package.get("workspaces").is_some() || directory.has("pnpm-workspace.yaml");
    Some(Finding {
        how: How::Command(Command::Shell(command.to_owned())),
        evidence: "package.json scripts.test".to_owned(),
        missing,
        // The script of a workspace's root is the one that runs its packages.
        covers: if is_workspace {
            Covers::Below
        } else {
            Covers::Nothing
        },
    })
}

/// The package manager: what `packageManager` says, else by the nearest lock file upwards.
fn manager(
    context: &Context<'_>,
    directory: &Directory,
    package: &Value,
) -> (&'static str, &'static str) {
    let named = package.get("packageManager").and_then(Value::as_str);
    let named = named.and_then(|named| named.split('@').next());
    let by_name = MANAGERS
        .iter()
        .find(|(_, program, _)| Some(*program) == named);
    let by_lock = || {
        context
            .tree
            .upwards(&directory.dir)
            .find_map(|directory| MANAGERS.iter().find(|(lock, _, _)| directory.has(lock)))
    };
    match by_name.or_else(by_lock) {
        Some((_, program, command)) => (program, command),
        None => ("npm", "npm test"),
    }
}

/// Dependencies that are named and not installed.
fn modules_missing(
    context: &Context<'_>,
    directory: &Directory,
    package: &Value,
    program: &str,
) -> Option<String> {
    let names = |key: &str| {
        let table = package.get(key).and_then(Value::as_object);
        table.is_some_and(|table| !table.is_empty())
    };
    let wanted = names("dependencies") || names("devDependencies");
    let mut upwards = context.tree.upwards(&directory.dir);
    let installed = upwards.any(|directory| {
        let exists = |name: &str| context.tree.exists(&directory.dir.join(name));
        exists("node_modules") || exists(".pnp.cjs")
    });
    (wanted && !installed).then(|| format!("node_modules is missing: run `{program} install`"))
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::Repository;

    #[test]
    fn a_test_script_is_a_suite_of_the_repository_s_package_manager() {
        let repository = Repository::new(&["yarn.lock"]);
        let package = r#"{"scripts": {"test": "node --test"}}"#;
        repository.write("a/package.json", package);
        let package = r#"{"packageManager": "pnpm@9.1.0", "scripts": {"test": "x"}}"#;
        repository.write("b/package.json", package);
        repository.write(
            "c/package.json",
            r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#,
        );
        repository.write("d/package.json", r#"{"scripts": {"build": "x"}}"#);
        repository.write(
            "e/package.json",
            r#"{"scripts": {"test": "jest"}, "devDependencies": {"jest": "1"}}"#,
        );
        insta::assert_snapshot!(repository.detected(&["yarn"]), @"
        a (npm): yarn test    <- a/package.json scripts.test
        b (npm): pnpm test    <- b/package.json scripts.test
            missing: `pnpm` is not on PATH: install pnpm
        e (npm): yarn test    <- e/package.json scripts.test
            missing: node_modules is missing: run `yarn install`
        ");
    }

    #[test]
    fn the_script_of_a_workspace_covers_its_packages() {
        let repository = Repository::new(&["package-lock.json"]);
        repository.write(
            "package.json",
            r#"{"workspaces": ["p/*"], "scripts": {"test": "x"}}"#,
        );
        repository.write("p/a/package.json", r#"{"scripts": {"test": "x"}}"#);
        insta::assert_snapshot!(repository.detected(&["npm"]), @"npm (npm): npm test    <- package.json scripts.test");
    }
}
