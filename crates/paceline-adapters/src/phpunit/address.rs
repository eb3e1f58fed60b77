//! How tests of PHPUnit are called.

/// Whether this is a class and a method, `App\FooTest::testBar with data set "x"`, or a class in a
/// namespace.
pub(super) fn is_name(text: &str) -> bool {
    let (class, method) = match text.split_once("::") {
        Some((class, method)) => (class, Some(method)),
        None => (text, None),
    };
    let is_first = |c: char| c.is_alphabetic() || c == '_';
    let is_word = |word: &str| {
        word.starts_with(is_first) && word.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let class = class.strip_prefix('\\').unwrap_or(class);
    let is_class = class.split('\\').all(is_word);
    is_class && (class.contains('\\') || method.is_some_and(|method| method.starts_with(is_first)))
}

/// The arguments by which PHPUnit runs the test with this id, of this file.
pub(super) fn words(id: &str, file: &str) -> Vec<String> {
    if !id.contains("::") {
        return vec![id.to_owned()];
    }
    let filter = format!("/^{}$/", quoted(id));
    vec!["--filter".to_owned(), filter, file.to_owned()]
}

/// Text as a regular expression between slashes that fits nothing else.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for char in text.chars() {
        if "\\.+*?[^]$(){}|/".contains(char) {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_paths() {
        for name in [
            "FooTest::testBar",
            "App\\FooTest",
            "\\App\\FooTest::testBar",
            "App\\FooTest::test_ü with data set \"a::b\"",
        ] {
            assert!(is_name(name), "{name}");
        }
        for other in [
            "FooTest",
            "tests/FooTest.php::testBar",
            "tests/a.phpt",
            "FooTest::",
            "::testBar",
            "a\\",
            "unit",
        ] {
            assert!(!is_name(other), "{other}");
        }
    }

    #[test]
    fn a_test_is_chosen_by_a_filter_and_its_file() {
        assert_eq!(
            words(
                "App\\FooTest::testX with data set \"a/b (1)\"",
                "tests/FooTest.php"
            ),
            [
                "--filter",
                "/^App\\\\FooTest::testX with data set \"a\\/b \\(1\\)\"$/",
                "tests/FooTest.php"
            ]
        );
        assert_eq!(words("tests/a.phpt", "tests/a.phpt"), ["tests/a.phpt"]);
    }
}
