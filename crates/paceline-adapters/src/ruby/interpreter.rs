//! Which Ruby runs a suite, whether under Bundler, and why that one.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::adapter::Missing;
use crate::machine::{Machine, is_program};
use crate::program;

/// Files of Bundler, each with its lock.
const BUNDLES: [(&str, &str); 2] = [("Gemfile", "Gemfile.lock"), ("gems.rb", "gems.locked")];

/// A Ruby to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// Starts it; options, a script and arguments follow.
    pub(crate) argv: Vec<OsString>,
    /// The same as a user would type it in the suite's directory.
    pub(crate) display: String,
    /// Why this one.
    pub(crate) evidence: String,
    /// The lock file of Bundler that decides about gems.
    pub(crate) bundle: Option<&'static str>,
}

impl Interpreter {
    /// To show something where there is none.
    pub(crate) fn unknown() -> Self {
        Self {
            argv: vec!["ruby".into()],
            display: "ruby".to_owned(),
            evidence: "not found".to_owned(),
            bundle: None,
        }
    }
}

/// Finds the Ruby for the tests in `dir`: the configured one, else the version that the nearest
/// `.ruby-version` up to `root` names, where a manager of versions has it, else that on the search
/// path. Gems are those of the nearest lock file of Bundler, unless the configuration says what
/// runs.
pub(crate) fn find(
    dir: &Path,
    root: &Path,
    configured: Option<&str>,
    machine: &Machine,
) -> Result<Interpreter, Missing> {
    if let Some(configured) = configured {
        return by_configuration(dir, root, configured, machine);
    }
    let (path, display, evidence) = plain(dir, root, machine)?;
    let mut found = Interpreter {
        argv: vec![path.into_os_string()],
        display,
        evidence,
        bundle: None,
    };
    for around in around(dir, root) {
        let of_bundle = |(gems, lock): &&(&str, &str)| {
            around.join(gems).is_file() && around.join(lock).is_file()
        };
        if let Some((_, lock)) = BUNDLES.iter().find(of_bundle) {
            found.bundle = Some(lock);
            // As `bundle exec` does, without its process.
            found.argv.push("-rbundler/setup".into());
            found.display = if machine.find("bundle").is_some() {
                format!("bundle exec {}", found.display)
            } else {
                format!("{} -rbundler/setup", found.display)
            };
            found.evidence = format!("{}, gems by {lock}", found.evidence);
            break;
        }
    }
    Ok(found)
}

/// A directory and those around it up to the root.
fn around<'a>(dir: &'a Path, root: &'a Path) -> impl Iterator<Item = &'a Path> {
    let is_inside = dir.starts_with(root);
    let ancestors = dir.ancestors();
    ancestors.take_while(move |around| *around == dir || (is_inside && around.starts_with(root)))
}

/// Ruby without Bundler: its path, what it is called, and why it.
fn plain(dir: &Path, root: &Path, machine: &Machine) -> Result<(PathBuf, String, String), Missing> {
    let mut but = String::new();
    if let Some(version) = around(dir, root).find_map(wanted_version) {
        for place in kept_versions(machine, &version) {
            if is_program(&place) {
                let display = program::shown(dir, root, &place);
                return Ok((place, display, "found by .ruby-version".to_owned()));
            }
        }
        but = format!("; .ruby-version asks for {version}");
    }
    match machine.find("ruby") {
        Some(path) => {
            let evidence = format!("found on PATH{but}");
            Ok((path, "ruby".to_owned(), evidence))
        }
        None => Err(Missing {
            what: format!("`ruby` is not on PATH{but}"),
            help: Some(
                "install Ruby (Debian: `apt-get install ruby`), or name it by `ruby`".to_owned(),
            ),
        }),
    }
}

/// What `.ruby-version` of a directory asks for.
fn wanted_version(dir: &Path) -> Option<String> {
    let text = fs::read_to_string(dir.join(".ruby-version")).ok()?;
    let version = text.lines().next()?.trim();
    let version = version.strip_prefix("ruby-").unwrap_or(version);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    (version.starts_with(|c: char| c.is_ascii_alphanumeric()) && version.chars().all(is_plain))
        .then(|| version.to_owned())
}

/// Where rbenv, chruby and ruby-install keep a version.
fn kept_versions(machine: &Machine, version: &str) -> Vec<PathBuf> {
    let home = machine.variable("HOME").map(Path::new);
    let rbenv = machine.variable("RBENV_ROOT").map(PathBuf::from);
    let rbenv = rbenv.or_else(|| home.map(|home| home.join(".rbenv")));
    let rubies = [
        home.map(|home| home.join(".rubies")),
        Some("/opt/rubies".into()),
    ];
    let of_rbenv = rbenv.map(|rbenv| rbenv.join("versions").join(version));
    let of_chruby = rubies.into_iter().flatten();
    let of_chruby = of_chruby.map(|rubies| rubies.join(format!("ruby-{version}")));
    let all = of_rbenv.into_iter().chain(of_chruby);
    all.map(|place| place.join("bin/ruby")).collect()
}

/// What the configuration names: a program, or one with its first arguments: `bundle exec ruby`.
fn by_configuration(
    dir: &Path,
    root: &Path,
    configured: &str,
    machine: &Machine,
) -> Result<Interpreter, Missing> {
    let mut words = configured.split_whitespace();
    let first = words.next().unwrap_or_default();
    let program = program::configured(dir, root, "ruby", first, machine)?;
    let mut found = Interpreter {
        argv: vec![program.path.into_os_string()],
        display: program.display,
        evidence: "as configured".to_owned(),
        bundle: None,
    };
    for word in words {
        found.argv.push(word.into());
        found.display = format!("{} {}", found.display, crate::shell::quote(word));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{Repository, make_program};

    /// A search path with these programs.
    fn path(programs: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for program in programs {
            let file = dir.path().join(program);
            fs::write(&file, "").unwrap();
            make_program(&file);
        }
        dir
    }

    fn machine(path: &Path, home: &Path) -> Machine {
        Machine::new(|name| match name {
            "PATH" => Some(path.into()),
            "HOME" => Some(home.into()),
            _ => None,
        })
    }

    fn told(repository: &Repository, configured: Option<&str>, machine: &Machine) -> String {
        let dir = repository.root().join("a");
        match find(&dir, repository.root(), configured, machine) {
            Ok(found) => format!("{} <- {}", found.display, found.evidence),
            Err(missing) => missing.to_string(),
        }
    }

    #[test]
    fn the_nearest_evidence_decides() {
        let home = tempfile::tempdir().unwrap();
        let repository = Repository::new(&["a/test/test_x.rb", "ruby/bin/ruby"]);
        let none = path(&[]);
        let ruby = path(&["ruby"]);
        let bundle = path(&["ruby", "bundle"]);
        let with = |path: &tempfile::TempDir| machine(path.path(), home.path());
        insta::assert_snapshot!(
            told(&repository, None, &with(&none)),
            @"`ruby` is not on PATH: install Ruby (Debian: `apt-get install ruby`), or name it by `ruby`"
        );
        insta::assert_snapshot!(told(&repository, None, &with(&ruby)), @"ruby <- found on PATH");
        repository.write("Gemfile", "");
        repository.write("Gemfile.lock", "");
        insta::assert_snapshot!(
            told(&repository, None, &with(&ruby)),
            @"ruby -rbundler/setup <- found on PATH, gems by Gemfile.lock"
        );
        insta::assert_snapshot!(
            told(&repository, None, &with(&bundle)),
            @"bundle exec ruby <- found on PATH, gems by Gemfile.lock"
        );
        insta::assert_snapshot!(told(&repository, Some("ruby"), &with(&ruby)), @"ruby <- as configured");
        insta::assert_snapshot!(
            told(&repository, Some("bundle exec ruby"), &with(&bundle)),
            @"bundle exec ruby <- as configured"
        );
        insta::assert_snapshot!(
            told(&repository, Some("ruby/bin/ruby"), &with(&none)),
            @"../ruby/bin/ruby <- as configured"
        );
        insta::assert_snapshot!(
            told(&repository, Some("ruby9"), &with(&ruby)),
            @"the interpreter `ruby9` is not on PATH: `ruby` is a name, or a path relative to the root"
        );
    }

    #[test]
    fn a_version_is_taken_where_it_is_kept() {
        let home = Repository::new(&[
            ".rbenv/versions/3.2.1/bin/ruby",
            ".rubies/ruby-3.3.0/bin/ruby",
        ]);
        let repository = Repository::new(&["a/test/test_x.rb"]);
        let ruby = path(&["ruby"]);
        let machine = machine(ruby.path(), home.root());
        repository.write("a/.ruby-version", "3.2.1\n");
        let found = find(
            &repository.root().join("a"),
            repository.root(),
            None,
            &machine,
        )
        .unwrap();
        assert_eq!(
            found.argv,
            [home.root().join(".rbenv/versions/3.2.1/bin/ruby")]
        );
        repository.write("a/.ruby-version", "ruby-3.3.0\n");
        let found = find(
            &repository.root().join("a"),
            repository.root(),
            None,
            &machine,
        )
        .unwrap();
        assert_eq!(
            found.argv,
            [home.root().join(".rubies/ruby-3.3.0/bin/ruby")]
        );
        repository.write("a/.ruby-version", "2.0.0\n");
        insta::assert_snapshot!(
            told(&repository, None, &machine),
            @"ruby <- found on PATH; .ruby-version asks for 2.0.0"
        );
    }
}
