//! Commands that a user can copy.

/// A word that a shell takes as it is: quoted only where it must be.
pub(crate) fn quote(word: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=@%+,".contains(char);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A path that is relative to the root, as seen from the working directory.
pub(crate) fn from_here(root: &str, path: &str) -> String {
    match (root, path) {
        ("." | "", path) => path.to_owned(),
        (_, path) if path.starts_with('/') => path.to_owned(),
        (root, ".") => root.to_owned(),
        (root, path) => format!("{}/{path}", root.trim_end_matches('/')),
    }
}

/// The command that runs in `dir` as one line to paste.
pub(crate) fn in_dir(dir: &str, command: &str) -> String {
    if dir == "." {
        return command.to_owned();
    }
    // A comment or a here-document must not swallow the parenthesis.
    let end = if command.contains(['#', '\n']) {
        "\n)"
    } else {
        ")"
    };
    format!("(cd {} && {command}{end}", quote(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_read_something_else() {
        assert_eq!(quote("a/b-c_1.log"), "a/b-c_1.log");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("it's $HOME"), r"'it'\''s $HOME'");
    }

    #[test]
    fn commands_run_where_they_did() {
        assert_eq!(in_dir(".", "make test"), "make test");
        assert_eq!(in_dir("a b", "make test"), "(cd 'a b' && make test)");
        assert_eq!(in_dir("a", "make # all"), "(cd a && make # all\n)");
    }

    #[test]
    fn paths_start_from_the_working_directory() {
        assert_eq!(from_here(".", "logs/a.log"), "logs/a.log");
        assert_eq!(from_here("../..", "logs/a.log"), "../../logs/a.log");
        assert_eq!(from_here("..", "."), "..");
        assert_eq!(from_here("..", "/var/a.log"), "/var/a.log");
    }
}
