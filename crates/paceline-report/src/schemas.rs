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

    #[test]
    fn the_checked_in_schemas_are_what_the_types_give() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
        for (name, text) in super::all() {
            let checked_in = std::fs::read_to_string(dir.join(name)).unwrap_or_default();
            assert!(
                checked_in == text,
                "docs/schema/{name} is out of date: cargo run -p paceline-report --example schemas"
            );
        }
    }
}
