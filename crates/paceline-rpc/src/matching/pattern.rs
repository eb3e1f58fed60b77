//! JSON that stands for JSON.

use std::fmt::{self, Write as _};

use serde_json::Value;

use super::placeholder::Placeholder;
use crate::failure::{Failure, TestResult};
use crate::human::shortened;

/// A JSON value that another has to match.
///
/// An object matches one that has at least its members, unless the pattern is
/// [`exact`](Self::exact). An array matches one of the same length, item by item. Numbers match if
/// they are equal, 1 and 1.0 among them, or within a [`tolerance`](Self::tolerance). And these texts
/// stand for many values:
///
/// | text | stands for |
/// |---|---|
/// | `<any>` | anything that is there, null too |
/// | `<string>`, `<number>`, `<integer>`, `<bool>`, `<array>`, `<object>` | any value of this type |
/// | `<uuid>`, `<timestamp>` (RFC 3339), `<hex>` | texts of this form |
/// | `<regex:EXPRESSION>` | texts in which the expression matches |
/// | `<about:1.5±0.1>` (or `+-`) | numbers in this range |
///
/// ```
/// use paceline_rpc::matching::Pattern;
/// use serde_json::json;
///
/// let pattern = Pattern::from(json!({"id": "<uuid>", "items": [{"price": "<about:9.99±0.01>"}]}));
/// let got = json!({"id": "x", "items": [{"price": 9.985, "name": "pen"}], "more": 1});
/// let mismatches = pattern.mismatches(&got);
/// assert_eq!(mismatches.len(), 1);
/// assert_eq!(mismatches[0].to_string(), "/id: expected <uuid>, got \"x\"");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Pattern {
    value: Value,
    exact: bool,
    tolerance: f64,
}

impl From<Value> for Pattern {
    fn from(value: Value) -> Self {
        Self {
            value,
            exact: false,
            tolerance: 0.0,
        }
    }
}

/// One place at which a value does not match.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// Where, as a JSON pointer; empty for the value itself.
    pub pointer: String,
    /// What the pattern has there.
    pub expected: String,
    /// What the value has there.
    pub got: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.pointer.as_str() {
            "" => "the value",
            pointer => pointer,
        };
        write!(f, "{place}: expected {}, got {}", self.expected, self.got)
    }
}

impl Pattern {
    /// Objects may not have members that the pattern has not.
    pub fn exact(mut self) -> Self {
        self.exact = true;
        self
    }

    /// Numbers may differ by this much.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Whether the value matches.
    pub fn matches(&self, value: &Value) -> bool {
        self.mismatches(value).is_empty()
    }

    /// Where the value does not match.
    pub fn mismatches(&self, value: &Value) -> Vec<Mismatch> {
        let mut found = Vec::new();
        self.compare(&self.value, value, &mut String::new(), &mut found);
        found
    }

    /// A failure that lists the places at which the value does not match, with a diff.
    #[track_caller]
    pub fn check(&self, value: &Value) -> TestResult {
        let mismatches = self.mismatches(value);
        if mismatches.is_empty() {
            return Ok(());
        }
        let mut message = String::from("the value does not match:");
        for mismatch in mismatches.iter().take(20) {
            message.push_str("\n  ");
            message.push_str(&mismatch.to_string());
        }
        if mismatches.len() > 20 {
            let _ = write!(message, "\n  and {} more", mismatches.len() - 20);
        }
        let expected = self.filled(&self.value, value);
        Err(Failure::mismatch(message, pretty(&expected), pretty(value)))
    }

    fn compare(&self, wanted: &Value, got: &Value, at: &mut String, found: &mut Vec<Mismatch>) {
        match (wanted, got) {
            (Value::String(text), got) => {
                let accepted = match Placeholder::parse(text) {
                    Ok(Some(placeholder)) => placeholder.accepts(got),
                    Ok(None) => got == wanted,
                    Err(why) => return mismatch(found, at, why, got),
                };
                if !accepted {
                    let expected = if text.starts_with('<') {
                        text.clone()
                    } else {
                        wanted.to_string()
                    };
                    mismatch(found, at, expected, got);
                }
            }
            (Value::Number(a), Value::Number(b)) => {
                let near = || match (a.as_f64(), b.as_f64()) {
                    (Some(a), Some(b)) => (a - b).abs() <= self.tolerance,
                    _ => false,
                };
                // Whole numbers beyond 2^53 would be equal to their neighbours as floats.
                let whole = !a.is_f64() && !b.is_f64() && self.tolerance == 0.0;
                if a != b && (whole || !near()) {
                    mismatch(found, at, wanted.to_string(), got);
                }
            }
            (Value::Array(wanted), Value::Array(items)) => {
                if wanted.len() != items.len() {
                    let expected = format!("{} items", wanted.len());
                    found.push(Mismatch {
                        pointer: at.clone(),
                        expected,
                        got: format!("{}", items.len()),
                    });
                }
                for (index, (wanted, got)) in wanted.iter().zip(items).enumerate() {
                    self.inside(&index.to_string(), at, |at| {
                        self.compare(wanted, got, at, found);
                    });
                }
            }
            (Value::Object(wanted), Value::Object(members)) => {
                for (name, wanted) in wanted {
                    self.inside(name, at, |at| match members.get(name) {
                        Some(got) => self.compare(wanted, got, at, found),
                        None => found.push(Mismatch {
                            pointer: at.clone(),
                            expected: shortened(&wanted.to_string(), 200),
                            got: "nothing".to_owned(),
                        }),
                    });
                }
                if self.exact {
                    for (name, got) in members {
                        if !wanted.contains_key(name) {
                            self.inside(name, at, |at| {
                                mismatch(found, at, "nothing".to_owned(), got);
                            });
                        }
                    }
                }
            }
            _ if wanted == got => {}
            _ => mismatch(found, at, shortened(&wanted.to_string(), 200), got),
        }
    }

    #[expect(clippy::unused_self, reason = "reads as a step of the comparison")]
    fn inside(&self, name: &str, at: &mut String, compare: impl FnOnce(&mut String)) {
        let length = at.len();
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        compare(at);
        at.truncate(length);
    }

    /// The pattern with what it accepts filled in from the value, so that a diff shows only what is
    /// wrong.
    fn filled(&self, wanted: &Value, got: &Value) -> Value {
        match (wanted, got) {
            (Value::Object(wanted), Value::Object(members)) => {
                let mut filled = serde_json::Map::new();
                for (name, got) in members {
                    match wanted.get(name) {
                        Some(wanted) => filled.insert(name.clone(), self.filled(wanted, got)),
                        None if self.exact => None,
                        None => filled.insert(name.clone(), got.clone()),
                    };
                }
                for (name, wanted) in wanted {
                    filled.entry(name.clone()).or_insert_with(|| wanted.clone());
                }
                Value::Object(filled)
            }
            (Value::Array(wanted), Value::Array(items)) => {
                let filled = wanted
                    .iter()
                    .enumerate()
                    .map(|(at, wanted)| match items.get(at) {
                        Some(got) => self.filled(wanted, got),
                        None => wanted.clone(),
                    });
                Value::Array(filled.collect())
            }
            _ => {
                let mut found = Vec::new();
                self.compare(wanted, got, &mut String::new(), &mut found);
                if found.is_empty() {
                    got.clone()
                } else {
                    wanted.clone()
                }
            }
        }
    }
}

fn mismatch(found: &mut Vec<Mismatch>, at: &str, expected: String, got: &Value) {
    found.push(Mismatch {
        pointer: at.to_owned(),
        expected,
        got: shortened(&got.to_string(), 200),
    });
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(pattern: Value, got: &Value) -> Vec<String> {
        let mismatches = Pattern::from(pattern).mismatches(got);
        mismatches.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn objects_may_have_more_unless_exact() {
        let got = json!({"a": 1, "b": {"c": 2, "d/e": 3}});
        assert_eq!(shown(json!({"b": {"c": 2}}), &got), [""; 0]);
        let exact = Pattern::from(json!({"a": 1, "b": {"c": 2}})).exact();
        assert_eq!(
            exact.mismatches(&got)[0].to_string(),
            "/b/d~1e: expected nothing, got 3"
        );
        assert_eq!(
            shown(json!({"z": [1]}), &got),
            ["/z: expected [1], got nothing"]
        );
    }

    #[test]
    fn arrays_match_item_by_item() {
        assert_eq!(
            shown(json!([1, "<any>"]), &json!([2, null, 3])),
            [
                "the value: expected 2 items, got 3",
                "/0: expected 1, got 2"
            ]
        );
    }

    #[test]
    fn numbers() {
        assert_eq!(shown(json!(1), &json!(1.0)), [""; 0]);
        assert_eq!(
            shown(
                json!(9_007_199_254_740_993_u64),
                &json!(9_007_199_254_740_992_u64)
            )
            .len(),
            1
        );
        let near = Pattern::from(json!({"x": 1.0})).tolerance(0.1);
        assert!(near.matches(&json!({"x": 1.05})));
        assert!(!near.matches(&json!({"x": 1.2})));
    }

    #[test]
    fn placeholders_accept_what_they_say_and_nothing_else() {
        for (placeholder, good, bad) in [
            ("<any>", json!(null), None),
            ("<string>", json!("x"), Some(json!(1))),
            ("<number>", json!(1.5), Some(json!("1"))),
            ("<integer>", json!(-1), Some(json!(1.5))),
            ("<bool>", json!(false), Some(json!(0))),
            ("<array>", json!([]), Some(json!({}))),
            ("<object>", json!({}), Some(json!([]))),
            (
                "<uuid>",
                json!("5e0b3a1c-9a55-4f2f-8f0b-6d1f6f2f7a10"),
                Some(json!("5e0b3a1c")),
            ),
            (
                "<timestamp>",
                json!("2026-11-20T15:00:00.25+01:00"),
                Some(json!("2026-11-20")),
            ),
            ("<hex>", json!("0x1F"), Some(json!("0x"))),
            ("<regex:^a+$>", json!("aaa"), Some(json!("ab"))),
            ("<about:1.5±0.1>", json!(1.45), Some(json!(1.7))),
            ("<about:2+-1>", json!(3), Some(json!("3"))),
        ] {
            assert_eq!(shown(json!(placeholder), &good), [""; 0], "{placeholder}");
            if let Some(bad) = bad {
                assert_eq!(shown(json!(placeholder), &bad).len(), 1, "{placeholder}");
            }
        }
    }

    #[test]
    fn other_texts_in_angle_brackets_stand_for_themselves() {
        assert_eq!(shown(json!("<b>"), &json!("<b>")), [""; 0]);
        assert_eq!(
            shown(json!("<regex:(>"), &json!("(")).len(),
            1,
            "a broken expression matches nothing"
        );
    }

    #[test]
    fn the_diff_holds_only_what_is_wrong() {
        let pattern = Pattern::from(json!({"a": 1, "id": "<string>"}));
        let failure = pattern
            .check(&json!({"id": "x", "a": 2, "b": 3}))
            .unwrap_err();
        let (expected, got) = failure.sides().unwrap();
        let differing = expected.lines().filter(|line| !got.contains(line)).count();
        assert_eq!(differing, 1, "{expected}");
        assert_eq!(
            failure.to_string(),
            "the value does not match:\n  /a: expected 1, got 2"
        );
    }
}
