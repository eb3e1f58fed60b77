//! The configuration reference and its JSON schema, made from the types.

use std::fmt::Write as _;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::{Map, Value};

use super::file::ConfigFile;

/// The JSON schema of `paceline.toml`, for editors.
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12();
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<ConfigFile>();
    // TOML has no null: what can be left out is left out.
    RecursiveTransform(remove_null).transform(&mut schema);
    schema
}

fn remove_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(options)) = object.get_mut("anyOf") {
        options.retain(|option| option.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(only)] = options.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
}

/// The reference as Markdown.
pub fn markdown() -> String {
    let schema = schema();
    let definitions = object(schema.get("$defs"));
    let mut text = String::from(INTRODUCTION);
    text.push_str("\n## The whole file\n");
    let file = object(schema.get("properties"));
    for (key, property) in file.iter().filter(|(key, _)| *key != "suite") {
        entry(&mut text, key, property, &definitions, Place::Top);
    }
    text.push_str("\n## Suites\n\n");
    let suites = file.get("suite").and_then(|suite| suite.get("description"));
    text.push_str(suites.and_then(Value::as_str).unwrap_or_default());
    text.push_str("\n\n```toml\n[suite.integration-go]\ncommand = [\"go\", \"test\", \"-v\", \"./...\"]\ndepends-on = [\"memstore-unit\"]\n```\n");
    let suite = definitions
        .get("SuiteConfig")
        .and_then(|suite| suite.get("properties"));
    for (key, property) in &object(suite) {
        entry(&mut text, key, property, &definitions, Place::Suite);
    }
    text.push_str(OVERRIDES);
    let of_override = definitions
        .get("OverrideConfig")
        .and_then(|one| one.get("properties"));
    for (key, property) in &object(of_override) {
        entry(&mut text, key, property, &definitions, Place::Suite);
    }
    text
}

const OVERRIDES: &str = "
## Overrides

What holds for some tests of a suite with a framework, in place of what the suite says. A test's own
`paceline` marker overrides both.

```toml
[[suite.api.override]]
tests = \"tests/test_db.py::*\"
needs = { postgres = \"shared\" }
timeout = \"90s\"
```
";

const INTRODUCTION: &str = "\
# Configuration reference

<!-- Made from the types in crates/paceline/src/config by `cargo xtask docs`; do not edit. -->

paceline reads `paceline.toml`, found upwards from the working directory; `--config FILE` names
another. The directory of the file is the root: paths in it are relative to that. Without a file,
suites are found by the marks of their frameworks, and `paceline init` writes them down.

Mistakes are all told before anything runs, each with its line: keys that do not exist or are there
twice, wrong types, names of suites and resources that do not exist, cycles, needs above a capacity,
directories that do not exist. The exit code is 2 then.

Durations are written with their units: `90s`, `2m`, `1m30s`, `1h30m`, `500ms`.

Editors that know JSON schemas for TOML check and complete the file with
[`schema/paceline.schema.json`](schema/paceline.schema.json).
";

/// Where a key stands.
#[derive(Clone, Copy)]
enum Place {
    Top,
    Suite,
}

fn entry(
    text: &mut String,
    key: &str,
    property: &Value,
    definitions: &Map<String, Value>,
    place: Place,
) {
    let description = property.get("description").and_then(Value::as_str);
    let description = description.unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = write!(text, "\n### `{key}`\n\n{description}\n\n");
    let _ = writeln!(text, "- Type: {}", type_name(property, definitions));
    if let Some(default) = property.get("default")
        && !is_empty(default)
    {
        let _ = writeln!(text, "- Default: `{}`", toml(default));
    }
    let examples = property.get("examples").and_then(Value::as_array);
    let examples = examples.map(Vec::as_slice).unwrap_or_default();
    if examples.is_empty() {
        return;
    }
    text.push_str("\n```toml\n");
    for (number, example) in examples.iter().enumerate() {
        if number > 0 {
            text.push_str("# or\n");
        }
        match (place, example) {
            (Place::Top, Value::Object(table)) => {
                let _ = writeln!(text, "[{key}]");
                for (key, value) in table {
                    let _ = writeln!(text, "{key} = {}", toml(value));
                }
            }
            _ => {
                let _ = writeln!(text, "{key} = {}", toml(example));
            }
        }
    }
    text.push_str("```\n");
}

/// Whether a default says no more than that there is nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    value
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

/// A type in words.
fn type_name(schema: &Value, definitions: &Map<String, Value>) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return match (name, definitions.get(name)) {
            ("Duration", _) => "duration, a string".to_owned(),
            ("Name" | "SuiteName", _) => "string, a name".to_owned(),
            ("OverrideConfig", _) => "table".to_owned(),
            (_, Some(definition)) => type_name(definition, definitions),
            (_, None) => name.to_owned(),
        };
    }
    if let Some(options) = schema.get("oneOf").and_then(Value::as_array) {
        let options = options.iter().map(|option| type_name(option, definitions));
        return options.collect::<Vec<_>>().join(" or ");
    }
    if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
        let options = options.iter().map(|option| type_name(option, definitions));
        return options.collect::<Vec<_>>().join(", or ");
    }
    if let Some(value) = schema.get("const") {
        return format!("`{}`", toml(value));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values = values.iter().map(|value| format!("`{}`", toml(value)));
        return values.collect::<Vec<_>>().join(" or ");
    }
    let minimum = schema.get("minimum").and_then(Value::as_i64);
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => format!("whole number from {}", minimum.unwrap_or(0)),
        Some("array") => {
            let items = schema
                .get("items")
                .map(|items| type_name(items, definitions));
            let items = items.unwrap_or_default();
            let items = items.trim_end_matches(", a name");
            format!("array of {items}s")
        }
        Some("object") => {
            let values = schema.get("additionalProperties");
            let values = values.map(|values| type_name(values, definitions));
            format!("table of names, each with: {}", values.unwrap_or_default())
        }
        Some(other) => other.to_owned(),
        None => "anything".to_owned(),
    }
}

/// A value as TOML, on one line.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{key} = {}", toml(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        // Strings, numbers and booleans are written alike in JSON and TOML, as far as they occur
        // in examples.
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::structure;
    use super::*;

    /// Every example of the schema is accepted, so that the reference shows nothing wrong.
    #[test]
    fn examples_are_accepted() {
        let schema = schema();
        let examples = |properties: &Map<String, Value>| -> Vec<(String, Value)> {
            let of = |(key, property): (&String, &Value)| {
                let examples = property.get("examples").and_then(Value::as_array).cloned();
                let examples = examples.unwrap_or_default().into_iter();
                examples
                    .map(|example| (key.clone(), example))
                    .collect::<Vec<_>>()
            };
            properties.iter().flat_map(of).collect()
        };
        let top = examples(&object(schema.get("properties")));
        let suite = schema
            .get("$defs")
            .and_then(|defs| defs.get("SuiteConfig")?.get("properties"));
        let suite = examples(&object(suite));
        assert!(top.len() >= 8 && suite.len() >= 12, "{top:?} {suite:?}");
        for (key, example) in top {
            let text = format!("{key} = {}", toml(&example));
            assert_eq!(structure::read(&text).mistakes, [], "{text}");
        }
        for (key, example) in suite {
            let text = format!("[suite.x]\n{key} = {}", toml(&example));
            assert_eq!(structure::read(&text).mistakes, [], "{text}");
        }
    }

    /// Every key has a description, and an example unless it is a switch.
    #[test]
    fn every_key_is_explained() {
        let schema = schema();
        let suite = schema
            .get("$defs")
            .and_then(|defs| defs.get("SuiteConfig")?.get("properties"));
        let top = object(schema.get("properties"));
        let top = top.into_iter().filter(|(key, _)| key != "suite");
        let one = schema
            .get("$defs")
            .and_then(|defs| defs.get("OverrideConfig")?.get("properties"));
        for (key, property) in top.chain(object(suite)).chain(object(one)) {
            assert!(property.get("description").is_some(), "{key}");
            let is_switch = property.get("type").is_some_and(|name| name == "boolean");
            assert!(is_switch || property.get("examples").is_some(), "{key}");
        }
    }
}
