//! Names and categories of suites that were found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Gives each suite a name of its own.
pub(super) struct Names {
    /// How many suites each directory has.
    in_directory: BTreeMap<PathBuf, usize>,
    taken: BTreeSet<String>,
}

impl Names {
    /// `dirs` has the directory of each suite.
    pub(super) fn new<'a>(dirs: impl Iterator<Item = &'a Path>) -> Self {
        let mut in_directory = BTreeMap::new();
        for dir in dirs {
            *in_directory.entry(dir.to_owned()).or_default() += 1;
        }
        Self {
            in_directory,
            taken: BTreeSet::new(),
        }
    }

    /// The directory, or the framework in the root; both where a directory has several suites.
    pub(super) fn name(&mut self, dir: &Path, framework: &str) -> String {
        let parts: Vec<String> = dir
            .iter()
            .filter_map(|part| clean(&part.to_string_lossy()))
            .collect();
        let several = self.in_directory.get(dir).is_some_and(|count| *count > 1);
        let base = match (parts.is_empty(), several) {
            (true, _) => framework.to_owned(),
            (false, true) => format!("{}-{framework}", parts.join("/")),
            (false, false) => parts.join("/"),
        };
        // A name is at most 100 bytes long; leave room for a number.
        let mut length = 0;
        let base: String = base
            .chars()
            .take_while(|c| {
                length += c.len_utf8();
                length <= 90
            })
            .collect();
        let base = base.trim_end_matches('/').to_owned();
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let free = std::iter::once(base.clone())
            .chain(numbered)
            .find(|name| !self.taken.contains(name))
            .unwrap_or(base);
        self.taken.insert(free.clone());
        free
    }
}

/// A part of a path as a part of a name; `None` if nothing is left of it.
fn clean(part: &str) -> Option<String> {
    let keep = |c: char| c.is_alphanumeric() || "-_.+@".contains(c);
    let words: Vec<&str> = part
        .split(|c| !keep(c))
        .filter(|word| !word.is_empty())
        .collect();
    let cleaned = words.join("-");
    let cleaned = cleaned.trim_matches('-');
    (!cleaned.is_empty() && cleaned != "." && cleaned != "..").then(|| cleaned.to_owned())
}

/// What the names of directories say about tests.
pub(super) fn category(dir: &Path) -> &'static str {
    let mut category = "unit";
    for part in dir {
        let part = part.to_string_lossy().to_lowercase();
        let has = |words: &[&str]| {
            let mut parts = part.split(|c: char| !c.is_alphanumeric());
            parts.any(|part| words.contains(&part))
        };
        if has(&["acceptance", "e2e", "end2end"]) {
            category = "acceptance";
        } else if has(&["integration"]) {
            category = "integration";
        }
    }
    category
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_directories_made_fit_and_unique() {
        let dirs = ["", "web", "web", "my app", "my-app", "(x)"].map(Path::new);
        let mut names = Names::new(dirs.into_iter());
        let mut name = |dir: &str, framework| names.name(Path::new(dir), framework);
        assert_eq!(name("", "cargo"), "cargo");
        assert_eq!(name("web", "npm"), "web-npm");
        assert_eq!(name("web", "phpunit"), "web-phpunit");
        assert_eq!(name("my app", "go"), "my-app");
        assert_eq!(name("my-app", "go"), "my-app-2");
        assert_eq!(name("(x)", "go"), "x");
        assert!(name(&"long/".repeat(50), "go").len() <= 100);
    }

    #[test]
    fn directories_tell_the_category() {
        assert_eq!(category(Path::new("api")), "unit");
        assert_eq!(category(Path::new("tests/integration")), "integration");
        assert_eq!(category(Path::new("api/e2e-tests")), "acceptance");
        assert_eq!(category(Path::new("disintegration")), "unit");
    }
}
