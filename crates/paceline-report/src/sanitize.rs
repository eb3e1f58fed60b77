//! What programs print, made fit for where it is shown: escape sequences that move the cursor or
//! talk to the terminal would break the display around them.

use std::iter::Peekable;
use std::str::Chars;

/// What happens to colours and other text styles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Styles {
    /// They stay, and end with their line.
    Keep,
    /// They go.
    Strip,
}

/// One line as a terminal would show it in the end: without escape sequences (but for styles, if
/// they are kept) and control characters, and with what a carriage return overwrote left out.
/// Bytes that are not UTF-8 become U+FFFD.
pub(crate) fn line(bytes: &[u8], styles: Styles) -> String {
    // Nearly all lines: a gigabyte of them passes through here.
    if let Ok(text) = str::from_utf8(bytes)
        && bytes
            .iter()
            .all(|&byte| matches!(byte, b' '..=b'~' | b'\t'))
    {
        return text.to_owned();
    }
    let text = String::from_utf8_lossy(bytes);
    let mut shown = String::with_capacity(text.len());
    let mut styled = false;
    let mut overwrite = false;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => {
                if let Some(parameters) = escape_sequence(&mut chars)
                    && styles == Styles::Keep
                {
                    styled = !matches!(parameters.as_str(), "" | "0");
                    shown.extend(["\u{1b}[", &parameters, "m"]);
                }
            }
            '\r' => overwrite = true,
            '\t' => shown.push('\t'),
            char if char.is_control() => {}
            char => {
                // Only what follows overwrites: a carriage return at the end of a line does not.
                if std::mem::take(&mut overwrite) {
                    shown.clear();
                    styled = false;
                }
                shown.push(char);
            }
        }
    }
    if styled {
        shown.push_str("\u{1b}[0m");
    }
    shown
}

/// The lines of some output; an end without newline counts as a line.
pub(crate) fn lines(bytes: &[u8], styles: Styles) -> Vec<String> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes
        .split(|&byte| byte == b'\n')
        .map(|bytes| line(bytes, styles))
        .collect()
}

/// Text without escape sequences and control characters, line breaks kept.
pub(crate) fn plain(bytes: &[u8]) -> String {
    let mut text = lines(bytes, Styles::Strip).join("\n");
    if bytes.ends_with(b"\n") {
        text.push('\n');
    }
    text
}

/// Consumes what follows an ESC; gives the parameters if it sets a style.
fn escape_sequence(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    match chars.next()? {
        '[' => {
            let mut parameters = String::new();
            for char in chars.by_ref() {
                match char {
                    '\u{30}'..='\u{3f}' => parameters.push(char),
                    '\u{20}'..='\u{2f}' => {}
                    'm' if parameters
                        .chars()
                        .all(|c| c.is_ascii_digit() || c == ';' || c == ':') =>
                    {
                        return Some(parameters);
                    }
                    _ => return None,
                }
            }
            None
        }
        // Strings to the terminal: titles, hyperlinks, images. They end with BEL or ESC \.
        ']' | 'P' | 'X' | '^' | '_' => {
            while let Some(char) = chars.next() {
                if char == '\u{7}' || (char == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
            None
        }
        '\u{20}'..='\u{2f}' => {
            while chars
                .next_if(|char| matches!(char, '\u{20}'..='\u{2f}'))
                .is_some()
            {}
            chars.next();
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(text: &str) -> String {
        line(text.as_bytes(), Styles::Strip)
    }

    fn keep(text: &str) -> String {
        line(text.as_bytes(), Styles::Keep)
    }

    #[test]
    fn escape_sequences_go() {
        assert_eq!(strip("a\u{1b}[31mb\u{1b}[0mc"), "abc");
        assert_eq!(strip("a\u{1b}[2K\u{1b}[1;1Hb\u{1b}[?25lc"), "abc");
        assert_eq!(
            strip("\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{1b}\\!"),
            "link!"
        );
        assert_eq!(strip("a\u{1b}(Bb\u{1b}7c\u{1b}Pq\u{1b}\\d"), "abcd");
        assert_eq!(strip("cut \u{1b}[3"), "cut ");
        assert_eq!(strip("cut \u{1b}"), "cut ");
    }

    #[test]
    fn only_styles_are_kept_and_they_end_with_the_line() {
        assert_eq!(keep("\u{1b}[1;31mred"), "\u{1b}[1;31mred\u{1b}[0m");
        assert_eq!(keep("\u{1b}[31mred\u{1b}[m"), "\u{1b}[31mred\u{1b}[m");
        assert_eq!(keep("a\u{1b}[2Jb\u{1b}[>4;1mc"), "abc");
    }

    #[test]
    fn a_carriage_return_shows_what_is_seen_in_the_end() {
        assert_eq!(strip("10%\r50%\r100%\r"), "100%");
        assert_eq!(strip("dos line\r"), "dos line");
    }

    #[test]
    fn control_characters_go_and_broken_bytes_are_marked() {
        assert_eq!(line(b"a\0\x07\x08b\tc\x7f", Styles::Strip), "ab\tc");
        assert_eq!(line(b"\xff!", Styles::Strip), "\u{fffd}!");
        assert_eq!(strip("\u{9b}31m"), "31m");
    }

    #[test]
    fn lines_end_with_or_without_a_newline() {
        assert_eq!(lines(b"", Styles::Strip), Vec::<String>::new());
        assert_eq!(lines(b"a\n\nb", Styles::Strip), ["a", "", "b"]);
        assert_eq!(lines(b"a\r\nb\n", Styles::Strip), ["a", "b"]);
        assert_eq!(plain(b"a\x1b[1mb\n\nc\n"), "ab\n\nc\n");
    }
}
