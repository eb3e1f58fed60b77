//! The directories of a repository that are worth a look.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::ignored::Ignored;

/// Hold dependencies, build results or data for tests by custom.
const SKIPPED: [&str; 14] = [
    "vendor",
    "node_modules",
    "bower_components",
    "target",
    "venv",
    "virtualenv",
    "dist",
    "__pycache__",
    "site-packages",
    "third_party",
    "testdata",
    "test-data",
    "fixtures",
    "__fixtures__",
];

/// How far down directories are looked at; suites lie near the top.
const DEEPEST: usize = 6;

/// At most so many directories are looked at, in repositories of any size.
const MOST: usize = 20_000;

/// Files larger than this hold no marks.
const LARGEST_FILE: u64 = 1 << 20;

/// Directories of a repository, without those that are skipped.
pub(crate) struct Tree {
    root: PathBuf,
    /// By their paths relative to the root; parents come before their children.
    directories: BTreeMap<PathBuf, Directory>,
}

/// A directory that was read.
pub(crate) struct Directory {
    /// Relative to the root.
    pub(crate) dir: PathBuf,
    /// The full path.
    path: PathBuf,
    /// Names of files, sorted.
    files: Vec<String>,
}

impl Tree {
    /// Reads the directories below `root`, level by level. What cannot be read is passed over.
    pub(crate) fn read(root: &Path) -> Self {
        let mut tree = Self {
            root: root.to_owned(),
            directories: BTreeMap::new(),
        };
        let mut ignored = Ignored::new(root);
        let mut level = vec![PathBuf::new()];
        for depth in 0..=DEEPEST {
            let mut next = Vec::new();
            for dir in level {
                if tree.directories.len() >= MOST {
                    return tree;
                }
                let (directory, below) = read_directory(root, dir);
                tree.directories.insert(directory.dir.clone(), directory);
                next.extend(below);
            }
            if next.is_empty() || depth == DEEPEST {
                break;
            }
            ignored.remove_from(&mut next);
            level = next;
        }
        tree
    }

    /// Whether there is a file or directory at this path relative to the root, in skipped
    /// directories too.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.root.join(path).exists()
    }

    /// The directory that all paths are relative to.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// All directories, parents before their children.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &Directory> {
        self.directories.values()
    }

    /// A directory by its path relative to the root.
    pub(crate) fn get(&self, dir: &Path) -> Option<&Directory> {
        self.directories.get(dir)
    }

    /// A directory and all below it.
    pub(crate) fn below<'a>(&'a self, dir: &'a Path) -> impl Iterator<Item = &'a Directory> {
        self.directories()
            .filter(move |other| other.dir.starts_with(dir))
    }

    /// A directory and those around it, from the inside out.
    pub(crate) fn upwards<'a>(&'a self, dir: &'a Path) -> impl Iterator<Item = &'a Directory> {
        dir.ancestors().filter_map(|dir| self.get(dir))
    }
}

impl Directory {
    /// Whether it has a file of this name.
    pub(crate) fn has(&self, file: &str) -> bool {
        self.files
            .binary_search_by(|name| name.as_str().cmp(file))
            .is_ok()
    }

    /// The first of these files that it has.
    pub(crate) fn first_of(&self, files: &[&'static str]) -> Option<&'static str> {
        files.iter().copied().find(|file| self.has(file))
    }

    /// Names of its files, sorted.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// The text of one of its files; `None` if there is none, or none that can be read.
    pub(crate) fn text(&self, file: &str) -> Option<String> {
        if !self.has(file) {
            return None;
        }
        let mut bytes = Vec::new();
        let file = fs::File::open(self.path.join(file)).ok()?;
        file.take(LARGEST_FILE).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// One of its files as TOML.
    pub(crate) fn toml(&self, file: &str) -> Option<toml::Table> {
        self.text(file)?.parse().ok()
    }

    /// One of its files as JSON.
    pub(crate) fn json(&self, file: &str) -> Option<serde_json::Value> {
        serde_json::from_str(&self.text(file)?).ok()
    }
}

/// A directory, and the directories in it that are not skipped by their names.
fn read_directory(root: &Path, dir: PathBuf) -> (Directory, Vec<PathBuf>) {
    let path = root.join(&dir);
    let mut files = Vec::new();
    let mut below = Vec::new();
    for entry in path.read_dir().into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        // Links to directories are not followed: they lead elsewhere, or in circles.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                let skipped = name.starts_with('.') || SKIPPED.contains(&name.as_str());
                if !skipped && !entry.path().join(".git").exists() {
                    below.push(dir.join(name));
                }
            }
            Ok(kind) if kind.is_symlink() && entry.path().is_dir() => {}
            Ok(_) => files.push(name),
            Err(_) => {}
        }
    }
    files.sort();
    below.sort();
    (Directory { dir, path, files }, below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::Repository;

    fn names(tree: &Tree) -> Vec<String> {
        let directories = tree.directories();
        directories
            .map(|directory| directory.dir.display().to_string())
            .collect()
    }

    #[test]
    fn passes_over_dependencies_build_results_and_other_repositories() {
        let repository = Repository::new(&[
            "a/f",
            "a/b/f",
            "node_modules/x/f",
            "a/vendor/f",
            "target/f",
            ".venv/f",
            ".hidden/f",
            "dist/f",
            "other/.git/HEAD",
            "submodule/.git",
        ]);
        assert_eq!(names(&Tree::read(repository.root())), ["", "a", "a/b"]);
    }

    #[test]
    fn passes_over_what_git_ignores() {
        let repository = Repository::new(&["kept/f", "out/f", "kept/out/f", "kept/gen/f"]);
        repository.write(".gitignore", "/out/\ngen\n");
        repository.git_init();
        assert_eq!(
            names(&Tree::read(repository.root())),
            ["", "kept", "kept/out"]
        );
    }

    #[test]
    fn within_a_directory_that_git_ignores_nothing_is_passed_over() {
        let repository = Repository::new(&["out/package/test/f"]);
        repository.write(".gitignore", "/out/\n");
        repository.git_init();
        let within = Tree::read(&repository.root().join("out/package"));
        assert_eq!(names(&within), ["", "test"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_in_a_circle_is_not_followed() {
        let repository = Repository::new(&["a/f"]);
        std::os::unix::fs::symlink(repository.root(), repository.root().join("a/up")).unwrap();
        assert_eq!(names(&Tree::read(repository.root())), ["", "a"]);
    }

    #[test]
    fn a_file_that_is_no_text_has_no_marks_and_does_no_harm() {
        let repository = Repository::new(&[]);
        fs::write(repository.root().join("Cargo.toml"), b"\xff\xfe[").unwrap();
        let tree = Tree::read(repository.root());
        let root = tree.get(Path::new("")).unwrap();
        assert_eq!(root.toml("Cargo.toml"), None);
        assert_eq!(root.text("missing"), None);
    }
}
