//! What the command line says of single tests: paths, ids and expressions, and which suite each is
//! about.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use paceline_adapters::adapter::{Adapter, Interactive, Request, TestOption};

use crate::cli::RunArgs;
use crate::config::{Config, ConfigError, SuiteConfig};
use crate::diagnostic::Diagnostic;
use crate::glob;
use crate::suggest::closest;

/// What is asked for within suites.
#[derive(Clone, Debug, Default)]
pub struct TestQuery {
    /// What relative paths are relative to; absolute.
    pub cwd: PathBuf,
    /// `-k`.
    pub keyword: Option<String>,
    /// `-m`.
    pub markers: Option<String>,
    /// `--deselect`.
    pub deselect: Vec<String>,
    /// `--ignore`.
    pub ignore: Vec<String>,
    /// `--no-capture` and `--pdb`.
    pub interactive: Option<Interactive>,
    /// What follows `--`.
    pub native: Vec<String>,
    /// Only what failed in an earlier run.
    pub failed: Option<Vec<Failure>>,
}

/// A test that failed in an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its suite.
    pub suite: String,
    /// The id that its framework has for it; `None` if it is the suite as a whole.
    pub native_id: Option<String>,
    /// The file that it is in, as its framework names it.
    pub unit: Option<String>,
}

impl TestQuery {
    /// All tests.
    pub fn at(cwd: &Path) -> Self {
        Self {
            cwd: cwd.to_owned(),
            ..Self::default()
        }
    }

    /// What the command line says.
    pub fn new(cwd: &Path, args: &RunArgs) -> Self {
        let options = &args.options;
        Self {
            cwd: cwd.to_owned(),
            keyword: options.keyword.clone(),
            markers: options.markers.clone(),
            deselect: options.deselect.clone(),
            ignore: options.ignore.clone(),
            interactive: if options.pdb {
                Some(Interactive::Debugger)
            } else {
                options.no_capture.then_some(Interactive::NoCapture)
            },
            native: args.native.clone(),
            failed: None,
        }
    }

    /// The options that are used, as they are written.
    fn used(&self) -> Vec<(TestOption, &'static str)> {
        let (no_capture, debugger) = match self.interactive {
            None => (false, false),
            Some(Interactive::NoCapture) => (true, false),
            Some(Interactive::Debugger) => (false, true),
        };
        let all = [
            (self.keyword.is_some(), TestOption::Keyword, "-k"),
            (self.markers.is_some(), TestOption::Markers, "-m"),
            (
                !self.deselect.is_empty(),
                TestOption::Deselect,
                "--deselect",
            ),
            (!self.ignore.is_empty(), TestOption::Ignore, "--ignore"),
            (no_capture, TestOption::NoCapture, "--no-capture"),
            (debugger, TestOption::Debugger, "--pdb"),
            (!self.native.is_empty(), TestOption::Native, "--"),
        ];
        let used = all.into_iter().filter(|(used, _, _)| *used);
        used.map(|(_, option, written)| (option, written)).collect()
    }
}

/// What was asked for, suite by suite.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets {
    /// Suites that are named, or that hold what is named.
    pub(crate) suites: Vec<String>,
    /// What is asked of each suite that tests are named of.
    requests: BTreeMap<String, Request>,
}

impl Targets {
    /// Finds the suite of each argument: its name, an id or path of tests in it, or a directory
    /// around it. What is nothing of that is left among [`Self::suites`], as a name, for the check
    /// of names.
    ///
    /// # Errors
    /// Paths that do not exist or that no suite can be narrowed to, all of them.
    pub(crate) fn find(
        config: &Config,
        arguments: &[String],
        only: &[String],
        query: &TestQuery,
    ) -> Result<Self, ConfigError> {
        let places = Places::of(config, query);
        let mut targets = Self {
            suites: Vec::new(),
            requests: BTreeMap::new(),
        };
        let mut mistakes = Vec::new();
        let (names, others): (Vec<&String>, Vec<&String>) =
            arguments.iter().partition(|argument| places.has(argument));
        targets.suites.extend(names.into_iter().cloned());
        let named = [&targets.suites, only].concat();
        for argument in others {
            match places.target(argument, &named) {
                Ok(Target::Suites(suites)) => targets.suites.extend(suites),
                Ok(Target::Tests(suite, tests)) => {
                    targets.request(&suite).targets.extend(tests);
                    targets.suites.push(suite);
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        targets.suites.extend_from_slice(only);
        for id in &query.deselect {
            let found = match places.of_suite(id) {
                Some(found) => found,
                None => places.within(id, &named),
            };
            match found {
                Ok((suite, tests)) => targets.request(&suite).deselect.extend(tests),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        for path in &query.ignore {
            match places.within(path, &named) {
                Ok((suite, paths)) => targets.request(&suite).ignore.extend(paths),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() {
            Ok(targets)
        } else {
            Err(ConfigError {
                source_text: None,
                diagnostics: mistakes,
            })
        }
    }

    fn request(&mut self, suite: &str) -> &mut Request {
        self.requests.entry(suite.to_owned()).or_default()
    }

    /// What is asked of a suite; `None` if nothing of it is to run.
    pub(crate) fn of(
        &self,
        suite: &str,
        adapter: Option<(&'static dyn Adapter, &Path)>,
        query: &TestQuery,
    ) -> Option<Request> {
        let mut request = self.requests.get(suite).cloned().unwrap_or_default();
        if let Some(failed) = &query.failed {
            let failures: Vec<&Failure> = failed
                .iter()
                .filter(|failure| failure.suite == suite)
                .collect();
            if failures.is_empty() {
                return None;
            }
            let ids = failures
                .iter()
                .map(|failure| Some((failure.native_id.as_deref()?, failure.unit.as_deref())));
            // Without an id it was the suite itself that failed: all of it is to run.
            if let (Some((adapter, dir)), Some(ids)) = (adapter, ids.collect::<Option<Vec<_>>>()) {
                let is_asked_for = |test: &str, unit| {
                    let mut around = request.targets.iter();
                    request.targets.is_empty() || around.any(|around| asks_for(around, test, unit))
                };
                let tests = ids.into_iter().filter_map(|(id, unit)| {
                    let test = adapter.target(dir, id)?;
                    is_asked_for(&test, unit).then_some(test)
                });
                let mut tests: Vec<String> = tests.collect();
                tests.dedup();
                if tests.is_empty() {
                    return None;
                }
                request.targets = tests;
            }
        }
        request.keyword.clone_from(&query.keyword);
        request.markers.clone_from(&query.markers);
        request.interactive = query.interactive;
        request.native.clone_from(&query.native);
        Some(request)
    }
}

/// Whether a directory, file, class or test is `test` or holds it. Not all frameworks have files in
/// their ids; `unit` is the file then.
fn asks_for(around: &str, test: &str, unit: Option<&str>) -> bool {
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

/// Options that no suite among `adapters`, those of the selected suites, understands.
pub(crate) fn not_understood(
    query: &TestQuery,
    adapters: &[Option<&'static dyn Adapter>],
) -> Vec<Diagnostic> {
    let understands = |adapter: &dyn Adapter, option| adapter.options().contains(&option);
    let of_nobody = query.used().into_iter().filter(|(option, _)| {
        let mut known = adapters.iter().copied().flatten();
        !known.any(|adapter| understands(adapter, *option))
    });
    let mistake = |(_, written): (TestOption, &str)| {
        let title = match written {
            "--" => "no selected suite takes arguments after `--`".to_owned(),
            _ => format!("no selected suite understands `{written}`"),
        };
        let all_commands = adapters.iter().all(Option::is_none);
        let mistake = Diagnostic::new(title);
        if all_commands {
            mistake.note("suites with a `command` run as a whole")
        } else {
            mistake
        }
    };
    of_nobody.map(mistake).collect()
}

/// Whether a suite can be narrowed as the query asks. What cannot is left out, as it would run in
/// full.
pub(crate) fn can_be_narrowed(query: &TestQuery, adapter: Option<&'static dyn Adapter>) -> bool {
    let options = adapter.map_or(&[][..], Adapter::options);
    (query.keyword.is_none() || options.contains(&TestOption::Keyword))
        && (query.markers.is_none() || options.contains(&TestOption::Markers))
}

/// What an argument names.
enum Target {
    /// Suites as a whole.
    Suites(Vec<String>),
    /// Tests of one suite, in the notation of its framework.
    Tests(String, Vec<String>),
}

/// Where the suites are.
struct Places<'a> {
    cwd: &'a Path,
    suites: Vec<Place<'a>>,
}

struct Place<'a> {
    name: &'a str,
    dir: PathBuf,
    adapter: Option<&'static dyn Adapter>,
}

impl Place<'_> {
    fn knows(&self, option: TestOption) -> bool {
        let options = self.adapter.map_or(&[][..], Adapter::options);
        options.contains(&option)
    }
}

impl<'a> Places<'a> {
    fn of(config: &'a Config, query: &'a TestQuery) -> Self {
        let suites = config.file.suite.iter();
        let place = |(name, suite): (&'a crate::values::SuiteName, &SuiteConfig)| Place {
            name: name.as_str(),
            dir: normal(&dir(config, suite)),
            adapter: adapter(suite),
        };
        Self {
            cwd: &query.cwd,
            suites: suites.map(place).collect(),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.suites.iter().any(|place| place.name == name)
    }

    /// `SUITE::ID`: the suite, and what it calls the test; `None` if no suite is named.
    fn of_suite(&self, argument: &str) -> Option<Result<(String, Vec<String>), Diagnostic>> {
        let (suite, id) = argument.split_once("::")?;
        let place = self.suites.iter().find(|place| place.name == suite)?;
        let Some(adapter) = place.adapter else {
            return Some(Err(is_a_command(argument, suite)));
        };
        Some(match adapter.target(&place.dir, id) {
            Some(test) => Ok((suite.to_owned(), vec![test])),
            None => Err(Diagnostic::new(format!(
                "suite `{suite}` has no file for `{id}`"
            ))),
        })
    }

    fn target(&self, argument: &str, named: &[String]) -> Result<Target, Diagnostic> {
        if let Some(found) = self.of_suite(argument) {
            let (suite, tests) = found?;
            return Ok(Target::Tests(suite, tests));
        }
        if let Some((suite, tests)) = self.by_name(argument, named)? {
            return Ok(Target::Tests(suite, tests));
        }
        let path = normal(&self.cwd.join(argument));
        if path.is_dir() {
            let below = self
                .suites
                .iter()
                .filter(|place| place.dir.starts_with(&path));
            let names: Vec<String> = below.map(|place| place.name.to_owned()).collect();
            if !names.is_empty() {
                return Ok(Target::Suites(names));
            }
        }
        if !path.exists() && !self.is_about_tests(argument) {
            return Ok(Target::Suites(vec![argument.to_owned()]));
        }
        let (suite, tests) = self.within(argument, named)?;
        Ok(Target::Tests(suite, tests))
    }

    /// The suite whose framework knows this as a name of its tests; `None` if none does, or if
    /// there is a file of this name.
    fn by_name(
        &self,
        argument: &str,
        named: &[String],
    ) -> Result<Option<(String, Vec<String>)>, Diagnostic> {
        let written = argument.split("::").next().unwrap_or_default();
        if self.has(argument) || self.cwd.join(written).exists() {
            return Ok(None);
        }
        let knows = |place: &&Place<'_>| {
            place
                .adapter
                .is_some_and(|adapter| adapter.is_name(argument))
        };
        let holders: Vec<&Place<'_>> = self.suites.iter().filter(knows).collect();
        if holders.is_empty() {
            return Ok(None);
        }
        let place = one_of(argument, holders, named, "run tests that are called so")?;
        Ok(Some((place.name.to_owned(), vec![argument.to_owned()])))
    }

    /// Whether an argument that names nothing that exists was meant to name tests and not a suite.
    fn is_about_tests(&self, argument: &str) -> bool {
        let path = argument.split("::").next().unwrap_or_default();
        let is_path = argument.contains("::")
            || argument.contains('/')
            || Path::new(path).extension().is_some()
            || glob::is_pattern(argument);
        is_path && closest(argument, self.suites.iter().map(|place| place.name)).is_none()
    }

    /// The suite that holds what is named, and what it calls it.
    fn within(
        &self,
        argument: &str,
        named: &[String],
    ) -> Result<(String, Vec<String>), Diagnostic> {
        if let Some(found) = self.by_name(argument, named)? {
            return Ok(found);
        }
        let mut written = argument.split("::").next().unwrap_or_default();
        let line = before_line(written);
        if let Some(path) = line.filter(|path| self.cwd.join(path).is_file()) {
            written = path;
        }
        let rest = &argument[written.len()..];
        let mut paths = vec![normal(&self.cwd.join(written))];
        if !paths.iter().all(|path| path.exists()) {
            if !glob::is_pattern(written) {
                return Err(self.no_such_file(written));
            }
            paths = glob::expand(self.cwd, written)
                .iter()
                .map(|path| normal(path))
                .collect();
            if paths.is_empty() {
                return Err(Diagnostic::new(format!("no file matches `{written}`")));
            }
        }
        let mut found: Option<(&Place<'_>, Vec<String>)> = None;
        for path in paths {
            let (place, path) = self.holder(argument, &path, named)?;
            if line == Some(written) && !place.knows(TestOption::Lines) {
                return Err(self.no_such_file(argument));
            }
            let below = path.strip_prefix(&place.dir).unwrap_or(&path);
            let below = if below.as_os_str().is_empty() {
                ".".to_owned()
            } else {
                below.display().to_string()
            };
            let test = format!("{below}{rest}");
            match &mut found {
                None => found = Some((place, vec![test])),
                Some((first, tests)) if first.name == place.name => tests.push(test),
                Some((first, _)) => {
                    let title = format!("`{argument}` matches files of several suites");
                    let (a, b) = (first.name, place.name);
                    return Err(Diagnostic::new(title)
                        .note(format!("`{a}` and `{b}` are two of them"))
                        .help("name the files of each suite by themselves"));
                }
            }
        }
        match found {
            Some((place, tests)) => Ok((place.name.to_owned(), tests)),
            None => Err(self.no_such_file(written)),
        }
    }

    /// The suite whose directory is the innermost around a path that has an adapter, and the path as
    /// seen from there.
    fn holder(
        &self,
        argument: &str,
        path: &Path,
        named: &[String],
    ) -> Result<(&Place<'a>, PathBuf), Diagnostic> {
        let mut path = path.to_owned();
        let around = |path: &Path| -> Vec<&Place<'a>> {
            let all = self.suites.iter();
            all.filter(|place| path.starts_with(&place.dir)).collect()
        };
        let mut candidates = around(&path);
        if candidates.is_empty()
            && let Ok(real) = path.canonicalize()
        {
            candidates = around(&real);
            path = real;
        }
        let with_adapter = candidates.iter().filter(|place| place.adapter.is_some());
        let depth = |place: &&Place<'_>| place.dir.components().count();
        let deepest = with_adapter.clone().map(&depth).max();
        let holders: Vec<&Place<'a>> = with_adapter
            .copied()
            .filter(|place| Some(depth(place)) == deepest)
            .collect();
        if holders.is_empty() {
            return Err(match candidates.first() {
                Some(place) => is_a_command(argument, place.name),
                None => Diagnostic::new(format!("`{argument}` is in the directory of no suite"))
                    .help("`paceline list` shows the suites"),
            });
        }
        let place = one_of(argument, holders, named, "have the same directory")?;
        Ok((place, path))
    }

    fn no_such_file(&self, written: &str) -> Diagnostic {
        let path = Path::new(written);
        let mistake = Diagnostic::new(format!("there is no file or directory `{written}`"));
        let full = normal(&self.cwd.join(path));
        let similar = full.parent().and_then(|dir| {
            let entries = dir.read_dir().ok()?.flatten();
            let names: Vec<String> = entries
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect();
            let name = path.file_name()?.to_str()?;
            closest(name, names.iter().map(String::as_str)).map(str::to_owned)
        });
        let similar = similar.map(|name| path.with_file_name(name).display().to_string());
        match similar {
            Some(similar) => mistake.help(format!("did you mean `{similar}`?")),
            None => mistake.help("paths are relative to the working directory"),
        }
    }
}

/// The only one of these suites, or of those among them that are named. `why` says what they have in
/// common.
fn one_of<'p, 'a>(
    argument: &str,
    mut holders: Vec<&'p Place<'a>>,
    named: &[String],
    why: &str,
) -> Result<&'p Place<'a>, Diagnostic> {
    if holders.len() > 1 {
        let is_named = |place: &&Place<'_>| named.iter().any(|name| name == place.name);
        let chosen: Vec<_> = holders.iter().copied().filter(is_named).collect();
        if !chosen.is_empty() {
            holders = chosen;
        }
    }
    if let [place] = holders[..] {
        return Ok(place);
    }
    let names: Vec<String> = holders
        .iter()
        .map(|place| format!("`{}`", place.name))
        .collect();
    let title = format!("`{argument}` can be of several suites");
    let first = holders.first().map_or("", |place| place.name);
    Err(Diagnostic::new(title)
        .note(format!("{} {why}", names.join(" and ")))
        .help(format!("say which, as in `--suites {first}`")))
}

/// The path of `PATH:LINE`.
fn before_line(written: &str) -> Option<&str> {
    let (path, line) = written.rsplit_once(':')?;
    let is_number = !line.is_empty() && line.chars().all(|c| c.is_ascii_digit());
    is_number.then_some(path)
}

fn is_a_command(argument: &str, suite: &str) -> Diagnostic {
    Diagnostic::new(format!("`{argument}` cannot run by itself"))
        .note(format!(
            "suite `{suite}` is a command, which runs as a whole"
        ))
        .help(format!("`paceline run {suite}` runs the suite"))
}

/// The directory of a suite; absolute.
pub(crate) fn dir(config: &Config, suite: &SuiteConfig) -> PathBuf {
    match &suite.dir {
        Some(dir) => config.root.join(dir.get_ref()),
        None => config.root.clone(),
    }
}

/// The adapter of a suite that is no command.
pub(crate) fn adapter(suite: &SuiteConfig) -> Option<&'static dyn Adapter> {
    let framework = suite.framework.as_ref()?;
    Some(framework.get_ref().adapter())
}

/// A path without `.` and `..`, as it is written: links are not looked at.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
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
