//! Which differences have a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::compare::Difference;
use super::explained::Explanation;
use super::page::ModeRow;

/// Prints the differences, and counts those without a reason.
pub(super) fn sort_out(
    framework: &str,
    explanations: &[Explanation],
    package: &str,
    mode: &str,
    differences: &[Difference],
    wall: f64,
) -> ModeRow {
    let mut unexplained = BTreeMap::new();
    let mut explained = BTreeSet::new();
    let mut text = String::new();
    for difference in differences {
        let reason = explanations
            .iter()
            .position(|explanation| explanation.explains(package, mode, difference));
        if let Some(at) = reason {
            explained.insert(at + 1);
        } else {
            *unexplained.entry(difference.kind).or_insert(0) += 1;
            // Writing to a string does not fail.
            let _ = write!(text, "{package} {mode}: {}", difference.beside(framework));
        }
    }
    let row = ModeRow {
        mode: mode.to_owned(),
        wall,
        unexplained,
        explained,
    };
    let verdict = if row.agrees() { "agrees" } else { "DIFFERS" };
    println!("{package}: {mode} {:.1} s, {verdict}", row.wall);
    print!("{text}");
    row
}
