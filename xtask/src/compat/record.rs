//! What earlier runs have found: the table of docs/compatibility.md takes hours, not one run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::compare::Kind;
use super::page::{ModeRow, Row};

/// A file of what was found of each package in each mode last.
#[derive(Debug)]
pub(crate) struct Record {
    path: PathBuf,
    packages: BTreeMap<String, Row>,
}

impl Record {
    /// What is recorded in `directory`; nothing if nothing was.
    pub(crate) fn open(directory: &Path) -> Result<Self> {
        let path = directory.join("record.json");
        let text = if path.exists() {
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?
        } else {
            "[]".to_owned()
        };
        let rows = read(&text).with_context(|| format!("reading {}", path.display()))?;
        let packages = rows.into_iter().map(|row| (row.package.clone(), row));
        Ok(Self {
            packages: packages.collect(),
            path,
        })
    }

    /// Takes what was found of a package; what is known of it in other modes stays.
    pub(crate) fn add(&mut self, row: &Row) -> Result<()> {
        let known = self.packages.entry(row.package.clone());
        let known = known.or_insert_with(|| row.clone());
        known.tests = row.tests;
        known.pytest.clone_from(&row.pytest);
        for mode in &row.modes {
            known.modes.retain(|other| other.mode != mode.mode);
            known.modes.push(mode.clone());
        }
        let rows: Vec<Value> = self.packages.values().map(written).collect();
        let text = serde_json::to_string_pretty(&rows)?;
        fs::write(&self.path, text).with_context(|| format!("writing {}", self.path.display()))
    }

    /// All rows, in the order of `packages`.
    pub(crate) fn rows(&self, packages: &[String]) -> Vec<Row> {
        let known = packages.iter().filter_map(|name| self.packages.get(name));
        known.cloned().collect()
    }
}

fn written(row: &Row) -> Value {
    let modes = row.modes.iter().map(|mode| {
        let unexplained = mode.unexplained.iter();
        let unexplained: BTreeMap<&str, usize> = unexplained
            .map(|(kind, count)| (kind.as_str(), *count))
            .collect();
        json!({
            "mode": mode.mode,
            "wall": mode.wall,
            "unexplained": unexplained,
            "explained": mode.explained,
        })
    });
    json!({
        "package": row.package,
        "pytest": row.pytest,
        "tests": row.tests,
        "modes": modes.collect::<Vec<_>>(),
    })
}

fn read(text: &str) -> Result<Vec<Row>> {
    let rows: Vec<Value> = serde_json::from_str(text)?;
    rows.iter()
        .map(|row| row_of(row).with_context(|| format!("an entry is not as it was written: {row}")))
        .collect()
}

fn row_of(row: &Value) -> Option<Row> {
    let mode = |mode: &Value| {
        let unexplained = mode["unexplained"].as_object()?.iter();
        let unexplained = unexplained.map(|(kind, count)| {
            let count = usize::try_from(count.as_u64()?).ok()?;
            Some((Kind::named(kind)?, count))
        });
        let explained = mode["explained"].as_array()?.iter();
        let explained = explained.map(|at| usize::try_from(at.as_u64()?).ok());
        Some(ModeRow {
            mode: mode["mode"].as_str()?.to_owned(),
            wall: mode["wall"].as_f64()?,
            unexplained: unexplained.collect::<Option<_>>()?,
            explained: explained.collect::<Option<_>>()?,
        })
    };
    Some(Row {
        package: row["package"].as_str()?.to_owned(),
        pytest: row["pytest"].as_str()?.to_owned(),
        tests: usize::try_from(row["tests"].as_u64()?).ok()?,
        modes: row["modes"]
            .as_array()?
            .iter()
            .map(mode)
            .collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(modes: &[(&str, &[(Kind, usize)])]) -> Row {
        Row {
            package: "a 1.0".to_owned(),
            pytest: "3 passed".to_owned(),
            tests: 3,
            modes: modes
                .iter()
                .map(|(mode, unexplained)| ModeRow {
                    mode: (*mode).to_owned(),
                    wall: 1.5,
                    unexplained: unexplained.iter().copied().collect(),
                    explained: [2].into(),
                })
                .collect(),
        }
    }

    #[test]
    fn a_later_run_replaces_its_own_modes_only() {
        let dir = tempfile::tempdir().unwrap();
        let mut record = Record::open(dir.path()).unwrap();
        record
            .add(&row(&[("fork-2", &[(Kind::Text, 2)]), ("fork-8", &[])]))
            .unwrap();
        record.add(&row(&[("fork-2", &[])])).unwrap();
        let record = Record::open(dir.path()).unwrap();
        let rows = record.rows(&["a 1.0".to_owned(), "b".to_owned()]);
        assert_eq!(rows, [row(&[("fork-8", &[]), ("fork-2", &[])])]);
    }

    #[test]
    fn what_was_written_by_somebody_else_is_refused() {
        assert!(read("[{\"package\": \"a\"}]").is_err());
    }
}
