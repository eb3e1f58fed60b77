//! Arguments of PHPUnit.

use std::path::Path;

use crate::adapter::{Missing, Request};
use crate::positional;

/// Options of PHPUnit whose value is the next argument, where it is not behind `=`.
const WITH_VALUE: [&str; 44] = [
    "-c",
    "-d",
    "--bootstrap",
    "--configuration",
    "--extension",
    "--include-path",
    "--testsuite",
    "--exclude-testsuite",
    "--group",
    "--exclude-group",
    "--covers",
    "--uses",
    "--requires-php-extension",
    "--filter",
    "--exclude-filter",
    "--test-suffix",
    "--default-time-limit",
    "--columns",
    "--order-by",
    "--random-order-seed",
    "--repeat",
    "--retry",
    "--cache-directory",
    "--cache-result-file",
    "--coverage-cache",
    "--coverage-filter",
    "--coverage-clover",
    "--coverage-cobertura",
    "--coverage-crap4j",
    "--coverage-html",
    "--coverage-php",
    "--coverage-xml",
    "--whitelist",
    "--log-junit",
    "--log-teamcity",
    "--log-events-text",
    "--log-events-verbose-text",
    "--testdox-html",
    "--testdox-text",
    "--testdox-xml",
    "--printer",
    "--loader",
    "--use-baseline",
    "--generate-baseline",
];

/// What chooses tests and says how they run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    /// PHPUnit's own arguments.
    pub(super) words: Vec<String>,
    /// Only these files, directories, classes and tests, of those that the arguments choose; all if
    /// empty.
    pub(super) targets: Vec<String>,
}

/// The arguments of the configuration with what the command line asks for.
pub(super) fn all(
    configured: &[String],
    request: &Request,
    dir: &Path,
) -> Result<Arguments, Missing> {
    let mut words = if request.targets.is_empty() {
        configured.to_vec()
    } else {
        // What is asked for takes the place of what the configuration names.
        without_paths(configured, dir)
    };
    if let Some(pattern) = &request.keyword {
        words.extend(["--filter".to_owned(), pattern.clone()]);
    }
    if let Some(expression) = &request.markers {
        words.extend(groups(expression)?);
    }
    words.extend_from_slice(&request.native);
    let mut targets = request.targets.clone();
    // PHPUnit takes one path, of a file that no test suite has, too.
    if let [only] = &targets[..]
        && dir.join(only).exists()
    {
        words.append(&mut targets);
    }
    Ok(Arguments { words, targets })
}

/// `a or b` and `not a` as options; PHPUnit has no other expressions of groups.
fn groups(expression: &str) -> Result<Vec<String>, Missing> {
    let expression = expression.trim();
    let (option, names) = match expression.strip_prefix("not ") {
        Some(names) => ("--exclude-group", names.trim()),
        None => ("--group", expression),
    };
    let inner = names
        .strip_prefix('(')
        .and_then(|names| names.strip_suffix(')'));
    // `not a or b` means something else.
    let is_one = |names: &str| !names.contains(char::is_whitespace);
    let names = match inner {
        Some(inner) => inner,
        None if option == "--group" || is_one(names) => names,
        None => "",
    };
    let names: Vec<&str> = names.split(" or ").map(str::trim).collect();
    let is_name = |name: &&str| {
        !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "()".contains(c))
    };
    if !names.iter().all(is_name) {
        return Err(Missing {
            what: format!("PHPUnit cannot select groups by `{expression}`"),
            help: Some("write `-m \"a or b\"` or `-m \"not (a or b)\"`".to_owned()),
        });
    }
    Ok(vec![option.to_owned(), names.join(",")])
}

/// The arguments of the configuration that belong into a command that runs one test.
pub(super) fn rerun(configured: &[String], dir: &Path) -> Vec<String> {
    without_paths(configured, dir)
}

/// Leaves out files and directories that exist in `dir`.
fn without_paths(args: &[String], dir: &Path) -> Vec<String> {
    positional::without_paths(args, &WITH_VALUE, |arg| dir.join(arg).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn what_is_asked_for_follows_the_configuration() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("tests")).unwrap();
        std::fs::write(dir.path().join("ci.xml"), "").unwrap();
        let configured = words("-c ci.xml --stop-on-error tests");
        let all = |request: &Request| {
            let all = all(&configured, request, dir.path()).unwrap();
            (all.words.join(" "), all.targets)
        };
        let unchanged = "-c ci.xml --stop-on-error tests".to_owned();
        assert_eq!(all(&Request::default()), (unchanged, vec![]));
        let request = Request {
            targets: vec!["tests/ATest.php::testX".to_owned(), "tests".to_owned()],
            keyword: Some("Foo".to_owned()),
            markers: Some("not slow".to_owned()),
            native: words("--order-by reverse"),
            ..Request::default()
        };
        let narrowed =
            "-c ci.xml --stop-on-error --filter Foo --exclude-group slow --order-by reverse";
        assert_eq!(
            all(&request),
            (narrowed.to_owned(), request.targets.clone())
        );
        let one = Request {
            targets: vec!["tests".to_owned()],
            ..Request::default()
        };
        let path = "-c ci.xml --stop-on-error tests".to_owned();
        assert_eq!(all(&one), (path, vec![]));
    }

    #[test]
    fn groups_are_named_or_left_out() {
        let groups = |text| groups(text).map(|words| words.join(" "));
        assert_eq!(groups("slow").unwrap(), "--group slow");
        assert_eq!(groups("a or b").unwrap(), "--group a,b");
        assert_eq!(groups("not a").unwrap(), "--exclude-group a");
        assert_eq!(groups("not (a or b)").unwrap(), "--exclude-group a,b");
        for other in ["a and b", "not a or b", "", "not (a and b)"] {
            assert!(groups(other).is_err(), "{other}");
        }
    }
}
