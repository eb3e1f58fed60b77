//! Words as a POSIX shell reads them.

/// Joins arguments to a line that a shell takes apart into the same arguments.
pub fn join(argv: &[String]) -> String {
    let words: Vec<String> = argv.iter().map(|word| quote(word)).collect();
    words.join(" ")
}

/// Quotes a word where it needs it.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+@%:,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn quotes_only_what_needs_it() {
        assert_eq!(quote("--a=b/c.d"), "--a=b/c.d");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), r"'it'\''s'");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_back_what_was_joined() {
        let argv = [
            "", "a b", "it's", "$HOME", "*", "a\nb", "~", "\\", "\"", "é",
        ];
        let argv = argv.map(str::to_owned);
        let script = format!("printf '%s\\0' {}", join(&argv));
        let output = Command::new("/bin/sh").args(["-c", &script]).output();
        let printed = String::from_utf8(output.unwrap().stdout).unwrap();
        let words: Vec<&str> = printed.split_terminator('\0').collect();
        assert_eq!(words, argv);
    }
}
