//! `JSONPath`.

use serde_json::Value;
use serde_json_path::JsonPath;

/// Why a query has no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The query is not `JSONPath`.
    #[error("reading the JSONPath {path}: {why}")]
    Syntax {
        /// The query.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// It has not exactly one answer.
    #[error("{path} has {count} answers, not one, in {value}")]
    Count {
        /// The query.
        path: String,
        /// How many it has.
        count: usize,
        /// The value that was asked, shortened.
        value: String,
    },
}

/// All that a `JSONPath` query (RFC 9535) finds.
///
/// ```
/// use paceline_rpc::matching::query;
/// use serde_json::json;
///
/// let value = json!({"items": [{"n": 1}, {"n": 5}]});
/// assert_eq!(query(&value, "$.items[?@.n > 2].n")?, [&json!(5)]);
/// # Ok::<(), paceline_rpc::matching::PathError>(())
/// ```
pub fn query<'a>(value: &'a Value, path: &str) -> Result<Vec<&'a Value>, PathError> {
    let parsed = JsonPath::parse(path).map_err(|error| PathError::Syntax {
        path: path.to_owned(),
        why: error.to_string(),
    })?;
    Ok(parsed.query(value).all())
}

/// The one thing that a `JSONPath` query finds; none or several is an error.
pub fn find<'a>(value: &'a Value, path: &str) -> Result<&'a Value, PathError> {
    match query(value, path)?.as_slice() {
        [one] => Ok(one),
        others => Err(PathError::Count {
            path: path.to_owned(),
            count: others.len(),
            value: crate::human::shortened(&value.to_string(), 500),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_none_and_several() {
        let value = json!({"a": [1, 2]});
        assert_eq!(find(&value, "$.a[1]").unwrap(), &json!(2));
        assert_eq!(
            find(&value, "$.a[*]").unwrap_err().to_string(),
            "$.a[*] has 2 answers, not one, in {\"a\":[1,2]}"
        );
        assert_eq!(query(&value, "$.b").unwrap(), [] as [&Value; 0]);
        assert!(matches!(find(&value, "a["), Err(PathError::Syntax { .. })));
    }
}
