//! What frameworks have warned of in a run, the same warnings together.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use paceline_engine::event::TestWarning;

/// Warnings by what they say. Their order and counts do not depend on which worker met them when:
/// what every worker warns of, as while it imports something, counts once.
#[derive(Debug, Default)]
pub(crate) struct TestWarnings {
    groups: BTreeMap<Key, Group>,
}

/// What a warning says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The file and the line.
    pub(crate) location: Option<(String, Option<u32>)>,
    pub(crate) category: String,
    pub(crate) message: String,
    /// The suite, as files are relative to it.
    pub(crate) suite: Arc<str>,
}

#[derive(Debug, Default)]
struct Group {
    /// Hashes of the ids of the tests that met it: there can be very many.
    tests: HashSet<u64>,
    /// Whether it was also met outside of tests.
    outside: bool,
}

impl TestWarnings {
    pub(crate) fn add(&mut self, warning: &TestWarning) {
        let key = Key {
            location: warning.location.clone(),
            category: warning.category.clone(),
            message: warning.message.clone(),
            suite: warning.suite.clone(),
        };
        let group = self.groups.entry(key).or_default();
        match &warning.test {
            Some(test) => {
                let mut hasher = DefaultHasher::new();
                test.hash(&mut hasher);
                group.tests.insert(hasher.finish());
            }
            None => group.outside = true,
        }
    }

    /// Each with how often it was met: once a test, and once outside of tests.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, usize)> {
        self.groups
            .iter()
            .map(|(key, group)| (key, group.tests.len() + usize::from(group.outside)))
    }
}
