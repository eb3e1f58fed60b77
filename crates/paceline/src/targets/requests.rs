//! What was asked for, suite by suite.

use std::collections::BTreeMap;
use std::path::Path;

use paceline_adapters::adapter::{Adapter, Request};

use super::around::asks_for;
use super::places::{Places, Target};
use super::query::{Failure, TestQuery};
use crate::config::{Config, ConfigError};

/// What was asked for, suite by suite.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets {
    /// Suites that are named, or that hold what is named.
    pub(crate) suites: Vec<String>,
    /// What is asked of each suite that tests are named of.
    requests: BTreeMap<String, Request>,
}

impl Targets {
    /// Finds the suite of each argument: its name, an id or path of tests in it, or a directory
    /// around it. What is nothing of that is left among [`Self::suites`], as a name, for the check
    /// of names.
    ///
    /// # Errors
    /// Paths that do not exist or that no suite can be narrowed to, all of them.
    pub(crate) fn find(
        config: &Config,
        arguments: &[String],
        only: &[String],
        query: &TestQuery,
    ) -> Result<Self, ConfigError> {
        let places = Places::of(config, query);
        let mut targets = Self {
            suites: Vec::new(),
            requests: BTreeMap::new(),
        };
        let mut mistakes = Vec::new();
        let (names, others): (Vec<&String>, Vec<&String>) =
            arguments.iter().partition(|argument| places.has(argument));
        targets.suites.extend(names.into_iter().cloned());
        let named = [&targets.suites, only].concat();
        for argument in others {
            match places.target(argument, &named) {
                Ok(Target::Suites(suites)) => targets.suites.extend(suites),
                Ok(Target::Tests(suite, tests)) => {
                    targets.request(&suite).targets.extend(tests);
                    targets.suites.push(suite);
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        targets.suites.extend_from_slice(only);
        for id in &query.deselect {
            let found = match places.of_suite(id) {
                Some(found) => found,
                None => places.within(id, &named),
            };
            match found {
                Ok((suite, tests)) => targets.request(&suite).deselect.extend(tests),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        for path in &query.ignore {
            match places.within(path, &named) {
                Ok((suite, paths)) => targets.request(&suite).ignore.extend(paths),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        ConfigError::refuse(mistakes)?;
        Ok(targets)
    }

    fn request(&mut self, suite: &str) -> &mut Request {
        self.requests.entry(suite.to_owned()).or_default()
    }

    /// What is asked of a suite; `None` if nothing of it is to run.
    pub(crate) fn of(
        &self,
        suite: &str,
        adapter: Option<(&'static dyn Adapter, &Path)>,
        query: &TestQuery,
    ) -> Option<Request> {
        let mut request = self.requests.get(suite).cloned().unwrap_or_default();
        if let Some(failed) = &query.failed {
            let failures: Vec<&Failure> = failed
                .iter()
                .filter(|failure| failure.suite == suite)
                .collect();
            if failures.is_empty() {
                return None;
            }
            let ids = failures
                .iter()
                .map(|failure| Some((failure.native_id.as_deref()?, failure.unit.as_deref())));
            // Without an id it was the suite itself that failed: all of it is to run.
            if let (Some((adapter, dir)), Some(ids)) = (adapter, ids.collect::<Option<Vec<_>>>()) {
                let is_asked_for = |test: &str, unit| {
                    let mut around = request.targets.iter();
                    request.targets.is_empty() || around.any(|around| asks_for(around, test, unit))
                };
                let tests = ids.into_iter().filter_map(|(id, unit)| {
                    let test = adapter.target(dir, id)?;
                    is_asked_for(&test, unit).then_some(test)
                });
                let mut tests: Vec<String> = tests.collect();
                tests.dedup();
                if tests.is_empty() {
                    return None;
                }
                request.targets = tests;
            }
        }
        request.keyword.clone_from(&query.keyword);
        request.markers.clone_from(&query.markers);
        request.interactive = query.interactive;
        request.native.clone_from(&query.native);
        Some(request)
    }
}
