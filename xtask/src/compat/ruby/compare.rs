//! Sets a run of the framework by itself beside one of paceline.

use super::records::{Record, Test};

/// Every difference, told in a line each; of the order only the first, and only if it is fixed.
pub(super) fn compare(alone: &Record, paceline: &Record, has_order: bool) -> Vec<String> {
    let mut differences = Vec::new();
    let mut rest: Vec<&Test> = paceline.tests.iter().collect();
    for test in &alone.tests {
        // Among tests of one name the one that is equal, if there is one.
        let equal = rest.iter().position(|other| *other == test);
        let at = equal.or_else(|| rest.iter().position(|other| other.id == test.id));
        let Some(at) = at else {
            differences.push(format!("only alone: {}", told(test)));
            continue;
        };
        let other = rest.remove(at);
        if other != test {
            differences.push(format!(
                "{} alone, {} with paceline",
                told(test),
                told(other)
            ));
        }
    }
    differences.extend(
        rest.iter()
            .map(|test| format!("only with paceline: {}", told(test))),
    );
    if differences.is_empty() && has_order {
        let mut pairs = alone.tests.iter().zip(&paceline.tests);
        let moved = pairs.find(|(test, other)| test.id != other.id);
        differences.extend(moved.map(|(test, other)| {
            format!(
                "another order: {} alone, {} with paceline",
                test.id, other.id
            )
        }));
    }
    differences
}

fn told(test: &Test) -> String {
    format!(
        "{} {} ({} assertions)",
        test.id, test.outcome, test.assertions
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(tests: &[(&str, &str, u64)]) -> Record {
        let tests = tests.iter().map(|(id, outcome, assertions)| Test {
            id: (*id).to_owned(),
            outcome: (*outcome).to_owned(),
            assertions: *assertions,
        });
        Record {
            tests: tests.collect(),
        }
    }

    #[test]
    fn each_kind_of_difference_is_found() {
        let alone = record(&[
            ("a", "passed", 1),
            ("b", "failed", 1),
            ("c", "passed", 2),
            ("d", "passed", 0),
        ]);
        let other = record(&[
            ("a", "passed", 1),
            ("b", "passed", 1),
            ("c", "passed", 3),
            ("e", "passed", 0),
        ]);
        assert_eq!(
            compare(&alone, &other, true),
            [
                "b failed (1 assertions) alone, b passed (1 assertions) with paceline",
                "c passed (2 assertions) alone, c passed (3 assertions) with paceline",
                "only alone: d passed (0 assertions)",
                "only with paceline: e passed (0 assertions)",
            ]
        );
        assert_eq!(compare(&alone, &alone, true), [""; 0]);
    }

    #[test]
    fn the_order_counts_and_equal_names_are_told_apart_by_their_results() {
        let one = record(&[("a", "passed", 1), ("a", "failed", 1), ("b", "passed", 1)]);
        let other = record(&[("a", "failed", 1), ("a", "passed", 1), ("b", "passed", 1)]);
        assert_eq!(compare(&one, &other, true), [""; 0]);
        let moved = record(&[("b", "passed", 1), ("a", "failed", 1), ("a", "passed", 1)]);
        assert_eq!(
            compare(&one, &moved, true),
            ["another order: a alone, b with paceline"]
        );
        assert_eq!(compare(&one, &moved, false), [""; 0]);
    }
}
