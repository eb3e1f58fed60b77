//! The suites, and what is to be reached on them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::runners::Runner;
use super::write;
use crate::compat::packages;

/// Packages whose tests pass for every user, from short to long.
const PACKAGES: [&str; 3] = ["jinja2", "marshmallow", "markdown-it-py"];

pub(super) struct Suite {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) directory: PathBuf,
    pub(super) is_package: bool,
    /// The most that paceline may take as a part of the time of `pytest -n 2`.
    of_xdist: Option<f64>,
    /// Likewise of `pytest`.
    of_pytest: Option<f64>,
}

impl Suite {
    /// One that cannot be run.
    #[cfg(test)]
    pub(super) fn for_test(name: &str, of_xdist: Option<f64>, of_pytest: Option<f64>) -> Self {
        Self {
            name: name.to_owned(),
            about: String::new(),
            directory: PathBuf::new(),
            is_package: false,
            of_xdist,
            of_pytest,
        }
    }

    pub(super) fn target(&self, runner: Runner) -> Option<f64> {
        match runner {
            Runner::Xdist => self.of_xdist,
            Runner::Pytest => self.of_pytest,
            _ => None,
        }
    }
}

/// A suite that is written here.
struct Generated {
    name: &'static str,
    about: &'static str,
    of_xdist: Option<f64>,
    of_pytest: Option<f64>,
    /// Paths and texts.
    files: fn() -> Vec<(String, String)>,
}

const GENERATED: [Generated; 6] = [
    Generated {
        name: "a",
        about: "1,000 trivial tests in 50 files",
        of_xdist: Some(0.40),
        of_pytest: Some(0.65),
        files: || trivial(""),
    },
    Generated {
        name: "b",
        about: "200 tests of 10 ms in 20 files",
        of_xdist: Some(0.78),
        of_pytest: Some(0.53),
        files: || tests("import time\n", 20, 10, "time.sleep(0.01)"),
    },
    Generated {
        name: "c",
        about: "as a, with half a second of CPU time at the import of conftest.py",
        of_xdist: Some(0.40),
        of_pytest: None,
        files: || trivial(&import_of(0.5)),
    },
    Generated {
        name: "d",
        about: "200 trivial tests in 20 files, each with 50 ms of CPU time at its import",
        of_xdist: None,
        of_pytest: None,
        files: || tests(&import_of(0.05), 20, 10, "pass"),
    },
    Generated {
        name: "f",
        about: "50 tests of 20 ms, of which 40 are in one file and 10 in files of their own",
        of_xdist: None,
        of_pytest: Some(0.60),
        files: one_long_file,
    },
    Generated {
        name: "one",
        about: "a single test",
        of_xdist: None,
        of_pytest: Some(1.25),
        files: || tests("", 1, 1, "pass"),
    },
];

/// Those of these names, or all; written or fetched.
pub(super) fn prepare(directory: &Path, names: &[String]) -> Result<Vec<Suite>> {
    let is_chosen = |name: &str| names.is_empty() || names.iter().any(|chosen| chosen == name);
    let mut suites = Vec::new();
    for generated in GENERATED {
        if !is_chosen(generated.name) {
            continue;
        }
        let directory = directory.join(generated.name);
        if directory.exists() {
            fs::remove_dir_all(&directory)
                .with_context(|| format!("removing {}", directory.display()))?;
        }
        for (path, text) in (generated.files)() {
            write(&directory.join(path), &text)?;
        }
        suites.push(Suite {
            name: generated.name.to_owned(),
            about: generated.about.to_owned(),
            directory,
            is_package: false,
            of_xdist: generated.of_xdist,
            of_pytest: generated.of_pytest,
        });
    }
    for name in PACKAGES {
        if !is_chosen(name) {
            continue;
        }
        for package in packages::named(&[name.to_owned()])? {
            let version = package.version.unwrap_or_default();
            suites.push(Suite {
                name: name.to_owned(),
                about: format!("the tests of {name} {version}"),
                directory: package.prepare()?,
                is_package: true,
                of_xdist: Some(0.80),
                of_pytest: None,
            });
        }
    }
    ensure!(!suites.is_empty(), "there are no suites of these names");
    Ok(suites)
}

fn trivial(conftest: &str) -> Vec<(String, String)> {
    let mut files = tests("", 50, 20, "assert True");
    if !conftest.is_empty() {
        files.push(("conftest.py".to_owned(), conftest.to_owned()));
    }
    files
}

/// `count` files with `each` tests; pytest's configuration makes the directory a root.
fn tests(head: &str, count: usize, each: usize, body: &str) -> Vec<(String, String)> {
    let mut files = vec![("pytest.ini".to_owned(), "[pytest]\n".to_owned())];
    for file in 0..count {
        files.push(test_file(file, head, each, body));
    }
    files
}

fn test_file(number: usize, head: &str, tests: usize, body: &str) -> (String, String) {
    let mut text = head.to_owned();
    for test in 0..tests {
        // Writing to a string does not fail.
        let _ = write!(text, "\n\ndef test_{test}():\n    {body}\n");
    }
    (format!("tests/test_{number:02}.py"), text)
}

/// Takes CPU time as an import does; sleeping would let others have the CPU.
fn import_of(seconds: f64) -> String {
    format!(
        "import time\n\nend = time.thread_time() + {seconds}\nwhile time.thread_time() < end:\n    pass\n"
    )
}

fn one_long_file() -> Vec<(String, String)> {
    const HEAD: &str = "import time\n";
    const BODY: &str = "time.sleep(0.02)";
    let mut files = tests(HEAD, 10, 1, BODY);
    files.push(test_file(10, HEAD, 40, BODY));
    files
}
