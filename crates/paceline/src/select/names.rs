//! The names and categories that were asked for.

use super::query::Query;
use crate::config::{Config, ConfigError};
use crate::diagnostic::Diagnostic;
use crate::suggest::closest;

/// Every name and category that was asked for has to exist.
pub(super) fn check_names(
    config: &Config,
    query: &Query,
    suites: &[String],
) -> Result<(), ConfigError> {
    let names: Vec<&str> = config
        .file
        .suite
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let categories = categories(config);
    let mut mistakes = Vec::new();
    for wanted in suites {
        if !names.contains(&wanted.as_str()) {
            let mistake = Diagnostic::new(format!("no suite is called `{wanted}`"));
            mistakes.push(match closest(wanted, names.iter().copied()) {
                Some(name) => mistake.help(format!("did you mean `{name}`?")),
                None => mistake.note(format!("the suites are {}", some_of(&names))),
            });
        }
    }
    for wanted in query.categories.iter().chain(&query.exclude_categories) {
        if !categories.contains(&wanted.as_str()) {
            let mistake = Diagnostic::new(format!("no suite is of the category `{wanted}`"));
            let known = if categories.is_empty() {
                "no suite has a category".to_owned()
            } else {
                format!("the categories are {}", categories.join(", "))
            };
            let similar = closest(wanted.as_str(), categories.iter().copied());
            let similar = similar.map(|name| format!("did you mean `{name}`?"));
            mistakes.push(mistake.note(known).maybe_help(similar));
        }
    }
    ConfigError::refuse(mistakes)
}

/// Names in a row; only the first of many.
fn some_of(names: &[&str]) -> String {
    const MOST: usize = 20;
    let shown = names
        .iter()
        .take(MOST)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().checked_sub(MOST) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more; see `paceline list`"),
    }
}

/// The categories of a configuration, in the order of the file.
fn categories(config: &Config) -> Vec<&str> {
    let mut categories: Vec<&str> = Vec::new();
    for (_, suite) in config.file.suite.iter() {
        if let Some(category) = &suite.category
            && !categories.contains(&category.as_str())
        {
            categories.push(category.as_str());
        }
    }
    categories
}
