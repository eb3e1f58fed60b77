//! The table of docs/compatibility.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::compare::Kind;

/// What was found of a package in all modes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) package: String,
    /// What pytest alone says at its end.
    pub(crate) pytest: String,
    pub(crate) tests: usize,
    pub(crate) modes: Vec<ModeRow>,
}

/// What was found of a package in one mode.
#[derive(Clone, Debug, PartialEq)]
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
    /// What paceline is compared with; `None`: pytest.
    pub(crate) framework: Option<&'static str>,
}

impl Page {
    pub(crate) fn unexplained(&self) -> usize {
        let modes = self.rows.iter().flat_map(|row| &row.modes);
        modes.flat_map(|mode| mode.unexplained.values()).sum()
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.rows.iter().flat_map(|row| &row.modes);
        let mut modes: Vec<&str> = all.map(|mode| mode.mode.as_str()).collect();
        modes.sort_unstable_by_key(|mode| (mode.matches('-').count(), *mode));
        modes.dedup();
        writeln!(
            f,
            "| package | entries | {} alone | {} |",
            self.framework.unwrap_or("pytest"),
            modes.join(" | ")
        )?;
        writeln!(f, "|---|---:|---|{}", "---|".repeat(modes.len()))?;
        for row in &self.rows {
            write!(f, "| {} | {} | {} |", row.package, row.tests, row.pytest)?;
            for mode in &modes {
                match row.modes.iter().find(|found| found.mode == *mode) {
                    Some(found) => write!(f, " {found} |")?,
                    None => write!(f, " – |")?,
                }
            }
            writeln!(f)?;
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

/// A field of the table: `agrees`, `agrees (2)`, `1 missing, 2 text`.
impl fmt::Display for ModeRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.agrees() {
            f.write_str("agrees")?;
        }
        for (at, (kind, count)) in self.unexplained.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{count} {}", kind.as_str())?;
        }
        for at in &self.explained {
            write!(f, " ({at})")?;
        }
        Ok(())
    }
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
                        mode("fork-2-file", &[], &[]),
                        mode("spawn-2", &[(Kind::Missing, 1), (Kind::Text, 2)], &[]),
                    ],
                ),
            ],
            reasons: vec!["never".to_owned(), "because".to_owned()],
            framework: None,
        };
        assert_eq!(
            page.to_string(),
            "| package | entries | pytest alone | fork-2 | spawn-2 | fork-2-file |\n\
             |---|---:|---|---|---|---|\n\
             | a 1.0 | 3 | 3 passed | agrees (2) | agrees | – |\n\
             | b 2.0 | 3 | 3 passed | – | 1 missing, 2 text | agrees |\n\
             \n\
             - (2) because\n"
        );
        assert_eq!(page.unexplained(), 3);
    }
}
