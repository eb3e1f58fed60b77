//! What makes no difference between PHPUnit's own log and paceline's report of its tests.

use std::path::Path;

use crate::compat::results::{Finding, Results};

/// PHPUnit's log of the suite in `tree`: `.phpt` files by their paths in it, and risky tests as such
/// and not as errors.
pub(super) fn of_phpunit(results: &Results, tree: &Path) -> Results {
    let prefix = format!("{}/", tree.display());
    normal(results, |(class, name)| {
        let name = name.strip_prefix(&prefix).unwrap_or(name);
        (class.to_owned(), name.to_owned())
    })
}

/// The classes of what PHPUnit makes up.
const MADE_UP: [&str; 4] = [
    "PHPUnit.Framework.ErrorTestCase",
    "PHPUnit.Framework.IncompleteTestCase",
    "PHPUnit.Framework.SkippedTestCase",
    "PHPUnit.Framework.WarningTestCase",
];

/// paceline's report, beside the log of a PHPUnit of this major version.
pub(super) fn of_paceline(results: &Results, major: u32) -> Results {
    let mut normal = normal(results, |(class, name)| {
        // What PHPUnit makes up in place of a test that it cannot make has no class in its log.
        let class = if MADE_UP.contains(&class) { "" } else { class };
        (class.to_owned(), name.to_owned())
    });
    if major >= 10 {
        // Errors of data providers, and of what else is met before a test is one, have no assertions
        // and are not in the log either.
        normal
            .0
            .retain(|_, findings| !matches!(&findings[..], [only] if only.outcome == "error"));
        // From then on the log says nothing of what does not fail a test.
        let findings = normal.0.values_mut().flatten();
        for finding in findings.filter(|finding| REMARKS.contains(&finding.outcome.as_str())) {
            "passed".clone_into(&mut finding.outcome);
        }
        for findings in normal.0.values_mut() {
            findings.sort();
        }
    }
    normal
}

/// What PHPUnit remarks of tests that pass.
const REMARKS: [&str; 4] = ["deprecation", "notice", "risky", "warning"];

fn normal(results: &Results, id: impl Fn((&str, &str)) -> (String, String)) -> Results {
    let mut normal = Results::default();
    for ((class, name), findings) in &results.0 {
        let all = normal.0.entry(id((class, name))).or_default();
        all.extend(findings.iter().map(|one| finding(name, one)));
        all.sort();
    }
    normal
}

fn finding(name: &str, finding: &Finding) -> Finding {
    let Finding {
        outcome,
        kind,
        text,
        ..
    } = finding;
    let bare = |outcome: &str| Finding {
        outcome: outcome.to_owned(),
        ..Finding::default()
    };
    match outcome.as_str() {
        // The number itself is what counts.
        "assertions" => finding.clone(),
        // PHPUnit says nothing more of it.
        "skipped" => bare("skipped"),
        "warning" => bare("warning"),
        "error" if kind == "PHPUnit\\Framework\\RiskyTestError" => bare("risky"),
        outcome => Finding {
            kind: kind.clone(),
            text: told(name, text).to_owned(),
            ..bare(outcome)
        },
    }
}

fn is_phpt(file: &str) -> bool {
    Path::new(file)
        .extension()
        .is_some_and(|extension| extension == "phpt")
}

/// A failure without its first line, which names the test and in PHPUnit's log its data; and without
/// earlier exceptions, which PHPUnit prints and does not log.
fn told<'text>(name: &str, text: &'text str) -> &'text str {
    // PHPUnit from 10 on ends that line only where the test is in a class.
    let file = name.rsplit('/').next().unwrap_or(name);
    let bare = text
        .strip_prefix(file)
        .filter(|rest| !rest.starts_with('\n'));
    let rest = match bare.filter(|_| is_phpt(file)) {
        Some(rest) => rest,
        None => text.split_once('\n').unwrap_or_default().1,
    };
    let (last, _) = rest.split_once("\nCaused by\n").unwrap_or((rest, ""));
    last.trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(entries: &[(&str, &str, Finding)]) -> Results {
        let mut results = Results::default();
        for (class, name, finding) in entries {
            let id = ((*class).to_owned(), (*name).to_owned());
            results.0.entry(id).or_default().push(finding.clone());
        }
        results
    }

    fn finding(outcome: &str, kind: &str, message: &str, text: &str) -> Finding {
        let [outcome, kind, message, text] = [outcome, kind, message, text].map(str::to_owned);
        Finding {
            outcome,
            kind,
            message,
            text,
        }
    }

    #[test]
    fn the_same_told_in_both_ways_is_no_difference() {
        let phpunit = results(&[
            ("", "/src/x/tests/a.phpt", finding("passed", "", "", "")),
            (
                "A",
                "risky",
                finding(
                    "error",
                    "PHPUnit\\Framework\\RiskyTestError",
                    "",
                    "A::risky\nNo.",
                ),
            ),
            (
                "A",
                "fails",
                finding(
                    "failure",
                    "E",
                    "",
                    "A::fails with data set #0 (1)\nNo.\n\n/a:1\n",
                ),
            ),
            (
                "",
                "Warning",
                finding("warning", "W", "", "Warning\nNo tests."),
            ),
        ]);
        let paceline = results(&[
            ("", "tests/a.phpt", finding("passed", "", "", "")),
            ("A", "risky", finding("risky", "", "", "")),
            (
                "A",
                "fails",
                finding(
                    "failure",
                    "E",
                    "No.",
                    "A::fails with data set #0\nNo.\n\n/a:1",
                ),
            ),
            (
                "PHPUnit.Framework.WarningTestCase",
                "Warning",
                finding("warning", "", "", ""),
            ),
        ]);
        let expected = of_phpunit(&phpunit, Path::new("/src/x"));
        assert_eq!(expected, of_paceline(&paceline, 9));
    }

    #[test]
    fn what_differs_still_does() {
        let one = results(&[("A", "fails", finding("failure", "E", "", "A::fails\nYes."))]);
        let other = results(&[("A", "fails", finding("failure", "E", "", "A::fails\nNo."))]);
        assert_ne!(of_phpunit(&one, Path::new("/")), of_paceline(&other, 9));
        let counted = |count: &str| results(&[("A", "a", finding("assertions", "", count, ""))]);
        assert_ne!(
            of_phpunit(&counted("1"), Path::new("/")),
            of_paceline(&counted("2"), 9)
        );
    }

    #[test]
    fn remarks_are_not_in_the_log_of_newer_versions() {
        let logged = results(&[("A", "risky", finding("passed", "", "", ""))]);
        let told = results(&[("A", "risky", finding("risky", "", "", ""))]);
        let expected = of_phpunit(&logged, Path::new("/"));
        assert_eq!(expected, of_paceline(&told, 10));
        assert_ne!(expected, of_paceline(&told, 9));
        let provider = results(&[("A", "data", finding("error", "", "no data", ""))]);
        assert_eq!(of_paceline(&provider, 10), Results::default());
        assert_ne!(of_paceline(&provider, 9), Results::default());
    }
}
