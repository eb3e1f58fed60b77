//! What the command line asks for, suite by suite.

use std::time::Duration;

use crate::cli::SelectionArgs;
use crate::targets::TestQuery;
use crate::values::Name;

/// Which suites are wanted. All conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only these suites, and those that hold what is named here of tests; all if empty.
    pub named: Vec<String>,
    /// Only these; all if empty.
    pub suites: Vec<String>,
    /// Only these categories; all if empty.
    pub categories: Vec<Name>,
    /// None of these categories.
    pub exclude_categories: Vec<Name>,
    /// None of the slow categories.
    pub fast: bool,
    /// Without what they depend on.
    pub no_deps: bool,
    /// Which of their tests, and how they run.
    pub tests: TestQuery,
}

impl Query {
    /// What the command line asks for: names as arguments and as an option add up.
    pub fn new(named: &[String], selection: &SelectionArgs, tests: TestQuery) -> Self {
        Self {
            named: named.to_vec(),
            suites: selection.only.clone(),
            tests,
            categories: selection.categories.clone(),
            exclude_categories: selection.exclude_categories.clone(),
            fast: selection.fast,
            no_deps: selection.no_deps,
        }
    }
}

/// What the command line says in place of the configuration, for every suite.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides {
    /// How long an attempt may take.
    pub timeout: Option<Duration>,
    /// How many more attempts a failure gets.
    pub retries: Option<u32>,
}
