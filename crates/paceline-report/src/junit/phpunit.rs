//! Tests of PHPUnit, told as its own `--log-junit` tells them.
//!
//! Two things differ. What passed and was risky or warned of is no `error` and no `warning`, which
//! readers would take for a failure: the attribute `status` says it. And `.phpt` files are called by
//! their path below the suite's directory, not by one that only this machine has.

use paceline_engine::event::{TestDetails, TestFinished};

use super::case::Element;
use super::native;
use crate::sanitize;

/// The class, with dots in place of namespaces, and the method with its data set.
pub(super) fn address(id: &str) -> (String, String) {
    match id.split_once("::") {
        Some((class, method)) => (class.replace('\\', "."), method.to_owned()),
        None => (String::new(), id.to_owned()),
    }
}

/// The class as PHP has it; `None` for `.phpt` files.
pub(super) fn class(id: &str) -> Option<&str> {
    id.split_once("::").map(|(class, _)| class)
}

/// What did not simply pass.
pub(super) fn elements(test: &TestFinished, details: &TestDetails) -> Vec<Element> {
    let heading = format!("{}\n", details.native_id);
    let problems = details.problems.iter().filter_map(|problem| {
        let message = problem.message.as_deref().or(problem.reason.as_deref());
        native::element(test, details, problem, message, &heading)
    });
    problems.collect()
}

/// What the test printed.
pub(super) fn output(details: &TestDetails) -> Option<String> {
    let texts = details.sections.iter();
    let output: String = texts
        .map(|(_, text)| sanitize::plain(text.as_bytes()))
        .collect();
    (!output.is_empty()).then_some(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_phpunit() {
        let cases = [
            ("FooTest::testBar", ("FooTest", "testBar")),
            (
                "App\\Sub\\FooTest::testBar with data set \"a::b\"",
                ("App.Sub.FooTest", "testBar with data set \"a::b\""),
            ),
            ("tests/a.phpt", ("", "tests/a.phpt")),
        ];
        for (id, (class, name)) in cases {
            assert_eq!(address(id), (class.to_owned(), name.to_owned()), "{id}");
        }
        assert_eq!(class("App\\FooTest::testBar"), Some("App\\FooTest"));
        assert_eq!(class("tests/a.phpt"), None);
    }
}
