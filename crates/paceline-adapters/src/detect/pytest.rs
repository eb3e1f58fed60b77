//! Python: pytest.

use std::path::{Path, PathBuf};

use super::tree::{Directory, Tree};
use super::{Context, Covers, Finding, How};
use crate::pytest::{Pytest, interpreter};

/// What the top directory of a Python project has.
const PROJECT_FILES: [&str; 5] = [
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "requirements.txt",
    "tox.ini",
];

pub(super) fn find(context: &Context<'_>, directory: &Directory) -> Option<Finding> {
    let evidence = configured(directory).or_else(|| by_files(context.tree, &directory.dir))?;
    let root = context.tree.root();
    let found = interpreter::find(&root.join(&directory.dir), root, None, context.machine);
    let (command, missing) = match found {
        Ok(found) => (found.rerun(), None),
        Err(missing) => (
            format!("{} -m pytest", interpreter::USUAL),
            Some(missing.to_string()),
        ),
    };
    Some(Finding {
        how: How::framework(&Pytest, command),
        evidence,
        missing,
        covers: Covers::Below,
    })
}

/// A configuration of pytest, the strongest mark first.
fn configured(directory: &Directory) -> Option<String> {
    let own = ["pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"];
    if let Some(file) = directory.first_of(&own) {
        return Some(file.to_owned());
    }
    let project = directory.toml("pyproject.toml");
    if let Some(pytest) = project.as_ref().and_then(|p| p.get("tool")?.get("pytest")) {
        return Some(match pytest.get("ini_options") {
            Some(_) => "pyproject.toml [tool.pytest.ini_options]".to_owned(),
            None => "pyproject.toml [tool.pytest]".to_owned(),
        });
    }
    for (file, section) in [("tox.ini", "[pytest]"), ("setup.cfg", "[tool:pytest]")] {
        let text = directory.text(file);
        if text.is_some_and(|text| text.lines().any(|line| line.trim() == section)) {
            return Some(format!("{file} {section}"));
        }
    }
    None
}

/// A `conftest.py`, or tests that import pytest, whose project this directory is.
fn by_files(tree: &Tree, dir: &Path) -> Option<String> {
    tree.below(dir).find_map(|directory| {
        if project_of(tree, &directory.dir) != dir {
            return None;
        }
        let relative = |file: &str| {
            let path = directory
                .dir
                .strip_prefix(dir)
                .unwrap_or(&directory.dir)
                .join(file);
            let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
            parts.join("/")
        };
        if directory.has("conftest.py") {
            return Some(relative("conftest.py"));
        }
        let test = directory
            .files()
            .find(|file| is_pytest_file(directory, file))?;
        Some(format!("{} imports pytest", relative(test)))
    })
}

fn is_pytest_file(directory: &Directory, file: &str) -> bool {
    let Some(stem) = file.strip_suffix(".py") else {
        return false;
    };
    (stem.starts_with("test_") || stem.ends_with("_test"))
        && directory.text(file).is_some_and(|text| {
            let mut lines = text.lines().map(str::trim_start);
            lines.any(|line| {
                let word = line
                    .strip_prefix("import ")
                    .or_else(|| line.strip_prefix("from "));
                word.is_some_and(|word| {
                    let name = word.trim_start();
                    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
                    &name[..end.unwrap_or(name.len())] == "pytest"
                })
            })
        })
}

/// The project that tests belong to: the nearest directory upwards that looks like one, else what
/// `tests` lies in, else the directory itself.
fn project_of(tree: &Tree, dir: &Path) -> PathBuf {
    let project = tree
        .upwards(dir)
        .find(|directory| directory.first_of(&PROJECT_FILES).is_some());
    if let Some(project) = project {
        return project.dir.clone();
    }
    let is_tests = |dir: &Path| {
        dir.file_name()
            .is_some_and(|name| name == "tests" || name == "test")
    };
    let tests = dir.ancestors().find(|dir| is_tests(dir));
    match tests.and_then(Path::parent) {
        Some(parent) => parent.to_owned(),
        None => dir.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::Repository;

    #[test]
    fn configurations_are_found_from_the_strongest_to_the_weakest() {
        let repository = Repository::new(&["a/pytest.ini", "b/.venv/bin/python"]);
        repository.write("b/pyproject.toml", "[tool.pytest.ini_options]\n");
        repository.write("c/setup.cfg", "[metadata]\n[tool:pytest]\n");
        repository.write("d/tox.ini", "[tox]\n[pytest]\n");
        repository.write("e/pyproject.toml", "[project]\nname = 'e'\n");
        insta::assert_snapshot!(repository.detected(&["python3"]), @"
        a (pytest): python3 -m pytest    <- a/pytest.ini
        b (pytest): .venv/bin/python -m pytest    <- b/pyproject.toml [tool.pytest.ini_options]
        c (pytest): python3 -m pytest    <- c/setup.cfg [tool:pytest]
        d (pytest): python3 -m pytest    <- d/tox.ini [pytest]
        ");
    }

    #[test]
    fn lock_files_tell_the_launcher() {
        let repository = Repository::new(&[
            "a/pytest.ini",
            "a/uv.lock",
            "b/poetry.lock",
            "b/x/pytest.ini",
        ]);
        insta::assert_snapshot!(repository.detected(&["uv"]), @"
        a (pytest): uv run python -m pytest    <- a/pytest.ini
        b/x (pytest): python3 -m pytest    <- b/x/pytest.ini
            missing: poetry.lock asks for `poetry`, which is not on PATH: install poetry and run `poetry install`
        ");
    }

    #[test]
    fn tests_without_a_configuration_belong_to_their_project() {
        let repository =
            Repository::new(&["a/setup.py", "b/tests/conftest.py", "b/tests/x/conftest.py"]);
        repository.write("a/tests/unit/test_x.py", "import os\n\nimport pytest\n");
        repository.write("c/test_y.py", "import unittest\n# pytest\n");
        insta::assert_snapshot!(repository.detected(&["python3"]), @"
        a (pytest): python3 -m pytest    <- a/tests/unit/test_x.py imports pytest
        b (pytest): python3 -m pytest    <- b/tests/conftest.py
        ");
    }
}
