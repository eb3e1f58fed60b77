//! JSON Schema.

use serde_json::Value;

use crate::human::shortened;

/// Why a value does not conform.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The schema is none.
    #[error("reading the JSON schema: {0}")]
    Schema(String),
    /// The value breaks it.
    #[error("the value does not conform to its schema:{}\n  in {value}", listed(.errors))]
    Value {
        /// Where and how.
        errors: Vec<String>,
        /// The value, shortened.
        value: String,
    },
}

fn listed(errors: &[String]) -> String {
    errors
        .iter()
        .fold(String::new(), |list, error| list + "\n  " + error)
}

/// Checks a value against a JSON Schema; the schema says which draft.
///
/// ```
/// use paceline_rpc::matching::conforms;
/// use serde_json::json;
///
/// let schema = json!({"type": "object", "required": ["id"]});
/// assert!(conforms(&json!({"id": 1}), &schema).is_ok());
/// assert!(conforms(&json!({}), &schema).is_err());
/// ```
pub fn conforms(value: &Value, schema: &Value) -> Result<(), SchemaError> {
    let validator = jsonschema::validator_for(schema)
        .map_err(|error| SchemaError::Schema(error.to_string()))?;
    let errors: Vec<_> = validator
        .iter_errors(value)
        .map(|error| match error.instance_path().to_string() {
            at if at.is_empty() => error.to_string(),
            at => format!("{at}: {error}"),
        })
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(SchemaError::Value {
        errors,
        value: shortened(&value.to_string(), 500),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_violation_is_listed_with_its_place() {
        let schema = json!({
            "properties": {"a": {"type": "integer"}, "b": {"minimum": 3}},
        });
        let error = conforms(&json!({"a": "x", "b": 1}), &schema).unwrap_err();
        insta::assert_snapshot!(error, @r#"
        the value does not conform to its schema:
          /a: "x" is not of type "integer"
          /b: 1 is less than the minimum of 3
          in {"a":"x","b":1}
        "#);
        let broken = conforms(&json!(1), &json!({"type": 7})).unwrap_err();
        assert!(matches!(broken, SchemaError::Schema(_)));
    }
}
