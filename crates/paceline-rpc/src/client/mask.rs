//! Keeps secrets out of what a failure shows.

use serde_json::Value;

const STARS: &str = "***";

/// What is replaced by `***` wherever frames are shown.
#[derive(Clone, Debug)]
pub(crate) struct Mask {
    /// Members of objects whose value is hidden, in lower case.
    keys: Vec<String>,
    /// Texts that are hidden wherever they occur.
    texts: Vec<String>,
}

impl Default for Mask {
    fn default() -> Self {
        let keys = [
            "access_token",
            "api_key",
            "apikey",
            "authorization",
            "password",
            "private_key",
            "refresh_token",
            "secret",
            "token",
        ];
        Self {
            keys: keys.map(str::to_owned).to_vec(),
            texts: Vec::new(),
        }
    }
}

impl Mask {
    pub(crate) fn hide_key(&mut self, key: &str) {
        self.keys.push(key.to_lowercase());
    }

    pub(crate) fn hide_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.texts.push(text.to_owned());
        }
    }

    /// `text`, a frame or a part of it, without the secrets.
    pub(crate) fn apply(&self, text: &str) -> String {
        let mut shown = match serde_json::from_str::<Value>(text) {
            Ok(mut value) => {
                if self.hide_in(&mut value) {
                    value.to_string()
                } else {
                    text.to_owned()
                }
            }
            Err(_) => self.hide_in_fragment(text),
        };
        for secret in &self.texts {
            if shown.contains(secret.as_str()) {
                shown = shown.replace(secret.as_str(), STARS);
            }
        }
        shown
    }

    /// Whether anything was hidden.
    fn hide_in(&self, value: &mut Value) -> bool {
        match value {
            Value::Array(items) => {
                let mut hidden = false;
                for item in items {
                    hidden |= self.hide_in(item);
                }
                hidden
            }
            Value::Object(members) => {
                let mut hidden = false;
                for (key, value) in members {
                    if self.keys.contains(&key.to_lowercase()) {
                        *value = Value::String(STARS.to_owned());
                        hidden = true;
                    } else {
                        hidden |= self.hide_in(value);
                    }
                }
                hidden
            }
            _ => false,
        }
    }

    /// In text that is not whole JSON, a frame that was cut for instance, string members are found
    /// by their quotes.
    fn hide_in_fragment(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for key in &self.keys {
            let quoted = format!("\"{key}\"");
            let mut from = 0;
            while let Some(found) = shown[from..].to_ascii_lowercase().find(&quoted) {
                let after = from + found + quoted.len();
                let Some(start) = opening_quote(&shown, after) else {
                    from = after;
                    continue;
                };
                let end = closing_quote(&shown, start).unwrap_or(shown.len());
                shown.replace_range(start..end, STARS);
                from = start + STARS.len();
            }
        }
        shown
    }
}

/// Behind the quote that opens the string after a colon.
fn opening_quote(text: &str, after: usize) -> Option<usize> {
    let rest = text[after..].trim_start().strip_prefix(':')?.trim_start();
    let rest = rest.strip_prefix('"')?;
    Some(text.len() - rest.len())
}

fn closing_quote(text: &str, start: usize) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text[start..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(start + at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_hidden_at_any_depth_and_in_any_case() {
        let mask = Mask::default();
        assert_eq!(
            mask.apply(r#"{"a":[{"Password":"x","b":1}],"token":{"c":2}}"#),
            r#"{"a":[{"Password":"***","b":1}],"token":"***"}"#
        );
    }

    #[test]
    fn texts_are_hidden_everywhere() {
        let mut mask = Mask::default();
        mask.hide_text("s3cret");
        mask.hide_key("PIN");
        let shown = mask.apply(r#"{"url":"/?k=s3cret","pin":1234}"#);
        assert!(!shown.contains("1234") && !shown.contains("s3cret"));
        assert_eq!(shown.matches(STARS).count(), 2);
        assert_eq!(mask.apply("plain s3cret text"), "plain *** text");
    }

    #[test]
    fn a_cut_frame_hides_its_secrets_too() {
        let mask = Mask::default();
        assert_eq!(
            mask.apply(r#"{"user":"u","password" : "a\"b","x":1,"token":"cut off he"#),
            r#"{"user":"u","password" : "***","x":1,"token":"***"#
        );
    }
}
