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

/// A file as far as it could be read.
pub(super) struct Read {
    /// What is left of it without what is wrong; `None` if it is not TOML at all.
    pub(super) file: Option<ConfigFile>,
    /// What is wrong with it.
    pub(super) mistakes: Vec<Diagnostic>,
    /// Keys from the top down to each entry that was left out. What misses it is no new mistake.
    pub(super) left_out: Vec<Vec<String>>,
}

/// Reads a file.
pub(super) fn read(text: &str) -> Read {
    let (mut table, errors) = DeTable::parse_recoverable(text);
    let mut read = Read {
        file: None,
        mistakes: Vec::new(),
        left_out: Vec::new(),
    };
    if !errors.is_empty() {
        read.mistakes = syntax_errors(&errors, table.get_ref(), text);
        return read;
    }
    loop {
        let error = match ConfigFile::deserialize(toml::de::Deserializer::from(table.clone())) {
            Ok(file) => {
                read.file = Some(file);
                return read;
            }
            Err(error) => error,
        };
        let span = error.span();
        let path = span.as_ref().and_then(|span| {
            // The place of a table can include the header that follows.
            path_to_key(table.get_ref(), span).or_else(|| path_to(table.get_ref(), span))
        });
        if !lacks_what_was_wrong(&error, path.as_ref(), &read.left_out) {
            read.mistakes.push(describe(&error, path.as_ref()));
        }
        match path {
            Some(path) if remove(table.get_mut(), &path.keys) => read.left_out.push(path.keys),
            _ => return read,
        }
    }
}

/// Whether a field is missing because it was wrong and has been left out.
fn lacks_what_was_wrong(
    error: &toml::de::Error,
    path: Option<&Path>,
    left_out: &[Vec<String>],
) -> bool {
    let missing = error.message().strip_prefix("missing field ");
    let (Some(missing), Some(path)) = (missing, path) else {
        return false;
    };
    let field = missing.trim_matches('`');
    left_out.iter().any(|keys| {
        keys.split_last()
            .is_some_and(|(last, table)| last == field && table == path.keys)
    })
}

/// Where in the table something is.
struct Path {
    /// The keys from the top down.
    keys: Vec<String>,
    /// The last of them in the file.
    key_span: Range<usize>,
}

/// The entry whose key stands at a place.
fn path_to_key(table: &DeTable<'_>, place: &Range<usize>) -> Option<Path> {
    table.iter().find_map(|(key, value)| {
        if key.span() == *place {
            return Some(Path {
                keys: vec![key.get_ref().to_string()],
                key_span: key.span(),
            });
        }
        let mut path = match value.get_ref() {
            DeValue::Table(inner) => path_to_key(inner, place)?,
            DeValue::Array(items) => (0..).zip(items.iter()).find_map(|(index, item)| {
                let index: usize = index;
                let DeValue::Table(inner) = item.get_ref() else {
                    return None;
                };
                let mut path = path_to_key(inner, place)?;
                path.keys.insert(0, index.to_string());
                Some(path)
            })?,
            _ => return None,
        };
        path.keys.insert(0, key.get_ref().to_string());
        Some(path)
    })
}

/// The innermost entry whose key or value contains a place.
fn path_to(table: &DeTable<'_>, place: &Range<usize>) -> Option<Path> {
    let contains = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
    for (key, value) in table {
        let inner = match value.get_ref() {
            DeValue::Table(inner) => path_to(inner, place),
            DeValue::Array(items) => {
                (0..)
                    .zip(items.iter())
                    .find_map(|(index, item): (usize, _)| {
                        let DeValue::Table(inner) = item.get_ref() else {
                            return None;
                        };
                        let found = path_to(inner, place).or_else(|| {
                            // The table as a whole: what it lacks.
                            (item.span() == *place).then(|| Path {
                                keys: Vec::new(),
                                key_span: key.span(),
                            })
                        });
                        found.map(|mut path| {
                            path.keys.insert(0, index.to_string());
                            path
                        })
                    })
            }
            _ => None,
        };
        if let Some(mut path) = inner {
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
            Some(DeValue::Array(items)) => match rest {
                // Items cannot be taken out one by one.
                [_] => table.remove(key.as_str()).is_some(),
                [index, rest @ ..] => {
                    let item = index
                        .parse()
                        .ok()
                        .and_then(|index: usize| items.get_mut(index));
                    match item.map(Spanned::get_mut) {
                        Some(DeValue::Table(inner)) => remove(inner, rest),
                        _ => false,
                    }
                }
                [] => false,
            },
            _ => false,
        },
    }
}

/// What the parser says, with the first place of a duplicate key.
fn syntax_errors(errors: &[toml::de::Error], table: &DeTable<'_>, text: &str) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut doubled_headers = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        if error.message() != "duplicate key" {
            let rest = text.get(span.start..).unwrap_or_default();
            // The parser takes what is not there for an unquoted string.
            let is_empty = rest.is_empty() || rest.starts_with(['\n', '\r']);
            let label = match error.message().strip_prefix("string values must be quoted") {
                Some(_) if is_empty => "a value is missing",
                _ => error.message(),
            };
            let diagnostic = Diagnostic::new("this is not valid TOML");
            diagnostics.push(diagnostic.label(span, label));
            continue;
        }
        let header = header_before(text, span.start);
        if is_in_header(text, span.start) {
            doubled_headers.push(header);
        } else if doubled_headers.contains(&header) {
            // The keys of a table that is there twice are no mistakes of their own.
            continue;
        }
        let diagnostic = Diagnostic::new(format!(
            "duplicate key `{}`",
            text.get(span.clone()).unwrap_or_default()
        ));
        let diagnostic = diagnostic.label(span.clone(), "written again here");
        diagnostics.push(match first_of_duplicate(table, &span, text) {
            Some(first) => diagnostic.label(first, "first written here"),
            None => diagnostic,
        });
    }
    diagnostics
}

/// The place of the key that is written again at `span`: the nearest before it with the same text.
/// Between the two there can be no other table, and so no other key of that name.
fn first_of_duplicate(
    table: &DeTable<'_>,
    span: &Range<usize>,
    text: &str,
) -> Option<Range<usize>> {
    if is_in_header(text, span.start) {
        return first_of_header(span, text);
    }
    let mut nearest: Option<Range<usize>> = None;
    let mut tables = vec![table];
    while let Some(table) = tables.pop() {
        for (key, value) in table {
            if let DeValue::Table(inner) = value.get_ref() {
                tables.push(inner);
            }
            let place = key.span();
            let same = text.get(place.clone()) == text.get(span.clone())
                && !is_in_header(text, place.start);
            let nearer = nearest.as_ref().is_none_or(|best| place.start > best.start);
            if same && place.start < span.start && nearer {
                nearest = Some(place);
            }
        }
    }
    nearest
}

/// The place in the first header of the same text: the parser keeps only the last table.
fn first_of_header(span: &Range<usize>, text: &str) -> Option<Range<usize>> {
    let name = |line: &'_ str| line.split(']').next().map(|name| name.trim().to_owned());
    let header = header_before(text, span.start);
    let wanted = name(text.get(header..)?);
    let mut start = 0;
    for line in text.get(..header)?.split_inclusive('\n') {
        if line.trim_start().starts_with('[') && name(line) == wanted {
            let key = text.get(span.clone())?;
            let place = start + line.rfind(key)?;
            return Some(place..place + key.len());
        }
        start += line.len();
    }
    None
}

/// Whether the line of a place is a `[header]`.
fn is_in_header(text: &str, place: usize) -> bool {
    let before = text.get(..place).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    text.get(line..)
        .is_some_and(|line| line.trim_start().starts_with('['))
}

/// Where the last `[header]` before a place, or on its line, begins; 0 if there is none.
fn header_before(text: &str, place: usize) -> usize {
    let mut start = 0;
    let mut header = 0;
    for line in text.split_inclusive('\n') {
        if start > place {
            break;
        }
        if line.trim_start().starts_with('[') {
            header = start;
        }
        start += line.len();
    }
    header
}

/// Puts serde's message in the words of this configuration.
fn describe(error: &toml::de::Error, path: Option<&Path>) -> Diagnostic {
    let message = error.message();
    let span = error.span().unwrap_or(0..0);
    let key = path.and_then(|path| path.keys.last());
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return unknown_key(rest, span, path);
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        return unknown_value(rest, span, key.map_or("this", String::as_str));
    }
    if message == "wanted string or table" {
        let title = format!("`{}` is no string", key.map_or("this", String::as_str));
        return Diagnostic::new(title).label(span, "expected a string");
    }
    if let Some(missing) = message.strip_prefix("missing field ") {
        return Diagnostic::new(format!("{missing} is missing"))
            .label(span, format!("this needs {missing}"));
    }
    if let Some((found, expected)) = wrong_type(message) {
        let title = match key {
            Some(key) => format!("`{key}` is {found}"),
            None => format!("this is {found}"),
        };
        let diagnostic = Diagnostic::new(title).label(span, format!("expected {expected}"));
        let outside_of_suite = path.is_some_and(|path| {
            path.keys.len() == 2 && path.keys.first().is_some_and(|key| key == "suite")
        });
        return if outside_of_suite {
            diagnostic.help("the keys of a suite stand below its name: `[suite.NAME]`")
        } else {
            diagnostic
        };
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
        1.. if is_in_override(path) => "not a key of an override",
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

fn is_in_override(path: Option<&Path>) -> bool {
    path.is_some_and(|path| path.keys.get(2).is_some_and(|key| key == "override"))
}

/// Takes "`x`, expected one of `a`, `b`" apart, for the value of a key.
fn unknown_value(rest: &str, span: Range<usize>, key: &str) -> Diagnostic {
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let wrong = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.collect();
    let help = match closest(wrong, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("write one of {}", known.join(", ")),
    };
    Diagnostic::new(format!("`{key}` cannot be `{wrong}`"))
        .label(span, "not a value that is known")
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
        "integer" | "floating" => "the number",
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
