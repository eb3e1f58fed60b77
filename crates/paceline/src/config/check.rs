//! What the types cannot say: names that have to exist, cycles, capacities, directories.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use paceline_engine::plan::{Need, plan_order};

use super::file::{ConfigFile, SuiteConfig};
use super::needs::Needs;
use crate::diagnostic::Diagnostic;
use crate::suggest::closest;
use crate::values::SuiteName;

/// Every mistake in the meaning of a file whose structure is right but for `left_out`, the paths of
/// entries that have been told to be wrong already.
pub(super) fn check(file: &ConfigFile, root: &Path, left_out: &[Vec<String>]) -> Vec<Diagnostic> {
    let is_left_out = |path: &[&str]| left_out.iter().any(|left_out| left_out == path);
    let mut mistakes = Vec::new();
    for (place, name, suite) in file.suite.spanned() {
        let of_suite = |key: &str| is_left_out(&["suite", name.as_str(), key]);
        // A key that was taken out may have been meant to say what runs.
        let meant = |key: &str| {
            let of_this = left_out.iter().filter_map(|path| match &path[..] {
                [first, suite, wrong] if first == "suite" && suite == name.as_str() => Some(wrong),
                _ => None,
            });
            closest(key, of_this.map(String::as_str)).is_some()
        };
        if !of_suite("command")
            && !of_suite("framework")
            && !((suite.command.is_none() && suite.framework.is_none())
                && (meant("command") || meant("framework")))
        {
            check_what_runs(&place, name, suite, &mut mistakes);
        }
        check_dir(suite, root, &mut mistakes);
        let is_left_out = |other: &str| is_left_out(&["suite", other]);
        check_dependencies(name, suite, file, &is_left_out, &mut mistakes);
        let is_left_out = |resource: &str| {
            left_out.iter().any(|path| {
                path.first().is_some_and(|key| key == "resources")
                    && path.get(1).is_none_or(|key| key == resource)
            })
        };
        let who = format!("suite `{name}`");
        check_needs(&who, &suite.needs, file, &is_left_out, &mut mistakes);
        for one in &suite.overrides {
            if one.is_empty() {
                let mistake = Diagnostic::new(format!("an override of {who} changes nothing"))
                    .label(one.tests.span(), "nothing is said about these tests")
                    .help("say one of needs, serial, weight, timeout, retries, isolation");
                mistakes.push(mistake);
            }
            let who = format!("an override of {who}");
            check_needs(&who, &one.needs, file, &is_left_out, &mut mistakes);
        }
    }
    check_cycles(file, &mut mistakes);
    mistakes
}

/// Either a command or a framework, and no keys of the other.
fn check_what_runs(
    place: &Range<usize>,
    name: &SuiteName,
    suite: &SuiteConfig,
    mistakes: &mut Vec<Diagnostic>,
) {
    match (&suite.command, &suite.framework) {
        (None, None) => {
            let mistake = Diagnostic::new(format!("suite `{name}` has nothing to run"))
                .label(place.clone(), "`command` or `framework` is missing")
                .help("add a line like `command = \"make test\"` or `framework = \"pytest\"`");
            mistakes.push(mistake);
        }
        (Some(_), Some(framework)) => {
            let title = format!("suite `{name}` has both a command and a framework");
            let mistake = Diagnostic::new(title)
                .label(framework.span(), "the framework has its own command")
                .help("leave out one of them; arguments for the framework are its `args`");
            mistakes.push(mistake);
        }
        (Some(_), None) => {
            for (key, place) in framework_keys(suite) {
                let title = format!("`{key}` is only for suites with a framework");
                let mistake = Diagnostic::new(title)
                    .label(place, format!("suite `{name}` is a command"))
                    .help("a suite of a framework has a line like `framework = \"pytest\"` in place of its command");
                mistakes.push(mistake);
            }
        }
        (None, Some(framework)) => {
            if let (Some(_), Some(program)) = (&suite.test, &suite.program) {
                let title = format!("suite `{name}` has both a test target and a program");
                let mistake = Diagnostic::new(title)
                    .label(program.span(), "it is there already, and nothing is built")
                    .help("leave out one of them");
                mistakes.push(mistake);
            }
            let known = framework.get_ref().adapter().keys();
            for (key, place) in framework_keys(suite) {
                if !known.contains(&key) {
                    let title = format!("`{key}` means nothing to {}", framework.get_ref());
                    let mistake = Diagnostic::new(title).label(
                        place,
                        format!("not a key of {} suites", framework.get_ref()),
                    );
                    mistakes.push(mistake);
                }
            }
        }
    }
}

/// The keys of a suite that only frameworks have, with their places.
fn framework_keys(suite: &SuiteConfig) -> Vec<(&'static str, Range<usize>)> {
    let first_override = suite.overrides.first();
    let keys = [
        ("args", suite.args.as_ref().map(toml::Spanned::span)),
        ("python", suite.python.as_ref().map(toml::Spanned::span)),
        ("php", suite.php.as_ref().map(toml::Spanned::span)),
        ("ruby", suite.ruby.as_ref().map(toml::Spanned::span)),
        ("test", suite.test.as_ref().map(toml::Spanned::span)),
        (
            "cargo-args",
            suite.cargo_args.as_ref().map(toml::Spanned::span),
        ),
        ("program", suite.program.as_ref().map(toml::Spanned::span)),
        ("split", suite.split.as_ref().map(toml::Spanned::span)),
        (
            "isolation",
            suite.isolation.as_ref().map(toml::Spanned::span),
        ),
        ("collect", suite.collect.as_ref().map(toml::Spanned::span)),
        ("start", suite.start.as_ref().map(toml::Spanned::span)),
        ("workers", suite.workers.as_ref().map(toml::Spanned::span)),
        ("override", first_override.map(|one| one.tests.span())),
    ];
    let said = keys.into_iter();
    said.filter_map(|(key, place)| Some((key, place?)))
        .collect()
}

fn check_dir(suite: &SuiteConfig, root: &Path, mistakes: &mut Vec<Diagnostic>) {
    let Some(dir) = &suite.dir else { return };
    let written = dir.get_ref();
    let shown = written.display();
    let full = root.join(written);
    let title = match full.metadata() {
        Ok(metadata) if metadata.is_dir() => return,
        Ok(_) => format!("`{shown}` is not a directory"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            format!("the directory `{shown}` does not exist")
        }
        Err(error) => format!("cannot look at the directory `{shown}`: {error}"),
    };
    let siblings = full.parent().map(subdirectories).unwrap_or_default();
    let similar = written
        .file_name()
        .and_then(|name| closest(name.to_str()?, siblings.iter().map(String::as_str)))
        .map(|name| format!("did you mean `{}`?", written.with_file_name(name).display()));
    let mistake = Diagnostic::new(title)
        .label(dir.span(), "relative to the directory of this file")
        .maybe_help(similar);
    mistakes.push(mistake);
}

fn subdirectories(dir: &Path) -> Vec<String> {
    let Ok(entries) = dir.read_dir() else {
        return Vec::new();
    };
    let directories = entries.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = directories
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn check_dependencies(
    name: &SuiteName,
    suite: &SuiteConfig,
    file: &ConfigFile,
    is_left_out: &dyn Fn(&str) -> bool,
    mistakes: &mut Vec<Diagnostic>,
) {
    let mut seen: BTreeMap<&str, Range<usize>> = BTreeMap::new();
    for dependency in &suite.depends_on {
        let wanted = dependency.get_ref().as_str();
        if let Some(first) = seen.insert(wanted, dependency.span()) {
            let mistake = Diagnostic::new(format!("suite `{name}` depends on `{wanted}` twice"))
                .label(dependency.span(), "named again here")
                .label(first, "first named here");
            mistakes.push(mistake);
            continue;
        }
        let known = || file.suite.iter().map(|(name, _)| name.as_str());
        if is_left_out(wanted) || known().any(|known| known == wanted) {
            continue;
        }
        let similar = closest(wanted, known().filter(|known| *known != name.as_str()));
        let mistake = Diagnostic::new(format!("suite `{name}` depends on an unknown suite"))
            .label(dependency.span(), format!("no suite is called `{wanted}`"))
            .maybe_help(similar.map(|name| format!("did you mean `{name}`?")));
        mistakes.push(mistake);
    }
}

fn check_needs(
    who: &str,
    needs: &Needs,
    file: &ConfigFile,
    is_left_out: &dyn Fn(&str) -> bool,
    mistakes: &mut Vec<Diagnostic>,
) {
    let mut seen: BTreeMap<&str, Range<usize>> = BTreeMap::new();
    for (place, resource, need) in needs.spanned() {
        if let Some(first) = seen.insert(resource.as_str(), place.clone()) {
            let mistake = Diagnostic::new(format!("{who} needs `{resource}` twice"))
                .label(place, "named again here")
                .label(first, "first named here")
                .help(format!(
                    "for two units of it, write `needs = {{ {resource} = 2 }}`"
                ));
            mistakes.push(mistake);
            continue;
        }
        let declared = file
            .resources
            .spanned()
            .find(|(_, name, _)| *name == resource);
        let Some((declaration, _, capacity)) = declared else {
            if is_left_out(resource.as_str()) {
                continue;
            }
            let known = file.resources.iter().map(|(name, _)| name.as_str());
            let help = match closest(resource.as_str(), known) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("declare it with its capacity: `{resource} = 1` in `[resources]`"),
            };
            let mistake = Diagnostic::new(format!("{who} needs an unknown resource"))
                .label(place, format!("`{resource}` is not in [resources]"))
                .help(help);
            mistakes.push(mistake);
            continue;
        };
        if let Need::Amount(amount) = need
            && amount > capacity.get()
        {
            let title = format!("{who} needs more of `{resource}` than there is");
            let mistake = Diagnostic::new(title)
                .label(place, format!("needs {amount}"))
                .label(declaration, format!("its capacity is {capacity}"));
            mistakes.push(mistake);
        }
    }
}

/// Finds every cycle: the dependency that closes one is reported, then left out of the search for
/// the next.
fn check_cycles(file: &ConfigFile, mistakes: &mut Vec<Diagnostic>) {
    let names: Vec<&str> = file.suite.iter().map(|(name, _)| name.as_str()).collect();
    let dependencies = |suite: &'_ SuiteConfig| -> Vec<String> {
        let names = suite.depends_on.iter();
        names.map(|name| name.get_ref().clone()).collect()
    };
    let mut edges: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, suite) in file.suite.iter() {
        edges.push((name.as_str(), dependencies(suite)));
    }
    loop {
        let map: BTreeMap<&str, Vec<&str>> = edges
            .iter()
            .map(|(name, all)| (*name, all.iter().map(String::as_str).collect()))
            .collect();
        let Err(cycle) = plan_order(&names, &map) else {
            return;
        };
        // The path repeats its first name at the end: the last step closes the cycle.
        let Some([.., from, to]) = cycle.path.get(cycle.path.len().saturating_sub(2)..) else {
            return;
        };
        let place = |from: &str, to: &str| {
            let suite = file.suite.iter().find(|(name, _)| name.as_str() == from);
            let dependency = suite?.1.depends_on.iter().find(|name| name.get_ref() == to);
            dependency.map(toml::Spanned::span)
        };
        let mut mistake = Diagnostic::new("the dependencies of suites form a cycle");
        if let Some(place) = place(from, to) {
            let label = if from == to {
                "this suite depends on itself".to_owned()
            } else {
                format!("`{from}` depends on `{to}`, which closes the cycle")
            };
            mistake = mistake.label(place, label);
        }
        for step in cycle.path.windows(2).rev().skip(1).rev() {
            if let [from, to] = step
                && let Some(place) = place(from, to)
            {
                mistake = mistake.label(place, format!("`{from}` depends on `{to}`"));
            }
        }
        if from != to {
            mistake = mistake.note(format!("the cycle is {}", cycle.path.join(" -> ")));
        }
        mistakes.push(mistake);
        for (name, all) in &mut edges {
            if name == from {
                all.retain(|dependency| dependency != to);
            }
        }
    }
}
