//! The table of docs/compatibility.md.

use std::collections::BTreeMap;
use std::fmt;

use super::packages::Package;
use super::records::Record;

/// What was found of a package in all modes.
#[derive(Debug)]
pub(super) struct Row {
    package: &'static str,
    framework: &'static str,
    tests: usize,
    assertions: u64,
    /// The outcomes of the framework by itself.
    pub(super) alone: String,
    /// Each mode with the number of its differences.
    pub(super) modes: Vec<(String, usize)>,
}

impl Row {
    pub(super) fn new(package: Package, alone: &Record) -> Self {
        let mut counts = BTreeMap::<&str, usize>::new();
        for test in &alone.tests {
            *counts.entry(&test.outcome).or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(outcome, count)| format!("{count} {outcome}"))
            .collect();
        Self {
            package: package.name,
            framework: package.framework,
            tests: alone.tests.len(),
            assertions: alone.assertions(),
            alone: counts.join(", "),
            modes: Vec::new(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
}

impl Page {
    pub(super) fn differences(&self) -> usize {
        let modes = self.rows.iter().flat_map(|row| &row.modes);
        modes.map(|(_, differences)| differences).sum()
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| package | framework | tests | assertions | alone | modes that agree |\n\
             |---|---|---:|---:|---|---|"
        )?;
        for row in &self.rows {
            let agree = row
                .modes
                .iter()
                .filter(|(_, differences)| *differences == 0);
            let agree: Vec<&str> = agree.map(|(mode, _)| mode.as_str()).collect();
            let agree = match agree.len() {
                0 => "none".to_owned(),
                count if count == row.modes.len() => format!("all {count}"),
                count => format!("{count} of {}: {}", row.modes.len(), agree.join(", ")),
            };
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {agree} |",
                row.package, row.framework, row.tests, row.assertions, row.alone
            )?;
        }
        Ok(())
    }
}
