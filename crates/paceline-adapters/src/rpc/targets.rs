//! The test targets of a Cargo package that are built on paceline-rpc.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

/// A test target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// Features without which it is not built.
    features: Vec<String>,
}

impl Target {
    /// A target of which nothing else is known.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            features: Vec::new(),
        }
    }

    /// What cargo is asked, with these arguments beside.
    pub(crate) fn words(&self, args: &[String]) -> Vec<String> {
        let mut words = vec!["test".to_owned(), "--test".to_owned(), self.name.clone()];
        if !self.features.is_empty() {
            words.extend(["--features".to_owned(), self.features.join(",")]);
        }
        words.extend_from_slice(args);
        words
    }
}

/// The targets of the package in this directory; none if there is no package.
pub(crate) fn of_package(dir: &Path) -> Vec<Target> {
    let manifest = fs::read_to_string(dir.join("Cargo.toml")).ok();
    let manifest = manifest.and_then(|text| text.parse::<Table>().ok());
    manifest.map_or_else(Vec::new, |manifest| of_manifest(dir, &manifest))
}

/// The targets of a package with this manifest, in its order: those that have a main function of
/// their own and speak of the library.
pub(crate) fn of_manifest(dir: &Path, manifest: &Table) -> Vec<Target> {
    if !depends_on_library(manifest) {
        return Vec::new();
    }
    let tests = manifest.get("test").and_then(Value::as_array);
    let tests = tests.into_iter().flatten().filter_map(Value::as_table);
    tests.filter_map(|test| target(dir, test)).collect()
}

fn target(dir: &Path, test: &Table) -> Option<Target> {
    if test.get("harness").and_then(Value::as_bool) != Some(false) {
        return None;
    }
    let name = test.get("name")?.as_str()?;
    let usual = [format!("tests/{name}.rs"), format!("tests/{name}/main.rs")];
    let paths = match test.get("path").and_then(Value::as_str) {
        Some(path) => vec![path],
        None => usual.iter().map(String::as_str).collect(),
    };
    let text = paths
        .into_iter()
        .find_map(|path| fs::read_to_string(dir.join(path)).ok())?;
    // A program that drives several harnesses is none that can be driven itself.
    if !text.contains("paceline_rpc") || text.contains("libtest_mimic") {
        return None;
    }
    let features = test.get("required-features").and_then(Value::as_array);
    let features = features.into_iter().flatten().filter_map(Value::as_str);
    Some(Target {
        name: name.to_owned(),
        features: features.map(str::to_owned).collect(),
    })
}

fn depends_on_library(manifest: &Table) -> bool {
    let is_library = |(name, dependency): (&String, &Value)| {
        let package = dependency.get("package").and_then(Value::as_str);
        package.unwrap_or(name) == "paceline-rpc"
    };
    ["dev-dependencies", "dependencies"].iter().any(|section| {
        let dependencies = manifest.get(*section).and_then(Value::as_table);
        dependencies.is_some_and(|all| all.iter().any(is_library))
    })
}
