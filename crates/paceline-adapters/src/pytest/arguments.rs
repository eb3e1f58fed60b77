//! Arguments of pytest.

use std::path::Path;

use crate::adapter::{Interactive, Request};
use crate::positional;

/// Options of pytest and of common plugins whose value is the next argument.
const WITH_VALUE: [&str; 29] = [
    "-k",
    "-m",
    "-p",
    "-c",
    "-o",
    "-W",
    "-r",
    "-n",
    "--config-file",
    "--rootdir",
    "--confcutdir",
    "--basetemp",
    "--ignore",
    "--ignore-glob",
    "--deselect",
    "--import-mode",
    "--tb",
    "--capture",
    "--maxfail",
    "--durations",
    "--junit-xml",
    "--junitxml",
    "--log-level",
    "--cov-report",
    "--cov-config",
    "--ds",
    "--timeout",
    "--override-ini",
    "--pythonwarnings",
];

/// The arguments of the configuration with what the command line asks for.
pub(super) fn all(configured: &[String], request: &Request, dir: &Path) -> Vec<String> {
    let mut args = if request.targets.is_empty() {
        configured.to_vec()
    } else {
        // What is asked for takes the place of what the configuration names.
        without_paths(configured, dir)
    };
    let mut option = |name: &str, value: &str| args.extend([name.to_owned(), value.to_owned()]);
    if let Some(expression) = &request.keyword {
        option("-k", expression);
    }
    if let Some(expression) = &request.markers {
        option("-m", expression);
    }
    for id in &request.deselect {
        option("--deselect", id);
    }
    for path in &request.ignore {
        option("--ignore", path);
    }
    match request.interactive {
        Some(Interactive::NoCapture) => args.push("--capture=no".to_owned()),
        Some(Interactive::Debugger) => args.push("--pdb".to_owned()),
        None => {}
    }
    args.extend_from_slice(&request.native);
    args.extend_from_slice(&request.targets);
    args
}

/// The arguments of the configuration that belong into a command that runs one test.
pub(super) fn rerun(configured: &[String], dir: &Path) -> Vec<String> {
    without_paths(configured, dir)
}

/// Leaves out files, directories and tests that exist in `dir`.
fn without_paths(args: &[String], dir: &Path) -> Vec<String> {
    positional::without_paths(args, &WITH_VALUE, |arg| {
        let path = arg.split("::").next().unwrap_or_default();
        dir.join(path).exists()
    })
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
        std::fs::write(dir.path().join("ci.ini"), "").unwrap();
        let configured = words("-q -c ci.ini tests other");
        let all = |request: &Request| all(&configured, request, dir.path()).join(" ");
        assert_eq!(all(&Request::default()), "-q -c ci.ini tests other");
        let request = Request {
            targets: vec!["tests/test_a.py::test_x[a b]".to_owned()],
            keyword: Some("a and b".to_owned()),
            markers: Some("not slow".to_owned()),
            deselect: vec!["tests/test_b.py".to_owned()],
            ignore: vec!["/x".to_owned()],
            interactive: Some(Interactive::Debugger),
            native: words("--tb=short"),
        };
        assert_eq!(
            all(&request),
            "-q -c ci.ini other -k a and b -m not slow --deselect tests/test_b.py --ignore /x \
             --pdb --tb=short tests/test_a.py::test_x[a b]"
        );
    }

    #[test]
    fn a_command_for_one_test_has_no_other_paths() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("tests/x")).unwrap();
        let args = words("tests -p tests tests/x::y --ignore tests/x -x");
        assert_eq!(
            rerun(&args, dir.path()).join(" "),
            "-p tests --ignore tests/x -x"
        );
    }
}
