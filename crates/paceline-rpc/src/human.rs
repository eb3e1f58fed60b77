//! Durations and long texts as people read them.

use std::time::Duration;

/// `850ms`, `1.5s`, `2m 5s`.
pub(crate) fn in_words(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis < 1 {
        return format!("{}µs", duration.as_micros());
    }
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let seconds = duration.as_secs();
    if seconds < 60 {
        let text = format!("{:.2}", duration.as_secs_f64());
        return format!("{}s", text.trim_end_matches('0').trim_end_matches('.'));
    }
    match (seconds / 60, seconds % 60) {
        (minutes, 0) => format!("{minutes}m"),
        (minutes, rest) => format!("{minutes}m {rest}s"),
    }
}

/// The first `limit` bytes of a text at most, and how much is missing.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… ({} bytes in all)", &text[..end], text.len())
}

/// Reads `30`, `1.5`, `500ms`, `30s`, `2m`, `1h`; a number alone is seconds.
#[cfg(feature = "cli")]
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number
        .parse()
        .map_err(|_| format!("`{text}` is not a duration such as 30s, 500ms or 2m"))?;
    let factor = match unit.trim() {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        other => {
            return Err(format!(
                "`{other}` is not a unit of time; write ms, s, m or h"
            ));
        }
    };
    Duration::try_from_secs_f64(number * factor)
        .map_err(|_| format!("`{text}` is too long for a duration"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_words() {
        let words = |millis| in_words(Duration::from_millis(millis));
        assert_eq!(in_words(Duration::from_micros(40)), "40µs");
        assert_eq!(words(850), "850ms");
        assert_eq!(words(1500), "1.5s");
        assert_eq!(words(30_000), "30s");
        assert_eq!(words(125_000), "2m 5s");
        assert_eq!(words(120_000), "2m");
    }

    #[cfg(feature = "cli")]
    #[test]
    fn durations_read() {
        assert_eq!(parse_duration("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(
            parse_duration("5 weeks").unwrap_err(),
            "`weeks` is not a unit of time; write ms, s, m or h"
        );
        assert!(parse_duration("soon").is_err());
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("aäb", 2), "a… (4 bytes in all)");
    }
}
