//! The suites of a configuration, and what each of them depends on.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Config, SuiteConfig};

/// The suites of a configuration, by name.
pub(super) struct Suites<'a> {
    /// As configured.
    pub(super) names: Vec<&'a str>,
    by_name: BTreeMap<&'a str, &'a SuiteConfig>,
    pub(super) dependencies: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Suites<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        let suites = || {
            config
                .file
                .suite
                .iter()
                .map(|(name, suite)| (name.as_str(), suite))
        };
        let dependencies = |suite: &'a SuiteConfig| {
            let names = suite.depends_on.iter();
            names.map(|name| name.get_ref().as_str()).collect()
        };
        Self {
            names: suites().map(|(name, _)| name).collect(),
            by_name: suites().collect(),
            dependencies: suites()
                .map(|(name, suite)| (name, dependencies(suite)))
                .collect(),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a SuiteConfig> {
        self.by_name.get(name).copied()
    }

    /// These suites and everything that they need to have passed.
    pub(super) fn with_dependencies(&self, selected: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
        let mut included = selected.clone();
        let mut queue: Vec<&str> = selected.iter().copied().collect();
        while let Some(name) = queue.pop() {
            for dependency in self.dependencies.get(name).into_iter().flatten() {
                if included.insert(dependency) {
                    queue.push(dependency);
                }
            }
        }
        included
    }
}
