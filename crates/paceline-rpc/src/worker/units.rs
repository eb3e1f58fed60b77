//! What there is to run, the same in every process of the binary.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::test::{Mode, Test};

/// What the sequential tests are together.
const SEQUENTIAL: &str = "sequential";

/// Tests that one worker is handed together.
pub(super) struct Unit<C> {
    pub(super) key: String,
    /// Whether its tests have to stay together, in order.
    pub(super) together: bool,
    pub(super) tests: Vec<Arc<Test<C>>>,
}

impl<C> Unit<C> {
    /// Equal for equal names in equal order.
    pub(super) fn digest(&self) -> String {
        // FNV-1a: the same in every build, which the standard library's hash need not be.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for test in &self.tests {
            for byte in test.name().bytes().chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        format!("{hash:016x}-{}", self.tests.len())
    }

    pub(super) fn descriptions(&self) -> Vec<Value> {
        let describe = |test: &Arc<Test<C>>| {
            let mut description = json!({"id": test.name()});
            if self.together {
                description["group"] = json!("file");
            }
            if !test.tags().is_empty() {
                description["markers"] = json!(test.tags());
            }
            description
        };
        self.tests.iter().map(describe).collect()
    }
}

/// The sequential tests as one unit, and each parallel one as a unit, in the order of registration.
pub(super) fn units<C>(tests: Vec<Test<C>>, mode: impl Fn(&Test<C>) -> Mode) -> Vec<Unit<C>> {
    let (parallel, sequential): (Vec<_>, Vec<_>) = tests
        .into_iter()
        .partition(|test| mode(test) == Mode::Parallel);
    let mut units = Vec::new();
    if !sequential.is_empty() {
        units.push(Unit {
            key: SEQUENTIAL.to_owned(),
            together: true,
            tests: sequential.into_iter().map(Arc::new).collect(),
        });
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    for test in parallel {
        // Names should be unique, and keys have to be.
        let count = seen.entry(test.name().to_owned()).or_default();
        *count += 1;
        let key = match *count {
            1 => format!("test {}", test.name()),
            count => format!("test {} #{count}", test.name()),
        };
        units.push(Unit {
            key,
            together: false,
            tests: vec![Arc::new(test)],
        });
    }
    units
}
