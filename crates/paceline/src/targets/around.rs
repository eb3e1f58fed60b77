//! Which tests an argument holds.

/// Whether a directory, file, class or test is `test` or holds it. Not all frameworks have files in
/// their ids; `unit` is the file then.
pub(super) fn asks_for(around: &str, test: &str, unit: Option<&str>) -> bool {
    covers(around, test)
        || unit.is_some_and(|unit| {
            let part = around.strip_prefix(unit);
            let part = part.and_then(|rest| rest.strip_prefix("::"));
            covers(around, unit) || part.is_some_and(|part| is_part(part, test))
        })
}

/// Whether `part`, what follows a file and `::`, is the class or the method of a test whose id does
/// not begin with its file: `Class::method`, `method(Class)`, `Class#method`.
fn is_part(part: &str, test: &str) -> bool {
    let is_method = |name: &str| {
        name.strip_prefix(part)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(']))
    };
    let of_class = |before: &str| {
        test.strip_prefix(before)
            .is_some_and(|rest| rest.starts_with(['#', ':']))
    };
    is_method(test)
        || test
            .split_once("::")
            .is_some_and(|(_, name)| is_method(name))
        || test.ends_with(&format!("({part})"))
        || of_class(part)
}

/// Whether a directory, file, class or test is `test` or holds it.
fn covers(around: &str, test: &str) -> bool {
    let around = around.trim_end_matches('/');
    test.strip_prefix(around)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_asks_for_its_tests_where_ids_have_no_files() {
        let unit = Some("tests/sub/BTest.php");
        let test = "App\\BTest::testIt with data set \"a\"";
        for around in [
            "tests/",
            "tests/sub",
            "tests/sub/BTest.php",
            "tests/sub/BTest.php::testIt",
            "App\\BTest",
        ] {
            assert!(asks_for(around, test, unit), "{around}");
        }
        for around in [
            "tests/s",
            "tests/sub/BTest.php::test",
            "App\\B",
            "tests/ATest.php",
        ] {
            assert!(!asks_for(around, test, unit), "{around}");
        }
    }

    #[test]
    fn a_class_after_its_file_asks_for_its_tests() {
        let unit = Some("test/test_cart.rb");
        let around = "test/test_cart.rb::TestCart";
        for test in ["test_x(TestCart)", "TestCart#test_x", "TestCart::test_x"] {
            assert!(asks_for(around, test, unit), "{test}");
        }
        for test in [
            "test_x(TestCarton)",
            "TestCarton#test_x",
            "test_x(A::TestCart)",
        ] {
            assert!(!asks_for(around, test, unit), "{test}");
        }
        let nested = "test/test_cart.rb::TestCart::of two";
        assert!(asks_for(nested, "test_x(TestCart::of two)", unit));
        assert!(asks_for(nested, "TestCart::of two#test_x", unit));
        let method = "test/test_cart.rb::test_x";
        assert!(asks_for(method, "test_x(TestCart)", unit));
        assert!(!asks_for(method, "test_xy(TestCart)", unit));
    }
}
