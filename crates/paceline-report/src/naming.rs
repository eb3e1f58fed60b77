//! What tests and places in files are called where people read or copy them: as seen from the
//! root, so that they can be told apart between suites and opened.

use std::borrow::Cow;
use std::path::Path;

use paceline_engine::event::{SuiteInfo, TestDetails, TestFinished};

use crate::model::SuiteState;
use crate::terminal;

/// A file and a line.
pub(crate) type Location = (String, Option<u32>);

/// The id as the framework prints it; the suite's name for a command.
pub(crate) fn native_id(test: &TestFinished) -> &str {
    if let Some(details) = &test.details {
        return &details.native_id;
    }
    let rest = test.test.strip_prefix(&*test.suite);
    rest.and_then(|rest| rest.strip_prefix("::"))
        .unwrap_or(&test.test)
}

/// What people call a test and what `paceline run` takes: the framework's id after the suite's
/// directory where ids begin with a path, else after the suite's name; the suite's name for a command.
#[derive(Debug)]
pub(crate) struct Name {
    /// As seen from the root.
    text: String,
    is_path: bool,
}

impl Name {
    pub(crate) fn of(info: &SuiteInfo, test: &TestFinished) -> Self {
        let is_path = info.framework != "command" && is_path(test);
        let text = if is_path {
            in_suite(info, native_id(test))
        } else {
            test.test.to_string()
        };
        Self { text, is_path }
    }

    /// As seen from the working directory.
    pub(crate) fn seen_from(&self, root: &str) -> String {
        if self.is_path {
            terminal::from_here(root, &self.text)
        } else {
            self.text.clone()
        }
    }
}

/// A test's [`Name`], as seen from the root.
pub(crate) fn test(info: &SuiteInfo, test: &TestFinished) -> String {
    Name::of(info, test).text
}

/// The same of a test that runs, of which its framework has told nothing but its id.
pub(crate) fn running<'a>(info: &SuiteInfo, test: &'a str) -> Cow<'a, str> {
    let rest = test.strip_prefix(&*info.name);
    let id = rest.and_then(|rest| rest.strip_prefix("::"));
    let Some(id) = id.filter(|id| looks_like_path(id)) else {
        return Cow::Borrowed(test);
    };
    if info.dir == "." {
        return Cow::Borrowed(id);
    }
    Cow::Owned(in_suite(info, id))
}

/// Whether an id begins with a file: with a name that has an ending.
fn looks_like_path(id: &str) -> bool {
    let first = id.split("::").next().unwrap_or(id);
    Path::new(first).extension().is_some_and(|ending| {
        let mut bytes = ending.as_encoded_bytes().iter();
        bytes.all(u8::is_ascii_alphanumeric)
    })
}

/// Whether the id of a test begins with the path of its unit or file.
fn is_path(test: &TestFinished) -> bool {
    let id = native_id(test);
    let begins = |details: &TestDetails| {
        let file = details.file.as_ref();
        id.starts_with(&*details.unit) || file.is_some_and(|file| id.starts_with(&**file))
    };
    test.test != test.suite && test.details.as_deref().is_none_or(begins)
}

/// A test's [`Name`], as seen from the working directory.
pub(crate) fn from_here(root: &str, suite: &SuiteState, test: &TestFinished) -> String {
    Name::of(&suite.info, test).seen_from(root)
}

/// A path or an id of a suite that a framework runs, as seen from the root.
pub(crate) fn in_suite(info: &SuiteInfo, path: &str) -> String {
    if info.dir == "." || path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", info.dir.trim_end_matches('/'))
    }
}

/// The end of an id that tells a test from the others of its unit.
pub(crate) fn within_unit(test: &TestFinished) -> &str {
    let id = native_id(test);
    let unit = test.details.as_ref().map(|details| &*details.unit);
    unit.and_then(|unit| id.strip_prefix(unit))
        .and_then(|rest| rest.strip_prefix("::"))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(id)
}

/// Where a test failed, as seen from the root; where it is defined instead, if it failed in a file
/// outside of the root, such as one of its framework.
pub(crate) fn location(root: &str, info: &SuiteInfo, test: &TestFinished) -> Option<Location> {
    let details = test.details.as_ref()?;
    let failed = details
        .problems
        .iter()
        .filter(|problem| fails(&problem.outcome))
        .find_map(|problem| problem.location.clone())
        .map(|(file, line)| (source(root, info, &file), line));
    let defined = details
        .file
        .as_ref()
        .map(|file| (source(root, info, file), details.line));
    match (failed, defined) {
        (Some(failed), Some(defined)) if failed.0.starts_with('/') => Some(defined),
        (failed, defined) => failed.or(defined),
    }
}

/// A file as seen from the root, where it is below it.
pub(crate) fn source(root: &str, info: &SuiteInfo, file: &str) -> String {
    let below = file
        .strip_prefix(root.trim_end_matches('/'))
        .and_then(|rest| rest.strip_prefix('/'));
    match below {
        Some(below) => below.to_owned(),
        None => in_suite(info, file),
    }
}

/// Whether an outcome, in the words of the worker protocol, is a failure.
pub(crate) fn fails(outcome: &str) -> bool {
    matches!(outcome, "failed" | "errored" | "crashed" | "timed-out")
}

/// `FILE:LINE`.
pub(crate) fn place((file, line): &Location) -> String {
    match line {
        Some(line) => format!("{file}:{line}"),
        None => file.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_framework::{Story, framework_suite, test_of};

    #[test]
    fn ids_and_files_are_seen_from_the_root() {
        let mut info = framework_suite("api");
        let test_of_api = test_of("api", "tests/test_a.py::TestX::test_y[1]");
        assert_eq!(
            test(&info, &test_of_api),
            "tests/test_a.py::TestX::test_y[1]"
        );
        assert_eq!(within_unit(&test_of_api), "TestX::test_y[1]");
        info.dir = "services/api".to_owned();
        assert_eq!(
            test(&info, &test_of_api),
            "services/api/tests/test_a.py::TestX::test_y[1]"
        );
        assert_eq!(source("/repo", &info, "/repo/lib/x.py"), "lib/x.py");
        assert_eq!(
            source("/repo", &info, "/repository/x.py"),
            "/repository/x.py"
        );
        assert_eq!(
            source("/repo", &info, "tests/x.py"),
            "services/api/tests/x.py"
        );
    }

    #[test]
    fn an_id_without_a_path_follows_its_suites_name() {
        let mut info = framework_suite("api");
        info.dir = "services/api".to_owned();
        let mut of_class = test_of("api", "TestX#test_y[a/b]");
        let details = of_class.details.as_mut().unwrap();
        details.unit = "test/test_x.rb".into();
        details.file = Some("test/test_x.rb".to_owned());
        assert_eq!(test(&info, &of_class), "api::TestX#test_y[a/b]");
        assert_eq!(within_unit(&of_class), "TestX#test_y[a/b]");
    }

    #[test]
    fn a_failure_outside_of_the_root_is_told_where_the_test_is() {
        let info = framework_suite("api");
        let at = |file: &str| {
            let mut test =
                test_of("api", "tests/test_a.py::test_x").problem("call", "failed", "", "");
            test.details.as_mut().unwrap().problems[0].location = Some((file.to_owned(), Some(3)));
            place(&location("/repo", &info, &test).unwrap())
        };
        assert_eq!(at("/repo/lib/x.py"), "lib/x.py:3");
        assert_eq!(
            at("/usr/lib/python3/unittest/case.py"),
            "tests/test_a.py:10"
        );
    }

    #[test]
    fn a_test_without_details_is_told_by_its_id() {
        let mut test_of_api = test_of("api", "tests/test_a.py::test_y");
        test_of_api.details = None;
        assert_eq!(native_id(&test_of_api), "tests/test_a.py::test_y");
    }
}
