//! Durations and sizes as people read them.

use std::fmt;
use std::time::Duration;

/// A duration in at most six characters, for anything under 100 hours: `0.41s`, `39.6s`, `2m41s`,
/// `1h02m`.
#[derive(Clone, Copy, Debug)]
pub struct HumanDuration(pub Duration);

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The unit follows from the rounded value, so that 59.97 s is `1m00s` and not `60.0s`.
        let millis = self.0.as_millis();
        let text = if millis < 9_995 {
            let hundredths = (millis + 5) / 10;
            format!("{}.{:02}s", hundredths / 100, hundredths % 100)
        } else if millis < 59_950 {
            let tenths = (millis + 50) / 100;
            format!("{}.{}s", tenths / 10, tenths % 10)
        } else {
            let seconds = (millis + 500) / 1_000;
            if seconds < 3_600 {
                format!("{}m{:02}s", seconds / 60, seconds % 60)
            } else {
                let minutes = (seconds + 30) / 60;
                format!("{}h{:02}m", minutes / 60, minutes % 60)
            }
        };
        f.pad(&text)
    }
}

/// A duration as a running clock shows it: `00:14`, `1:02:03`.
#[derive(Clone, Copy, Debug)]
pub struct Clock(pub Duration);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let text = if hours > 0 {
            format!("{hours}:{minutes:02}:{seconds:02}")
        } else {
            format!("{minutes:02}:{seconds:02}")
        };
        f.pad(&text)
    }
}

/// A number of bytes: `512 B`, `12.3 MiB`.
#[derive(Clone, Copy, Debug)]
pub struct HumanBytes(pub u64);

impl fmt::Display for HumanBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1024 {
            return f.pad(&format!("{} B", self.0));
        }
        let mut value = self.0 as f64 / 1024.0;
        let mut unit = "KiB";
        for larger in ["MiB", "GiB", "TiB"] {
            if value < 1023.95 {
                break;
            }
            value /= 1024.0;
            unit = larger;
        }
        f.pad(&format!("{value:.1} {unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_change_their_unit_where_rounding_does() {
        let shown: Vec<String> = [
            0,
            4,
            5,
            413,
            9_994,
            9_995,
            39_600,
            59_949,
            59_950,
            161_000,
            3_599_499,
            3_599_500,
            3_720_000,
            359_999_000,
        ]
        .map(|millis| HumanDuration(Duration::from_millis(millis)).to_string())
        .to_vec();
        assert_eq!(
            shown,
            [
                "0.00s", "0.00s", "0.01s", "0.41s", "9.99s", "10.0s", "39.6s", "59.9s", "1m00s",
                "2m41s", "59m59s", "1h00m", "1h02m", "100h00m",
            ]
        );
    }

    #[test]
    fn clocks_show_hours_only_where_there_are_some() {
        let shown = [0, 14, 3_599, 3_723].map(|s| Clock(Duration::from_secs(s)).to_string());
        assert_eq!(shown, ["00:00", "00:14", "59:59", "1:02:03"]);
    }

    #[test]
    fn bytes_keep_one_decimal() {
        let shown = [0, 1023, 1024, 12_900_000, 1024 * 1024 - 1, 1 << 30]
            .map(|bytes| HumanBytes(bytes).to_string());
        assert_eq!(
            shown,
            ["0 B", "1023 B", "1.0 KiB", "12.3 MiB", "1.0 MiB", "1.0 GiB"]
        );
    }
}
