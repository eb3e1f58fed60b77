//! Tests of test-unit and minitest: the class as the class name, and the test in it as the name.
//! Neither framework has a report in JUnit's format of its own.

use paceline_engine::event::{TestDetails, TestFinished};

use super::case::Element;
use super::native;

/// Class name and name: of `test_x[label](TestFoo::inner)` and of `TestFoo#test_x`. What has neither
/// form is a file that could not be loaded.
pub(super) fn address(framework: &str, id: &str) -> (String, String) {
    let parts = if framework == "minitest" {
        id.split_once('#')
    } else {
        in_parentheses(id)
    };
    match parts {
        Some((class, name)) => (class.to_owned(), name.to_owned()),
        None => (String::new(), id.to_owned()),
    }
}

/// The class at the end of a name, in parentheses. Labels and names of cases can have parentheses too:
/// the class is what begins like a constant and whose own are pairs.
fn in_parentheses(id: &str) -> Option<(&str, &str)> {
    let last = id.rfind(')')?;
    let inner = id.get(..last)?;
    let mut starts = inner.match_indices('(').map(|(at, _)| at);
    starts.find_map(|at| {
        let (name, class) = (id.get(..at)?, inner.get(at + 1..)?);
        let count = |text: &str, char: char| text.matches(char).count();
        let is_constant = class.starts_with(|c: char| c.is_uppercase() || c == '#');
        let is_whole = count(name, '[') == count(name, ']');
        let has_pairs = count(class, '(') == count(class, ')');
        (is_constant && is_whole && has_pairs).then_some((class, name))
    })
}

/// What did not simply pass.
pub(super) fn elements(test: &TestFinished, details: &TestDetails) -> Vec<Element> {
    let problems = details.problems.iter().filter_map(|problem| {
        let message = problem.reason.as_deref().or(problem.message.as_deref());
        native::element(test, details, problem, message, "")
    });
    problems.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_classes_and_tests() {
        let cases = [
            ("test-unit", "test_x(TestFoo)", ("TestFoo", "test_x")),
            (
                "test-unit",
                "test: it works (well)(TestFoo::with (pairs))",
                ("TestFoo::with (pairs)", "test: it works (well)"),
            ),
            (
                "test-unit",
                "test_x[a (B)](A::TestFoo) #2",
                ("A::TestFoo", "test_x[a (B)]"),
            ),
            ("test-unit", "test/test_a.rb", ("", "test/test_a.rb")),
            (
                "minitest",
                "Foo::when empty#test_0001_is # empty",
                ("Foo::when empty", "test_0001_is # empty"),
            ),
            ("minitest", "test/foo_test.rb", ("", "test/foo_test.rb")),
        ];
        for (framework, id, (class, name)) in cases {
            let expected = (class.to_owned(), name.to_owned());
            assert_eq!(address(framework, id), expected, "{id}");
        }
    }
}
