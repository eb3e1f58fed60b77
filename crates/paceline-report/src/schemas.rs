//! The JSON Schemas of `docs/schema/`, made from the types.

use schemars::Schema;

/// The file names under `docs/schema/`, and what belongs into them.
pub fn all() -> [(&'static str, String); 2] {
    [
        ("events.schema.json", text(&crate::events::json_schema())),
        ("report.schema.json", text(&crate::json::json_schema())),
    ]
}

fn text(schema: &Schema) -> String {
    format!("{:#}\n", schema.as_value())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    fn doc(name: &str) -> String {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        std::fs::read_to_string(docs.join(name)).unwrap()
    }

    /// The text between the heading and the next one of the same level or above.
    fn section<'a>(doc: &'a str, heading: &str) -> &'a str {
        let heading = format!("\n## {heading}\n");
        let start = doc
            .find(&heading)
            .unwrap_or_else(|| panic!("no section {heading:?}"));
        let rest = &doc[start + heading.len()..];
        let end = ["\n## ", "\n# "]
            .iter()
            .filter_map(|next| rest.find(next))
            .min();
        &rest[..end.unwrap_or(rest.len())]
    }

    /// The fields of an object, with those of what it flattens and refers to.
    fn fields<'a>(schema: &'a Value, object: &'a Value, found: &mut Vec<&'a str>) {
        if let Some(reference) = object["$ref"].as_str() {
            let definition = schema.pointer(reference.trim_start_matches('#'));
            fields(schema, definition.unwrap(), found);
        }
        for part in object["allOf"].as_array().into_iter().flatten() {
            fields(schema, part, found);
        }
        if let Some(properties) = object["properties"].as_object() {
            found.extend(properties.keys().map(String::as_str));
        }
    }

    fn assert_rows(section: &str, fields: &[&str], what: &str) {
        assert!(!fields.is_empty(), "{what}");
        for field in fields {
            assert!(
                section.contains(&format!("\n| `{field}` |")),
                "{what}: {field} has no row"
            );
        }
        for row in section.lines().filter_map(|line| line.strip_prefix("| `")) {
            let field = row.split('`').next().unwrap();
            assert!(fields.contains(&field), "{what}: there is no field {field}");
        }
    }

    #[test]
    fn the_checked_in_schemas_are_what_the_types_give() {
        for (name, text) in all() {
            assert!(
                doc(&format!("schema/{name}")) == text,
                "docs/schema/{name} is out of date: cargo run -p paceline-report --example schemas"
            );
        }
    }

    #[test]
    fn the_page_about_events_has_every_kind_and_field_and_examples_that_are_events() {
        let page = doc("events.md");
        let schema = serde_json::to_value(crate::events::json_schema()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for kind in schema["oneOf"].as_array().unwrap() {
            let name = kind["properties"]["kind"]["const"].as_str().unwrap();
            let section = section(&page, &format!("`{name}`"));
            let mut expected = Vec::new();
            fields(&schema, kind, &mut expected);
            expected.retain(|field| *field != "kind");
            if name == "run-started" {
                fields(&schema, &schema["$defs"]["SuiteInfo"], &mut expected);
            }
            assert_rows(section, &expected, name);

            let example = section
                .split("```")
                .nth(1)
                .unwrap()
                .strip_prefix("json\n")
                .unwrap();
            let value: Value = serde_json::from_str(example).unwrap();
            assert_eq!(value["kind"], name);
            let errors: Vec<String> = validator
                .iter_errors(&value)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
            // What an event does not have would be lost on the way.
            let event = crate::events::read(example.as_bytes())
                .next()
                .unwrap()
                .unwrap();
            assert_eq!(serde_json::to_value(&event).unwrap(), value, "{name}");
        }
        let common: Vec<&str> = schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_rows(
            section(&page, "Every event"),
            &[&common[..], &["kind"]].concat(),
            "every event",
        );
        let details = section(&page, "Details");
        let mut expected = Vec::new();
        for object in ["TestDetails", "Problem", "Subtest"] {
            fields(&schema, &schema["$defs"][object], &mut expected);
        }
        assert_rows(details, &expected, "details");
        for outcome in paceline_engine::outcome::Outcome::ALL {
            let outcome = serde_json::to_value(outcome).unwrap();
            let row = format!("\n| `{}` |", outcome.as_str().unwrap());
            assert!(section(&page, "Outcomes").contains(&row), "{outcome}");
        }
    }

    #[test]
    fn the_page_about_the_report_has_every_key() {
        let page = doc("report-schema.md");
        let schema = serde_json::to_value(crate::json::json_schema()).unwrap();
        for (heading, object) in [
            ("The run", &schema),
            ("A suite", &schema["$defs"]["SuiteReport"]),
            ("An attempt", &schema["$defs"]["AttemptReport"]),
            ("A test", &schema["$defs"]["TestReport"]),
        ] {
            let mut expected = Vec::new();
            fields(&schema, object, &mut expected);
            assert_rows(section(&page, heading), &expected, heading);
        }
    }
}
