//! What there is to run, the same in every process of the binary.
//!
//! A unit is a source file, as with every framework, and its parallel tests can run on any worker.
//! Sequential tests share a connection, so they have to stay together: the files that have some are
//! one unit.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::places::Places;
use super::settings::{Override, is_held_back, settings};
use crate::test::{Mode, Test};

/// Tests that one worker is handed together, in the order of registration.
pub(super) struct Unit<C> {
    /// The file of its first test.
    pub(super) key: Arc<str>,
    pub(super) tests: Vec<Member<C>>,
}

/// A test of a unit.
pub(super) struct Member<C> {
    pub(super) test: Arc<Test<C>>,
    pub(super) mode: Mode,
    /// What the configuration says of it.
    settings: Map<String, Value>,
}

impl<C> Unit<C> {
    /// Equal for equal names in equal order.
    pub(super) fn digest(&self) -> String {
        // FNV-1a: the same in every build, which the standard library's hash need not be.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for member in &self.tests {
            for byte in member.test.name().bytes().chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        format!("{hash:016x}-{}", self.tests.len())
    }

    pub(super) fn descriptions(&self, places: &mut Places) -> Vec<Value> {
        let mut describe = |member: &Member<C>| {
            let Member {
                test,
                settings,
                mode,
            } = member;
            let mut description = json!({
                "id": test.name(),
                "file": places.file(&test.source.file),
                "line": test.source.line,
            });
            if *mode == Mode::Sequential {
                description["group"] = json!("file");
            }
            if !test.tags().is_empty() {
                description["markers"] = json!(test.tags());
            }
            if !settings.is_empty() {
                description["paceline"] = Value::Object(settings.clone());
            }
            description
        };
        self.tests.iter().map(&mut describe).collect()
    }

    /// The indexes of the tests that an order is about: the sequential ones first, as always.
    pub(super) fn wanted(&self, order: &Value) -> Vec<usize> {
        let mut wanted: Vec<usize> = if let Some(indexes) = order["tests"].as_array() {
            let indexes = indexes.iter().filter_map(Value::as_u64);
            let indexes = indexes.filter_map(|index| usize::try_from(index).ok());
            indexes.filter(|index| *index < self.tests.len()).collect()
        } else {
            let ids = order["ids"].as_array();
            let is_asked_for = |name: &str| match ids {
                Some(ids) => ids.iter().any(|id| id == name),
                None => true,
            };
            let all = self.tests.iter().enumerate().filter(|(_, member)| {
                !is_held_back(&member.settings) && is_asked_for(member.test.name())
            });
            all.map(|(at, _)| at).collect()
        };
        wanted.sort_by_key(|at| self.tests[*at].mode == Mode::Parallel);
        wanted
    }
}

/// The units, by their first tests in the order of registration.
pub(super) fn units<C>(
    tests: Vec<Test<C>>,
    mode: impl Fn(&Test<C>) -> Mode,
    overrides: &[Override],
) -> Vec<Unit<C>> {
    let has_sequential = |file: &Arc<str>| {
        let mut of_file = tests.iter().filter(|test| test.source.file == *file);
        of_file.any(|test| mode(test) == Mode::Sequential)
    };
    let mut places: HashMap<Arc<str>, usize> = HashMap::new();
    let mut with_sequential = None;
    let mut count = 0;
    for test in &tests {
        let file = &test.source.file;
        if places.contains_key(file) {
            continue;
        }
        let mut next = || {
            count += 1;
            count - 1
        };
        let place = if has_sequential(file) {
            *with_sequential.get_or_insert_with(next)
        } else {
            next()
        };
        places.insert(Arc::clone(file), place);
    }
    let mut units: Vec<Unit<C>> = Vec::with_capacity(count);
    for test in tests {
        let place = places.get(&test.source.file).copied().unwrap_or_default();
        if place >= units.len() {
            units.push(Unit {
                key: Arc::clone(&test.source.file),
                tests: Vec::new(),
            });
        }
        let member = Member {
            mode: mode(&test),
            settings: settings(&test, overrides),
            test: Arc::new(test),
        };
        if let Some(unit) = units.get_mut(place) {
            unit.tests.push(member);
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn test(name: &str, file: &str) -> Test<()> {
        Test::new(name, |_| async { Ok(()) }).in_file(Path::new(file))
    }

    fn shown(tests: Vec<Test<()>>) -> Vec<(String, Vec<String>)> {
        let units = units(tests, |test| test.mode.unwrap_or_default(), &[]);
        let names = |unit: &Unit<()>| {
            let names = unit
                .tests
                .iter()
                .map(|member| member.test.name().to_owned());
            (unit.key.to_string(), names.collect())
        };
        units.iter().map(names).collect()
    }

    #[test]
    fn files_with_sequential_tests_are_one_unit_and_others_are_their_own() {
        let tests = vec![
            test("a", "one.rs").parallel(),
            test("b", "two.rs").parallel(),
            test("c", "three.rs"),
            test("d", "one.rs"),
            test("e", "two.rs").parallel(),
        ];
        let names = |all: &[&str]| {
            all.iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            shown(tests),
            [
                ("one.rs".to_owned(), names(&["a", "c", "d"])),
                ("two.rs".to_owned(), names(&["b", "e"])),
            ]
        );
    }

    #[test]
    fn sequential_tests_go_first_and_what_is_held_back_is_asked_for() {
        let overrides = json!([{"tests": "c", "serial": true}]);
        let overrides = overrides.as_array().into_iter().flatten();
        let overrides: Vec<_> = overrides.filter_map(Override::read).collect();
        let tests = vec![
            test("a", "x").parallel(),
            test("b", "x"),
            test("c", "x").parallel(),
        ];
        let units = units(tests, |test| test.mode.unwrap_or_default(), &overrides);
        let wanted = |order: Value| units.first().map(|unit| unit.wanted(&order));
        assert_eq!(wanted(json!({"tests": null})), Some(vec![1, 0]));
        assert_eq!(wanted(json!({"tests": [2, 1, 7]})), Some(vec![1, 2]));
        assert_eq!(
            wanted(json!({"tests": null, "ids": ["a", "c"]})),
            Some(vec![0])
        );
        assert_eq!(wanted(json!({"tests": []})), Some(vec![]));
    }
}
