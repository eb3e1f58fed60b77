//! Arguments of test-unit and minitest, and of Ruby itself.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::Framework;
use crate::adapter::Request;
use crate::positional;

/// Directories that are on the load path where nothing else is said, as under Rake and Rails.
const LOAD_PATH: [&str; 3] = ["lib", "test", "spec"];

/// Options of the frameworks whose value is the next argument.
const WITH_VALUE: [&str; 37] = [
    "-n",
    "--name",
    "-i",
    "--include",
    "-e",
    "--exclude",
    "-t",
    "--testcase",
    "-s",
    "--seed",
    "-p",
    "--pattern",
    "-x",
    "-a",
    "-b",
    "--base",
    "--ignore-name",
    "--ignore-testcase",
    "--location",
    "--attribute",
    "--order",
    "--config",
    "--require",
    "--workdir",
    "--collector",
    "--max-diff-target-string-size",
    "--runner",
    "-r",
    "-S",
    "--skip",
    "--add",
    "--basedir",
    "--color-scheme",
    "--default-priority",
    "--default-test-path",
    "--output-file-descriptor",
    "--progress-row-max",
];

/// What starts Ruby and what the framework is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    /// For Ruby: the load path, libraries, warnings.
    pub(super) ruby: Vec<String>,
    /// For the framework: options and paths.
    pub(super) framework: Vec<String>,
    /// Whether these have paths.
    pub(super) has_paths: bool,
    /// What the worker chooses by: `only`, `deselect`, `ignore`, `keyword`.
    pub(super) choice: Map<String, Value>,
}

/// The arguments of the configuration with what the command line asks for.
pub(super) fn all(
    framework: Framework,
    configured: &[String],
    request: &Request,
    dir: &Path,
) -> Arguments {
    let (mut ruby, mut rest) = of_ruby(framework, configured);
    let (native_ruby, native) = of_ruby(framework, &request.native);
    ruby.extend(native_ruby);
    if !ruby.iter().any(|option| option.starts_with("-I")) {
        let usual = LOAD_PATH.iter().filter(|name| dir.join(name).is_dir());
        let usual: Vec<String> = usual.map(|name| format!("-I{name}")).collect();
        ruby.splice(0..0, usual);
    }
    let options = without_paths(&rest, dir);
    let mut has_paths = options.len() < rest.len();
    let mut choice = Map::new();
    let mut choose = |key: &str, values: &[String]| {
        if !values.is_empty() {
            choice.insert(key.to_owned(), json!(values));
        }
    };
    let paths: Option<Vec<&str>> = request.targets.iter().map(|one| path(one, dir)).collect();
    match paths {
        Some(mut paths) if !paths.is_empty() => {
            // What is asked for takes the place of what the configuration names.
            rest = options;
            rest.extend(native);
            has_paths = true;
            paths.dedup();
            if paths != request.targets {
                choose("only", &request.targets);
            }
            rest.extend(paths.into_iter().map(str::to_owned));
        }
        _ => {
            choose("only", &request.targets);
            rest.extend(native);
        }
    }
    choose("deselect", &request.deselect);
    choose("ignore", &request.ignore);
    if let Some(expression) = &request.keyword {
        choice.insert("keyword".to_owned(), json!(expression));
    }
    Arguments {
        ruby,
        framework: rest,
        has_paths,
        choice,
    }
}

/// The file or directory of a target, if it names one: `test/test_a.rb` of `test/test_a.rb:12` and of
/// `test/test_a.rb::TestA#test_x`.
pub(super) fn path<'a>(target: &'a str, dir: &Path) -> Option<&'a str> {
    let exists = |path: &&str| dir.join(path).exists();
    if exists(&target) {
        return Some(target);
    }
    let before_line = target.rsplit_once(':').and_then(|(path, line)| {
        let is_line = !line.is_empty() && line.chars().all(|c| c.is_ascii_digit());
        is_line.then_some(path)
    });
    let before_name = target.split_once("::").map(|(path, _)| path);
    [before_line, before_name]
        .into_iter()
        .flatten()
        .find(exists)
}

/// Takes the options that are Ruby's own apart from those of the framework.
fn of_ruby(framework: Framework, args: &[String]) -> (Vec<String>, Vec<String>) {
    let mut ruby = Vec::new();
    let mut rest = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        // test-unit has another `-r`.
        let is_library = framework == Framework::Minitest && arg.starts_with("-r");
        let is_load_path = arg.starts_with("-I");
        if (is_load_path || is_library) && arg.len() == 2 {
            ruby.extend(args.next().map(|value| format!("{arg}{value}")));
        } else if is_load_path || is_library || arg == "-w" || arg.starts_with("-W") {
            ruby.push(arg.clone());
        } else {
            let has_value = WITH_VALUE.contains(&arg.as_str());
            rest.push(arg.clone());
            if has_value {
                rest.extend(args.next().cloned());
            }
        }
    }
    (ruby, rest)
}

/// Leaves out files and directories that exist in `dir`, and patterns of files.
fn without_paths(args: &[String], dir: &Path) -> Vec<String> {
    positional::without_paths(args, &WITH_VALUE, |arg| {
        path(arg, dir).is_some() || arg.contains(['*', '?', '{'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn directory() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in ["lib", "test/sub"] {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        std::fs::write(dir.path().join("test/test_a.rb"), "").unwrap();
        dir
    }

    #[test]
    fn options_of_ruby_go_to_ruby() {
        let dir = directory();
        let of = |line: &str, framework| {
            let request = Request::default();
            let found = all(framework, &words(line), &request, dir.path());
            [found.ruby.join(" "), found.framework.join(" ")]
        };
        assert_eq!(
            of("-w -n /x/ test", Framework::TestUnit),
            ["-Ilib -Itest -w", "-n /x/ test"]
        );
        assert_eq!(
            of("-I ext -Ilib -r helper -n -w", Framework::Minitest),
            ["-Iext -Ilib -rhelper", "-n -w"]
        );
        assert_eq!(
            of("-r console", Framework::TestUnit),
            ["-Ilib -Itest", "-r console"]
        );
    }

    #[test]
    fn what_is_asked_for_takes_the_place_of_configured_paths() {
        let dir = directory();
        let all = |request: &Request| {
            let configured = words("--order random -n test test/*.rb test");
            let found = all(Framework::TestUnit, &configured, request, dir.path());
            let choice = Value::Object(found.choice).to_string();
            assert!(found.has_paths);
            (found.framework.join(" "), choice)
        };
        let targets = |line: &str| Request {
            targets: words(line),
            ..Request::default()
        };
        let request = Request {
            native: words("--seed 1"),
            ..targets("test/sub test/test_a.rb")
        };
        assert_eq!(
            all(&request),
            (
                "--order random -n test --seed 1 test/sub test/test_a.rb".to_owned(),
                "{}".to_owned()
            )
        );
        let request = targets("test/test_a.rb:12 test/test_a.rb::TestA#test_x");
        assert_eq!(
            all(&request),
            (
                "--order random -n test test/test_a.rb".to_owned(),
                r#"{"only":["test/test_a.rb:12","test/test_a.rb::TestA#test_x"]}"#.to_owned()
            )
        );
        let request = Request {
            deselect: words("TestA#test_y"),
            ignore: words("test/sub"),
            keyword: Some("a and b".to_owned()),
            ..targets("TestA#test_x")
        };
        assert_eq!(
            all(&request),
            (
                "--order random -n test test/*.rb test".to_owned(),
                r#"{"only":["TestA#test_x"],"deselect":["TestA#test_y"],"ignore":["test/sub"],"keyword":"a and b"}"#.to_owned()
            )
        );
    }
}
