//! Texts in a pattern that stand for many values.

use regex::Regex;
use serde_json::Value;

/// What a text like `<uuid>` stands for.
#[derive(Debug)]
pub(super) enum Placeholder {
    Any,
    String,
    Number,
    Integer,
    Bool,
    Array,
    Object,
    Uuid,
    Timestamp,
    Hex,
    Regex(Box<Regex>),
    About { value: f64, tolerance: f64 },
}

impl Placeholder {
    /// The placeholder that a text is, or nothing if it stands for itself. An error tells what is
    /// wrong with a placeholder that was meant to be one.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let Some(inside) = text
            .strip_prefix('<')
            .and_then(|text| text.strip_suffix('>'))
        else {
            return Ok(None);
        };
        Ok(Some(match inside {
            "any" => Self::Any,
            "string" => Self::String,
            "number" => Self::Number,
            "integer" => Self::Integer,
            "bool" => Self::Bool,
            "array" => Self::Array,
            "object" => Self::Object,
            "uuid" => Self::Uuid,
            "timestamp" => Self::Timestamp,
            "hex" => Self::Hex,
            _ => {
                if let Some(expression) = inside.strip_prefix("regex:") {
                    let regex = Regex::new(expression)
                        .map_err(|error| format!("{text} is not a regular expression: {error}"))?;
                    return Ok(Some(Self::Regex(Box::new(regex))));
                }
                if let Some(about) = inside.strip_prefix("about:") {
                    return about_of(about)
                        .map(Some)
                        .ok_or_else(|| format!("{text} is not of the form <about:1.5±0.1>"));
                }
                return Ok(None);
            }
        }))
    }

    pub(super) fn accepts(&self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Bool => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
            Self::Uuid => value.as_str().is_some_and(is_uuid),
            Self::Timestamp => value.as_str().is_some_and(is_timestamp),
            Self::Hex => value.as_str().is_some_and(|text| {
                let digits = text.strip_prefix("0x").unwrap_or(text);
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            }),
            Self::Regex(regex) => value.as_str().is_some_and(|text| regex.is_match(text)),
            Self::About {
                value: about,
                tolerance,
            } => value
                .as_f64()
                .is_some_and(|number| (number - about).abs() <= *tolerance),
        }
    }
}

fn about_of(text: &str) -> Option<Placeholder> {
    let (value, tolerance) = text.split_once('±').or_else(|| text.split_once("+-"))?;
    Some(Placeholder::About {
        value: value.trim().parse().ok()?,
        tolerance: tolerance.trim().parse().ok()?,
    })
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// RFC 3339, such as `2026-11-20T15:00:00.5Z`.
fn is_timestamp(text: &str) -> bool {
    let shape = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text
                .bytes()
                .zip(shape.bytes())
                .all(|(byte, wanted)| match wanted {
                    b'0' => byte.is_ascii_digit(),
                    b'T' => matches!(byte, b'T' | b't' | b' '),
                    other => byte == other,
                })
    };
    let Some((seconds, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    shape(seconds, "0000-00-00T00:00:00")
        && (matches!(zone, "Z" | "z") || shape(zone, "+00:00") || shape(zone, "-00:00"))
}
