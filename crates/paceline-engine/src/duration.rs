//! Durations as people write them.

use std::fmt;
use std::time::Duration;

/// `450ms`, `2.5s`, `1m30s`, `2h05m`: exact to three digits or so.
#[derive(Clone, Copy, Debug)]
pub struct Human(pub Duration);

impl fmt::Display for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let seconds = self.0.as_secs();
        match seconds {
            0 => write!(f, "{millis}ms"),
            1..60 if millis.is_multiple_of(1000) => write!(f, "{seconds}s"),
            1..60 => write!(f, "{:.1}s", self.0.as_secs_f64()),
            60..3600 if seconds.is_multiple_of(60) => write!(f, "{}m", seconds / 60),
            60..3600 => write!(f, "{}m{:02}s", seconds / 60, seconds % 60),
            _ => write!(f, "{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        }
    }
}

/// Reads `90s`, `1m30s`, `250ms`, `1.5h`, `1d`; `None` for anything else.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut sum = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(digits);
        let letters = behind
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let seconds = match unit {
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        sum = sum.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = behind;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        assert_eq!(parse("90s"), Some(Duration::from_secs(90)));
        assert_eq!(parse("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        for wrong in ["", "90", "s", "1x", "1m 30s", "-1s"] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn reads_as_people_write_it() {
        let text = |millis| Human(Duration::from_millis(millis)).to_string();
        assert_eq!(text(0), "0ms");
        assert_eq!(text(450), "450ms");
        assert_eq!(text(2_500), "2.5s");
        assert_eq!(text(300_000), "5m");
        assert_eq!(text(90_000), "1m30s");
        assert_eq!(text(7_500_000), "2h05m");
    }
}
