//! The differences that are known and have a reason: `xtask/compat/explained.toml`.

use anyhow::{Context, Result};
use regex::Regex;
use toml::{Table, Value};

use super::compare::Difference;

const FILE: &str = include_str!("../../compat/explained.toml");

/// One reason, and what it explains.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// `None`: every package.
    package: Option<String>,
    tests: Regex,
    /// Kinds of differences; empty: every kind.
    kinds: Vec<String>,
    /// `None`: every mode.
    modes: Option<Regex>,
    pub(crate) reason: String,
}

impl Explanation {
    pub(crate) fn explains(&self, package: &str, mode: &str, difference: &Difference) -> bool {
        let kind = difference.kind.as_str();
        self.package.as_deref().is_none_or(|of| of == package)
            && self.modes.as_ref().is_none_or(|modes| modes.is_match(mode))
            && (self.kinds.is_empty() || self.kinds.iter().any(|of| of == kind))
            && self.tests.is_match(&difference.test)
    }
}

pub(crate) fn all() -> Result<Vec<Explanation>> {
    parse(FILE).context("reading xtask/compat/explained.toml")
}

/// The explanations in a text like that of the file.
pub(crate) fn parse(text: &str) -> Result<Vec<Explanation>> {
    let file: Table = toml::from_str(text)?;
    let entries = file.get("explained").and_then(Value::as_array);
    entries.into_iter().flatten().map(explanation).collect()
}

fn explanation(entry: &Value) -> Result<Explanation> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let kinds = entry.get("kinds").and_then(Value::as_array);
    let whole = |pattern: &str| Regex::new(&format!("^(?:{pattern})$"));
    Ok(Explanation {
        package: text("package").map(str::to_owned),
        tests: whole(text("tests").context("an entry has no tests")?)?,
        kinds: kinds
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        modes: text("modes").map(whole).transpose()?,
        reason: text("reason").context("an entry has no reason")?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compat::compare::Kind;

    #[test]
    fn the_file_can_be_read() {
        all().unwrap();
    }

    #[test]
    fn an_entry_explains_what_it_names_and_nothing_else() {
        let entries = parse(
            r#"[[explained]]
            package = "click"
            tests = "a::.*"
            kinds = ["text"]
            modes = "spawn-.*"
            reason = "because"
            "#,
        )
        .unwrap();
        let difference = |kind, test: &str| Difference {
            kind,
            test: test.to_owned(),
            pytest: String::new(),
            paceline: String::new(),
        };
        let text = difference(Kind::Text, "a::x");
        assert!(entries[0].explains("click", "spawn-2", &text));
        assert!(!entries[0].explains("attrs", "spawn-2", &text));
        assert!(!entries[0].explains("click", "fork-2", &text));
        assert!(!entries[0].explains("click", "spawn-2", &difference(Kind::Outcome, "a::x")));
        assert!(!entries[0].explains("click", "spawn-2", &difference(Kind::Text, "b.a::x")));
        assert!(parse("[[explained]]\ntests = \"(\"\nreason = \"x\"").is_err());
        assert!(parse("[[explained]]\ntests = \"x\"").is_err());
    }
}
