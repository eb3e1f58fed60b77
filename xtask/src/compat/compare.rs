//! Sets the results of two runs side by side.

use std::fmt::{self, Write as _};
use std::sync::LazyLock;

use regex::Regex;

use super::results::{Finding, Id, Results};

/// In what a test differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Only pytest has the test.
    Missing,
    /// Only paceline has the test.
    Extra,
    Outcome,
    /// Why it was skipped or is expected to fail.
    Reason,
    /// The message of a failure.
    Message,
    /// The text of a failure.
    Text,
    /// One run as a whole passed, and the other did not.
    Exit,
    /// paceline has complained of its own workers.
    Protocol,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Missing,
        Self::Extra,
        Self::Outcome,
        Self::Reason,
        Self::Message,
        Self::Text,
        Self::Exit,
        Self::Protocol,
    ];

    /// The kind of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Outcome => "outcome",
            Self::Reason => "reason",
            Self::Message => "message",
            Self::Text => "text",
            Self::Exit => "exit",
            Self::Protocol => "protocol",
        }
    }
}

/// A difference of one test, or of the whole run where the test is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) kind: Kind,
    /// `CLASS::NAME`, as in the reports.
    pub(crate) test: String,
    pub(crate) pytest: String,
    pub(crate) paceline: String,
}

impl Difference {
    /// What a framework of this name says, and what paceline says.
    pub(crate) fn beside(&self, framework: &str) -> String {
        let mut shown = format!("{}: {}\n", self.kind.as_str(), self.test);
        for (name, text) in [(framework, &self.pytest), ("paceline", &self.paceline)] {
            // Writing to a string does not fail.
            let _ = writeln!(shown, "    {name}:");
            for line in text.lines() {
                let _ = writeln!(shown, "      | {line}");
            }
        }
        shown
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.beside("pytest"))
    }
}

/// All differences, in the order of pytest's tests and then of those that only paceline has.
pub(crate) fn compare(pytest: &Results, paceline: &Results) -> Vec<Difference> {
    let paceline = &unnumbered(pytest, paceline);
    let (pytest, paceline) = &(renamed(pytest, paceline), renamed(paceline, pytest));
    let mut differences = Vec::new();
    for (id, expected) in &pytest.0 {
        match paceline.0.get(id) {
            Some(found) => differences.extend(compare_test(id, expected, found)),
            None => differences.push(difference(Kind::Missing, id, &outcomes(expected), "")),
        }
    }
    for (id, found) in &paceline.0 {
        if !pytest.0.contains_key(id) {
            differences.push(difference(Kind::Extra, id, "", &outcomes(found)));
        }
    }
    differences
}

/// Where several tests have the same id, paceline numbers the later ones (`test_x (2)`), since readers
/// of JUnit take tests of one name for one test. Here they are put together again, as pytest has them.
fn unnumbered(pytest: &Results, paceline: &Results) -> Results {
    let mut together = Results::default();
    for (id, findings) in &paceline.0 {
        let (class, name) = id;
        let plain = name
            .rsplit_once(" (")
            .filter(|(_, number)| {
                number
                    .strip_suffix(')')
                    .is_some_and(|number| number.parse::<u32>().is_ok())
            })
            .map(|(name, _)| (class.clone(), name.to_owned()));
        let id = match plain {
            Some(plain) if !pytest.0.contains_key(id) && pytest.0.contains_key(&plain) => plain,
            _ => id.clone(),
        };
        let all = together.0.entry(id).or_default();
        all.extend(findings.iter().cloned());
        all.sort();
    }
    together
}

/// The results of `of`, where tests that the other does not have go by their names without chance: some
/// have the time or an address among their parameters.
fn renamed(of: &Results, other: &Results) -> Results {
    let mut renamed = Results::default();
    for (id, findings) in &of.0 {
        let id = if other.0.contains_key(id) {
            id.clone()
        } else {
            (id.0.clone(), without_chance(&id.1))
        };
        let all = renamed.0.entry(id).or_default();
        all.extend(findings.iter().cloned());
        all.sort();
    }
    renamed
}

fn compare_test(id: &Id, expected: &[Finding], found: &[Finding]) -> Vec<Difference> {
    if outcomes(expected) != outcomes(found) {
        return vec![difference(Kind::Outcome, id, &told(expected), &told(found))];
    }
    let mut differences = Vec::new();
    // Sorted anew: what is normalised can have decided the order.
    for (expected, found) in normal(expected).iter().zip(&normal(found)) {
        let (message, text) = if expected.outcome == "skipped" {
            (Kind::Reason, Kind::Reason)
        } else {
            (Kind::Message, Kind::Text)
        };
        if (&expected.kind, &expected.message) != (&found.kind, &found.message) {
            let said = |finding: &Finding| format!("{} {}", finding.kind, finding.message);
            differences.push(difference(message, id, &said(expected), &said(found)));
        } else if expected.text != found.text {
            differences.push(difference(text, id, &expected.text, &found.text));
        }
    }
    differences
}

fn difference(kind: Kind, id: &Id, pytest: &str, paceline: &str) -> Difference {
    let (class, name) = id;
    Difference {
        kind,
        test: format!("{class}::{name}"),
        pytest: pytest.to_owned(),
        paceline: paceline.to_owned(),
    }
}

fn outcomes(findings: &[Finding]) -> String {
    let outcomes: Vec<&str> = findings
        .iter()
        .map(|finding| finding.outcome.as_str())
        .collect();
    outcomes.join(", ")
}

/// Outcomes with the first line of what is said of each.
fn told(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let line = finding.message.lines().next().unwrap_or_default();
            format!("{} {line}", finding.outcome).trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

fn normal(findings: &[Finding]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = findings
        .iter()
        .map(|finding| Finding {
            outcome: finding.outcome.clone(),
            kind: finding.kind.clone(),
            message: without_chance(&finding.message),
            text: without_chance(&finding.text),
        })
        .collect();
    findings.sort();
    findings
}

/// A text without what differs from one run of pytest to the next: addresses, temporary paths, times.
fn without_chance(text: &str) -> String {
    static PARTS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            (r"0x[0-9a-fA-F]{6,}", "0x…"),
            (
                r"pytest-of-[^/\s]+/pytest-\d+(/popen-gw\d+)?",
                "pytest-of-…",
            ),
            (r"/tmp/tmp[0-9a-z_]{8}", "/tmp/tmp…"),
            (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?", "(time)"),
            (r"\b\d\d:\d\d:\d\d\b", "(time)"),
            (r"\b\d+\.\d+( ?)(s|ms|seconds|secs)\b", "(duration)"),
        ]
        .into_iter()
        .filter_map(|(pattern, with)| Some((Regex::new(pattern).ok()?, with)))
        .collect()
    });
    let mut text = text.to_owned();
    for (part, with) in PARTS.iter() {
        text = part.replace_all(&text, *with).into_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of a test, and its findings: outcome, message, text.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str, &'a str)]);

    fn results(cases: &[Case<'_>]) -> Results {
        let mut results = Results::default();
        for (name, findings) in cases {
            let findings = findings.iter().map(|(outcome, message, text)| Finding {
                outcome: (*outcome).to_owned(),
                kind: String::new(),
                message: (*message).to_owned(),
                text: (*text).to_owned(),
            });
            results
                .0
                .insert(("t".to_owned(), (*name).to_owned()), findings.collect());
        }
        results
    }

    fn kinds(pytest: &Results, paceline: &Results) -> Vec<String> {
        compare(pytest, paceline)
            .iter()
            .map(|difference| format!("{} {}", difference.kind.as_str(), difference.test))
            .collect()
    }

    #[test]
    fn each_kind_of_difference_is_found() {
        let pytest = results(&[
            ("a", &[("passed", "", "")]),
            ("b", &[("passed", "", "")]),
            ("c", &[("skipped", "no", "")]),
            ("d", &[("failure", "assert 1", "")]),
            ("e", &[("failure", "assert 1", "E 1")]),
        ]);
        let paceline = results(&[
            ("b", &[("error", "", "")]),
            ("c", &[("skipped", "yes", "")]),
            ("d", &[("failure", "assert 2", "")]),
            ("e", &[("failure", "assert 1", "E 2")]),
            ("f", &[("passed", "", "")]),
        ]);
        assert_eq!(
            kinds(&pytest, &paceline),
            [
                "missing t::a",
                "outcome t::b",
                "reason t::c",
                "message t::d",
                "text t::e",
                "extra t::f"
            ]
        );
        assert!(compare(&pytest, &pytest).is_empty());
    }

    #[test]
    fn what_chance_decides_is_no_difference() {
        let one = "<X at 0x7f0011aa> /tmp/pytest-of-root/pytest-3/a0 /tmp/tmpab_3dfgh in 0.21s";
        let other = "<X at 0x7fffffff> /tmp/pytest-of-root/pytest-41/popen-gw1/a0 /tmp/tmp00000000 in 1.33s";
        let pytest = results(&[("a", &[("failure", one, one)])]);
        let paceline = results(&[("a", &[("failure", other, other)])]);
        assert_eq!(kinds(&pytest, &paceline), [""; 0]);
        let third = results(&[("a", &[("failure", "<Y at 0x7f0011aa>", "")])]);
        assert_eq!(kinds(&pytest, &third), ["message t::a"]);
    }

    #[test]
    fn nor_is_it_in_names() {
        let pytest = results(&[("x[20:19:25]", &[("passed", "", "")])]);
        let paceline = results(&[("x[20:19:32]", &[("passed", "", "")])]);
        assert_eq!(kinds(&pytest, &paceline), [""; 0]);
        let other = results(&[("y[20:19:32]", &[("passed", "", "")])]);
        assert_eq!(
            kinds(&pytest, &other),
            ["missing t::x[(time)]", "extra t::y[(time)]"]
        );
    }

    #[test]
    fn numbered_tests_are_put_together() {
        let pytest = results(&[
            ("a", &[("passed", "", ""), ("passed", "", "")]),
            ("b (2)", &[("passed", "", "")]),
        ]);
        let paceline = results(&[
            ("a", &[("passed", "", "")]),
            ("a (2)", &[("passed", "", "")]),
            ("b (2)", &[("passed", "", "")]),
        ]);
        assert_eq!(kinds(&pytest, &paceline), [""; 0]);
        let once = results(&[
            ("a", &[("passed", "", "")]),
            ("b (2)", &[("passed", "", "")]),
        ]);
        assert_eq!(kinds(&pytest, &once), ["outcome t::a"]);
    }
}
