//! Where the suites are, and which of them an argument is about.

use std::path::{Component, Path, PathBuf};

use paceline_adapters::adapter::{Adapter, TestOption};

use super::query::TestQuery;
use crate::config::{Config, SuiteConfig};
use crate::diagnostic::Diagnostic;
use crate::glob;
use crate::suggest::closest;
use crate::values::SuiteName;

/// What an argument names.
pub(super) enum Target {
    /// Suites as a whole.
    Suites(Vec<String>),
    /// Tests of one suite, in the notation of its framework.
    Tests(String, Vec<String>),
}

/// Where the suites are.
pub(super) struct Places<'a> {
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
    pub(super) fn of(config: &'a Config, query: &'a TestQuery) -> Self {
        let suites = config.file.suite.iter();
        let place = |(name, suite): (&'a SuiteName, &SuiteConfig)| Place {
            name: name.as_str(),
            dir: normal(&config.dir_of(suite)),
            adapter: suite.adapter(),
        };
        Self {
            cwd: &query.cwd,
            suites: suites.map(place).collect(),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.suites.iter().any(|place| place.name == name)
    }

    /// `SUITE::ID`: the suite, and what it calls the test; `None` if no suite is named.
    pub(super) fn of_suite(
        &self,
        argument: &str,
    ) -> Option<Result<(String, Vec<String>), Diagnostic>> {
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

    pub(super) fn target(&self, argument: &str, named: &[String]) -> Result<Target, Diagnostic> {
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
    pub(super) fn within(
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
