//! Texts in columns: how wide they are, and what of them is shown where they are too long. Texts
//! have no escape sequences.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width of the widest of these texts, of those that are at most `limit` wide.
pub(super) fn widest<'a>(texts: impl IntoIterator<Item = &'a str>, limit: usize) -> usize {
    let widths = texts.into_iter().map(UnicodeWidthStr::width);
    widths.filter(|width| *width <= limit).max().unwrap_or(0)
}

/// A text with spaces behind it up to this width.
pub(super) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{:missing$}", "")
}

/// The beginning of a text that is shown in at most `width` columns, with `ellipsis` where
/// something is missing.
pub(super) fn cut_end(text: &str, width: usize, ellipsis: &str) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut shown = beginning(text, width.saturating_sub(ellipsis.width())).to_owned();
    if ellipsis.width() <= width {
        shown.push_str(ellipsis);
    }
    shown
}

/// As [`cut_end`], but what is missing is missing from the middle: a name's beginning tells where it
/// belongs to, and its end, which gets two thirds, tells it from others.
pub(super) fn cut_middle(text: &str, width: usize, ellipsis: &str) -> String {
    let room = width.saturating_sub(ellipsis.width());
    if text.width() <= width || room == 0 {
        return cut_end(text, width, ellipsis);
    }
    let first = beginning(text, room / 3);
    let last = end(text, room - first.width());
    format!("{first}{ellipsis}{last}")
}

/// As much of the beginning as fits.
fn beginning(text: &str, width: usize) -> &str {
    let mut used = 0;
    let cut = text.char_indices().find(|(_, char)| {
        used += char.width().unwrap_or(0);
        used > width
    });
    cut.map_or(text, |(at, _)| &text[..at])
}

/// As much of the end as fits.
fn end(text: &str, width: usize) -> &str {
    let mut used = 0;
    let cut = text.char_indices().rev().find(|(_, char)| {
        used += char.width().unwrap_or(0);
        used > width
    });
    cut.map_or(text, |(at, char)| &text[at + char.len_utf8()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_and_not_characters() {
        assert_eq!(cut_end("short", 5, "…"), "short");
        assert_eq!(cut_end("longer", 5, "…"), "long…");
        assert_eq!(cut_end("longer", 5, "..."), "lo...");
        assert_eq!(cut_end("日本語の試験", 7, "…"), "日本語…");
        assert_eq!(cut_end("日本語の試験", 6, "…"), "日本…");
        assert_eq!(cut_end("longer", 0, "…"), "");
        assert_eq!(pad("日本", 6), "日本  ");
        assert_eq!(pad("longer", 3), "longer");
    }

    #[test]
    fn the_middle_is_left_out() {
        assert_eq!(cut_middle("short", 5, "…"), "short");
        assert_eq!(
            cut_middle("tests/test_a.py::test_b", 16, "…"),
            "tests…py::test_b"
        );
        assert_eq!(
            cut_middle("tests/test_a.py::test_b", 16, "..."),
            "test...y::test_b"
        );
        assert_eq!(cut_middle("日本語の試験", 8, "…"), "日…試験");
        assert_eq!(cut_middle("longer", 1, "…"), "…");
        assert_eq!(cut_middle("longer", 2, "..."), "");
        assert_eq!(cut_middle("longer", 0, "…"), "");
    }

    #[test]
    fn what_is_too_wide_widens_no_column() {
        assert_eq!(widest(["a", "日本", "very long"], 8), 4);
        assert_eq!(widest(["very long"], 8), 0);
    }
}
