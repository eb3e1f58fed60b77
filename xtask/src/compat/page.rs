//! The table of docs/compatibility.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::compare::Kind;

/// What was found of a package in all modes.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) package: String,
    /// What pytest alone says at its end.
    pub(crate) pytest: String,
    pub(crate) tests: usize,
    pub(crate) modes: Vec<ModeRow>,
}

/// What was found of a package in one mode.
#[derive(Debug)]
pub(crate) struct ModeRow {
    pub(crate) mode: String,
    /// Seconds.
    pub(crate) wall: f64,
    pub(crate) unexplained: BTreeMap<Kind, usize>,
    /// Numbers of reasons, from 1.
    pub(crate) explained: BTreeSet<usize>,
}

impl ModeRow {
    pub(crate) fn agrees(&self) -> bool {
        self.unexplained.is_empty()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    pub(crate) reasons: Vec<String>,
}

impl Page {
    pub(crate) fn unexplained(&self) -> usize {
        let modes = self.rows.iter().flat_map(|row| &row.modes);
        modes.flat_map(|mode| mode.unexplained.values()).sum()
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| package | tests | pytest alone | modes that agree | differences | explained |\n\
             |---|---:|---|---|---|---|"
        )?;
        for row in &self.rows {
            let agree: Vec<&str> = row
                .modes
                .iter()
                .filter(|mode| mode.agrees())
                .map(|mode| mode.mode.as_str())
                .collect();
            let agree = match agree.len() {
                0 => "none".to_owned(),
                count if count == row.modes.len() => format!("all {count}"),
                count => format!("{count} of {}: {}", row.modes.len(), agree.join(", ")),
            };
            // The same difference in several modes counts once.
            let mut kinds = BTreeMap::<Kind, usize>::new();
            for mode in &row.modes {
                for (&kind, &count) in &mode.unexplained {
                    let most = kinds.entry(kind).or_default();
                    *most = count.max(*most);
                }
            }
            let kinds: Vec<String> = kinds
                .iter()
                .map(|(kind, count)| format!("{count} {}", kind.as_str()))
                .collect();
            let explained: BTreeSet<usize> = row
                .modes
                .iter()
                .flat_map(|mode| mode.explained.iter().copied())
                .collect();
            let explained: Vec<String> = explained.iter().map(|at| format!("({at})")).collect();
            writeln!(
                f,
                "| {} | {} | {} | {agree} | {} | {} |",
                row.package,
                row.tests,
                row.pytest,
                or_none(&kinds.join(", ")),
                or_none(&explained.join(" ")),
            )?;
        }
        let used: BTreeSet<usize> = self
            .rows
            .iter()
            .flat_map(|row| &row.modes)
            .flat_map(|mode| mode.explained.iter().copied())
            .collect();
        if !used.is_empty() {
            writeln!(f)?;
        }
        for (at, reason) in (1..).zip(&self.reasons) {
            if used.contains(&at) {
                writeln!(f, "- ({at}) {reason}")?;
            }
        }
        Ok(())
    }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_agrees_and_what_differs() {
        let mode = |name: &str, unexplained: &[(Kind, usize)], explained: &[usize]| ModeRow {
            mode: name.to_owned(),
            wall: 1.0,
            unexplained: unexplained.iter().copied().collect(),
            explained: explained.iter().copied().collect(),
        };
        let row = |package: &str, modes| Row {
            package: package.to_owned(),
            pytest: "3 passed".to_owned(),
            tests: 3,
            modes,
        };
        let page = Page {
            rows: vec![
                row(
                    "a 1.0",
                    vec![mode("fork-2", &[], &[2]), mode("spawn-2", &[], &[])],
                ),
                row(
                    "b 2.0",
                    vec![
                        mode("fork-2", &[], &[]),
                        mode("spawn-2", &[(Kind::Missing, 1), (Kind::Text, 2)], &[]),
                    ],
                ),
            ],
            reasons: vec!["never".to_owned(), "because".to_owned()],
        };
        assert_eq!(
            page.to_string(),
            "| package | tests | pytest alone | modes that agree | differences | explained |\n\
             |---|---:|---|---|---|---|\n\
             | a 1.0 | 3 | 3 passed | all 2 | none | (2) |\n\
             | b 2.0 | 3 | 3 passed | 1 of 2: fork-2 | 1 missing, 2 text | none |\n\
             \n\
             - (2) because\n"
        );
        assert_eq!(page.unexplained(), 3);
    }
}
