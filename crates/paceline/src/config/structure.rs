//! From text to [`ConfigFile`], with every mistake on the way.
//!
//! serde stops at the first mistake. So what is wrong is taken out of the table and the rest is read
//! again, until it can be read: the types stay the only definition of what is allowed.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::ConfigFile;
use crate::diagnostic::Diagnostic;
use crate::suggest::closest;

/// Reads a file. Where there are mistakes, the configuration is what is left without them; `None`
/// if it is not TOML at all.
pub(super) fn read(text: &str) -> (Option<ConfigFile>, Vec<Diagnostic>) {
    let (mut table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return (None, syntax_errors(&errors, &table));
    }
    let mut mistakes = Vec::new();
    loop {
        let error = match ConfigFile::deserialize(toml::de::Deserializer::from(table.clone())) {
            Ok(config) => return (Some(config), mistakes),
            Err(error) => error,
        };
        let span = error.span();
        let path = span
            .as_ref()
            .and_then(|span| path_to(table.get_ref(), span));
        mistakes.push(describe(&error, path.as_ref()));
        let removed = path.is_some_and(|path| remove(table.get_mut(), &path.keys));
        if !removed {
            return (None, mistakes);
        }
    }
}

/// Where in the table something is.
struct Path {
    /// The keys from the top down.
    keys: Vec<String>,
    /// The last of them in the file.
    key_span: Range<usize>,
}

/// The innermost entry whose key or value contains a place.
fn path_to(table: &DeTable<'_>, place: &Range<usize>) -> Option<Path> {
    let contains = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
    for (key, value) in table {
        if let DeValue::Table(inner) = value.get_ref()
            && let Some(mut path) = path_to(inner, place)
        {
            path.keys.insert(0, key.get_ref().to_string());
            return Some(path);
        }
    }
    let entry = table
        .iter()
        .find(|(key, value)| contains(key.span()) || contains(value.span()));
    entry.map(|(key, _)| Path {
        keys: vec![key.get_ref().to_string()],
        key_span: key.span(),
    })
}

fn remove(table: &mut DeTable<'_>, keys: &[String]) -> bool {
    match keys {
        [] => false,
        [key] => table.remove(key.as_str()).is_some(),
        [key, rest @ ..] => match table.get_mut(key.as_str()).map(Spanned::get_mut) {
            Some(DeValue::Table(inner)) => remove(inner, rest),
            _ => false,
        },
    }
}

/// What the parser says, with the first place of a duplicate key.
fn syntax_errors(errors: &[toml::de::Error], table: &Spanned<DeTable<'_>>) -> Vec<Diagnostic> {
    let describe = |error: &toml::de::Error| {
        let span = error.span().unwrap_or(0..0);
        if error.message() == "duplicate key" {
            let first = first_of_duplicate(table.get_ref(), &span);
            let mut diagnostic = Diagnostic::new("duplicate key").label(span, "written again here");
            if let Some(first) = first {
                diagnostic = diagnostic.label(first, "first written here");
            }
            return diagnostic;
        }
        Diagnostic::new("this is not valid TOML").label(span, error.message())
    };
    errors.iter().map(describe).collect()
}

/// The place of a key that is written again at `span`.
fn first_of_duplicate(table: &DeTable<'_>, span: &Range<usize>) -> Option<Range<usize>> {
    _ = (table, span);
    None
}

/// Puts serde's message in the words of this configuration.
fn describe(error: &toml::de::Error, path: Option<&Path>) -> Diagnostic {
    let message = error.message();
    let span = error.span().unwrap_or(0..0);
    let key = path.and_then(|path| path.keys.last());
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return unknown_key(rest, span, path);
    }
    if let Some((found, expected)) = wrong_type(message) {
        let title = match key {
            Some(key) => format!("`{key}` is {found}"),
            None => format!("this is {found}"),
        };
        return Diagnostic::new(title).label(span, format!("expected {expected}"));
    }
    let mut diagnostic = Diagnostic::from_message(message);
    let within_key = path.is_some_and(|path| path.key_span == span);
    let label = match key {
        Some(key) if !within_key => format!("value of `{key}`"),
        _ => String::new(),
    };
    diagnostic = diagnostic.label(span, label);
    diagnostic
}

/// Takes "`x`, expected one of `a`, `b`" apart.
fn unknown_key(rest: &str, span: Range<usize>, path: Option<&Path>) -> Diagnostic {
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let wrong = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.collect();
    let parents = path.map_or(0, |path| path.keys.len().saturating_sub(1));
    let of = match parents {
        0 => "not a key of this file",
        _ => "not a key of a suite",
    };
    let help = match closest(wrong, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("the keys are {}", known.join(", ")),
    };
    Diagnostic::new(format!("unknown key `{wrong}`"))
        .label(span, of)
        .help(help)
}

/// Takes "invalid type: integer `3`, expected a string" apart.
fn wrong_type(message: &str) -> Option<(String, String)> {
    let rest = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.split_once(", expected ")?;
    let (kind, value) = found.split_once(' ').unwrap_or((found, ""));
    let kind = match kind {
        "integer" => "the number",
        "floating" => "the number",
        "boolean" => "the boolean",
        "string" => "the string",
        "map" => "a table",
        "sequence" => "an array",
        other => other,
    };
    let value = value.trim_start_matches("point ");
    let found = [kind, value].join(" ");
    let expected = match expected {
        "u32" => "a whole number from 0",
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "path string" => "a string",
        other => other,
    };
    Some((found.trim_end().to_owned(), expected.to_owned()))
}
