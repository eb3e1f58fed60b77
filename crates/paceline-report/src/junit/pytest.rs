//! Tests of pytest, told as its own `--junitxml` of the family `xunit2` tells them.

use std::fmt::Write as _;

use paceline_engine::event::{Problem, Subtest, TestDetails, TestFinished};

use super::case::Element;

/// Longer messages are cut; the text has them in full.
const MESSAGE: usize = 500;

/// Class name and name: the path with dots and without `.py`, the classes, the function with its
/// parameters.
pub(super) fn address(id: &str) -> (String, String) {
    let (path, rest) = match id.split_once("::") {
        Some((path, rest)) => (path, Some(rest)),
        None => (id, None),
    };
    let path = path.replace('/', ".");
    let path = path.strip_suffix(".py").unwrap_or(&path).to_owned();
    let Some(rest) = rest else {
        return (String::new(), escape(&path));
    };
    // What stands in brackets may have colons too.
    let (names, parameters) = match rest.find('[') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let mut class = vec![path.as_str()];
    class.extend(names.split("::"));
    let name = class.pop().unwrap_or_default();
    let name = escape(&format!("{name}{parameters}"));
    (class.join("."), name)
}

/// What did not simply pass.
pub(super) fn elements(test: &TestFinished, details: &TestDetails) -> Vec<Element> {
    let subtests = details.subtests.iter().filter_map(subtest);
    let problems = details
        .problems
        .iter()
        .filter_map(|found| problem(test, found));
    subtests.chain(problems).collect()
}

fn subtest(subtest: &Subtest) -> Option<Element> {
    let message = subtest.message.as_deref().unwrap_or_default();
    match subtest.outcome.as_str() {
        "passed" | "xpassed" => None,
        "skipped" => Some(Element::new("skipped", escape(message)).kind("pytest.skip")),
        "xfailed" => Some(xfailed(message)),
        _ => {
            let text = subtest.text.as_deref().unwrap_or(message);
            Some(Element::new("failure", escape(&shortened(message))).text(escape(text)))
        }
    }
}

fn problem(test: &TestFinished, problem: &Problem) -> Option<Element> {
    let message = problem.message.as_deref();
    let reason = problem.reason.as_deref().or(message).unwrap_or_default();
    let message = message.or(test.message.as_deref()).unwrap_or_default();
    let text = escape(problem.text.as_deref().unwrap_or(message));
    let element = match (problem.outcome.as_str(), problem.phase.as_str()) {
        ("passed" | "xpassed", _) => return None,
        ("skipped", "collect") => {
            let (file, line) = problem.location.clone().unwrap_or_default();
            let line = line.map_or_else(|| "None".to_owned(), |line| line.to_string());
            let [file, reason] = [file, format!("Skipped: {reason}")].map(|text| literal(&text));
            let text = format!("({file}, {line}, {reason})");
            Element::new("skipped", "collection skipped").text(escape(&text))
        }
        ("skipped", _) => {
            let reason = if reason.is_empty() { "Skipped" } else { reason };
            let element = Element::new("skipped", escape(reason)).kind("pytest.skip");
            match &problem.location {
                Some((file, line)) => {
                    let line = line.map_or_else(|| "None".to_owned(), |line| line.to_string());
                    element.text(escape(&format!("{file}:{line}: {reason}")))
                }
                None => element,
            }
        }
        ("xfailed", _) => xfailed(problem.reason.as_deref().unwrap_or_default()),
        // What pytest itself knows nothing of, as it did not survive it.
        (outcome @ ("crashed" | "timed-out"), _) => {
            Element::new("error", escape(&shortened(message)))
                .kind(outcome)
                .text(text)
        }
        (_, "collect") => Element::new("error", "collection failure").text(text),
        (_, phase @ ("setup" | "teardown")) => {
            let message = format!("failed on {phase} with \"{message}\"");
            Element::new("error", escape(&shortened(&message))).text(text)
        }
        ("errored", _) => Element::new("error", escape(&shortened(message))).text(text),
        _ => Element::new("failure", escape(&shortened(message))).text(text),
    };
    Some(element)
}

fn xfailed(reason: &str) -> Element {
    let reason = reason.strip_prefix("reason: ").unwrap_or(reason);
    Element::new("skipped", escape(reason)).kind("pytest.xfail")
}

/// Text as a Python literal.
fn literal(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut literal = String::from(quote);
    for char in text.chars() {
        match char {
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            char if char == quote || char == '\\' => literal.extend(['\\', char]),
            char => literal.push(char),
        }
    }
    literal.push(quote);
    literal
}

/// Whole lines while they fit, with a note where something was left out.
fn shortened(message: &str) -> String {
    let lines: Vec<&str> = message.lines().collect();
    let mut kept = Vec::new();
    let mut size = 0;
    for line in &lines {
        let length = line.chars().count() + 1;
        if !kept.is_empty() && size + length > MESSAGE {
            break;
        }
        kept.push(*line);
        size += length;
    }
    let remaining = lines.len() - kept.len();
    let mut short = kept.join("\n");
    let is_cut = short.chars().count() > MESSAGE;
    if is_cut {
        short = short.chars().take(MESSAGE).chain("...".chars()).collect();
    }
    let note = match remaining {
        0 if is_cut => "truncated".to_owned(),
        0 => return message.to_owned(),
        1 => "+1 more line".to_owned(),
        more => format!("+{more} more lines"),
    };
    format!("{short}\n[{note}; full report in element text]")
}

/// Characters that XML cannot have, made visible as pytest does.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{80}'..='\u{fffd}' | '\u{10000}'.. => {
                escaped.push(char);
            }
            // Writing to a string does not fail.
            char if u32::from(char) <= 0xff => {
                let _ = write!(escaped, "#x{:02X}", u32::from(char));
            }
            char => {
                let _ = write!(escaped, "#x{:04X}", u32::from(char));
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_pytest() {
        let cases = [
            ("test_a.py::test_x", ("test_a", "test_x")),
            (
                "a/b/test_c.py::TestD::test_e",
                ("a.b.test_c.TestD", "test_e"),
            ),
            (
                "a/test_b.py::test_c[x::y/z.py]",
                ("a.test_b", "test_c[x::y/z.py]"),
            ),
            ("a/test_b.py::test_c[[1]]", ("a.test_b", "test_c[[1]]")),
            ("a/test_b.py", ("", "a.test_b")),
            ("docs/x.rst::x.rst", ("docs.x.rst", "x.rst")),
            ("a/b.py::b.f", ("a.b", "b.f")),
            ("dir[1]/test_a.py::test_x", ("dir[1].test_a", "test_x")),
            ("t.py::test_x[\u{7}]", ("t", "test_x[#x07]")),
        ];
        for (id, (class, name)) in cases {
            assert_eq!(address(id), (class.to_owned(), name.to_owned()), "{id}");
        }
    }

    #[test]
    fn literals_are_those_of_python() {
        assert_eq!(literal("plain"), "'plain'");
        assert_eq!(literal("it's"), "\"it's\"");
        assert_eq!(literal("it's \"so\"\n"), r#"'it\'s "so"\n'"#);
    }

    #[test]
    fn long_messages_keep_whole_lines() {
        assert_eq!(shortened("short\nand sweet"), "short\nand sweet");
        let line = "x".repeat(300);
        assert_eq!(
            shortened(&format!("{line}\n{line}\n{line}")),
            format!("{line}\n[+2 more lines; full report in element text]")
        );
        assert_eq!(
            shortened(&"y".repeat(501)),
            format!(
                "{}...\n[truncated; full report in element text]",
                "y".repeat(500)
            )
        );
    }
}
