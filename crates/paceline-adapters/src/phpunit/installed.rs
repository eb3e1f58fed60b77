//! Which PHP and which PHPUnit run a suite, and why those.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::adapter::Missing;
use crate::machine::Machine;
use crate::program::{self, Program, shown};

/// PHP and PHPUnit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installed {
    pub(crate) php: PathBuf,
    /// A script, an archive, or what loads PHPUnit's classes; `None` if nothing was found.
    pub(crate) phpunit: Option<PathBuf>,
    /// Runs PHPUnit, as a user would type it in the suite's directory.
    pub(crate) display: String,
    /// `vendor/bin/phpunit, php (found on PATH)`.
    pub(crate) evidence: String,
}

impl Installed {
    /// To show something where there is none.
    pub(crate) fn unknown() -> Self {
        Self {
            php: "php".into(),
            phpunit: None,
            display: "phpunit".to_owned(),
            evidence: "not found".to_owned(),
        }
    }
}

/// Finds both for the tests in `dir`. PHP: the configured one, else that on the search path.
/// PHPUnit: that of the nearest directory from there up to `root` which has it, by Composer or as an
/// archive, else that on the search path.
pub(crate) fn find(
    dir: &Path,
    root: &Path,
    configured: Option<&str>,
    machine: &Machine,
) -> Result<Installed, Missing> {
    // Who lacks both is told of what brings the project's own.
    let phpunit = phpunit(dir, root, machine)?;
    let (php, is_configured) = match configured {
        Some(name) => (program::configured(dir, root, "php", name, machine)?, true),
        None => (usual_php(machine)?, false),
    };
    // The scripts begin with a line that starts the usual PHP; archives may, too.
    let is_script = phpunit.path.extension().is_none();
    let display = match (is_configured, is_script) {
        (false, true) => phpunit.display,
        _ => format!("{} {}", php.display, phpunit.place),
    };
    let php_evidence = if is_configured {
        "as configured"
    } else {
        "found on PATH"
    };
    Ok(Installed {
        evidence: format!("{}; {} ({php_evidence})", phpunit.evidence, php.display),
        php: php.path,
        phpunit: Some(phpunit.path),
        display,
    })
}

fn usual_php(machine: &Machine) -> Result<Program, Missing> {
    match machine.find("php") {
        Some(path) => Ok(Program {
            path,
            display: "php".to_owned(),
        }),
        None => Err(Missing {
            what: "`php` is not on PATH".to_owned(),
            help: Some("install PHP, or name it by `php`".to_owned()),
        }),
    }
}

/// PHPUnit, as it was found.
struct Found {
    path: PathBuf,
    display: String,
    /// The same as an argument of PHP.
    place: String,
    evidence: String,
}

fn phpunit(dir: &Path, root: &Path, machine: &Machine) -> Result<Found, Missing> {
    // The nearest project that wants PHPUnit and has none: its directory and the place.
    let mut lacking: Option<String> = None;
    for around in dir.ancestors() {
        let composer = Composer::read(around);
        if let Some(path) = composer.places().find(|place| is_phpunit(place)) {
            let display = shown(dir, root, &path);
            return Ok(Found {
                evidence: format!("{display} (found by its place)"),
                path,
                place: display.clone(),
                display,
            });
        }
        if composer.wants_phpunit {
            lacking.get_or_insert_with(|| shown(dir, root, &composer.bin.join("phpunit")));
        }
        if around == root || !dir.starts_with(root) {
            break;
        }
    }
    let but = lacking.as_ref().map_or(String::new(), |place| {
        format!("; {place} is missing: run `composer install` for the project's own")
    });
    if let Some(path) = machine.find("phpunit") {
        return Ok(Found {
            place: shown(dir, root, &path),
            path,
            display: "phpunit".to_owned(),
            evidence: format!("phpunit (found on PATH{but})"),
        });
    }
    Err(match lacking {
        Some(place) => Missing {
            what: format!("{place} is missing"),
            help: Some("run `composer install`".to_owned()),
        },
        None => Missing {
            what:
                "there is no vendor/bin/phpunit and no phpunit.phar, and `phpunit` is not on PATH"
                    .to_owned(),
            help: Some("install PHPUnit".to_owned()),
        },
    })
}

/// Whether PHPUnit can be loaded from there. What Symfony puts into `bin` installs one of its own
/// instead.
fn is_phpunit(path: &Path) -> bool {
    path.is_file() && !is_bridge(path)
}

/// Whether it is the script of Symfony's bridge.
pub(crate) fn is_bridge(path: &Path) -> bool {
    const MOST: u64 = 64 * 1024;
    let is_small = path.metadata().is_ok_and(|file| file.len() < MOST);
    is_small
        && std::fs::read(path).is_ok_and(|content| {
            let text = String::from_utf8_lossy(&content);
            text.contains("simple-phpunit")
        })
}

/// What Composer says of a directory.
struct Composer {
    dir: PathBuf,
    /// Where it puts programs, and where packages.
    bin: PathBuf,
    vendor: PathBuf,
    wants_phpunit: bool,
}

impl Composer {
    fn read(dir: &Path) -> Self {
        let text = std::fs::read_to_string(dir.join("composer.json")).unwrap_or_default();
        // What Composer itself could not read has no say.
        let file: Value = serde_json::from_str(&text).unwrap_or_default();
        let setting = |key: &str| file.get("config")?.get(key)?.as_str();
        let vendor = dir.join(setting("vendor-dir").unwrap_or("vendor"));
        let bin = setting("bin-dir").map_or_else(|| vendor.join("bin"), |bin| dir.join(bin));
        let wants = |key: &str| {
            let required = file.get(key);
            required.is_some_and(|required| required.get("phpunit/phpunit").is_some())
        };
        Self {
            dir: dir.to_owned(),
            bin,
            vendor,
            wants_phpunit: wants("require") || wants("require-dev"),
        }
    }

    /// Where PHPUnit can be, the likeliest first.
    fn places(&self) -> impl Iterator<Item = PathBuf> {
        let of_composer = [
            self.bin.join("phpunit"),
            self.vendor.join("phpunit/phpunit/phpunit"),
        ];
        let others = [
            "bin/phpunit",
            "phpunit.phar",
            "tools/phpunit",
            "tools/phpunit.phar",
            "bin/phpunit.phar",
        ];
        of_composer
            .into_iter()
            .chain(others.map(|place| self.dir.join(place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{Repository, make_program};

    fn found(repository: &Repository, dir: &str, configured: Option<&str>, on: &[&str]) -> String {
        let path = tempfile::tempdir().unwrap();
        for name in on {
            let file = path.path().join(name);
            std::fs::write(&file, "").unwrap();
            make_program(&file);
        }
        let machine = Machine::new(|name| (name == "PATH").then(|| path.path().into()));
        let root = repository.root();
        match find(&root.join(dir), root, configured, &machine) {
            Ok(found) => format!("{} <- {}", found.display, found.evidence),
            Err(missing) => format!("missing: {missing}"),
        }
    }

    #[test]
    fn the_nearest_phpunit_upwards_is_taken() {
        let repository = Repository::new(&[
            "vendor/bin/phpunit",
            "a/tests/x",
            "b/tools/phpunit.phar",
            "c/my-tools/phpunit",
        ]);
        let composer = r#"{"config": {"bin-dir": "my-tools"}}"#;
        repository.write("c/composer.json", composer);
        let found = |dir| found(&repository, dir, None, &["php", "phpunit"]);
        assert_eq!(
            found("a/tests"),
            "../../vendor/bin/phpunit <- ../../vendor/bin/phpunit (found by its place); php (found on PATH)"
        );
        assert_eq!(
            found("b"),
            "php tools/phpunit.phar <- tools/phpunit.phar (found by its place); php (found on PATH)"
        );
        assert_eq!(
            found("c"),
            "my-tools/phpunit <- my-tools/phpunit (found by its place); php (found on PATH)"
        );
    }

    #[test]
    fn that_on_the_search_path_stands_in_for_one_that_is_not_installed() {
        let repository = Repository::new(&["x", "bin/php9"]);
        repository.write(
            "composer.json",
            r#"{"require-dev": {"phpunit/phpunit": "^9"}}"#,
        );
        let found = |configured, on: &[&str]| found(&repository, "", configured, on);
        assert_eq!(
            found(None, &["php", "phpunit"]),
            "phpunit <- phpunit (found on PATH; vendor/bin/phpunit is missing: run `composer install` \
             for the project's own); php (found on PATH)"
        );
        assert_eq!(
            found(None, &["php"]),
            "missing: vendor/bin/phpunit is missing: run `composer install`"
        );
        let other = found(Some("bin/php9"), &["phpunit"]);
        assert!(other.starts_with("bin/php9 /"), "{other}");
        assert!(other.ends_with("; bin/php9 (as configured)"), "{other}");
        assert_eq!(
            found(Some("php8"), &["php", "phpunit"]),
            "missing: the interpreter `php8` is not on PATH: `php` is a name, or a path relative to the root"
        );
        assert_eq!(
            found(None, &["phpunit"]),
            "missing: `php` is not on PATH: install PHP, or name it by `php`"
        );
    }

    #[test]
    fn symfonys_script_is_not_phpunit() {
        let repository = Repository::new(&["x"]);
        repository.write(
            "bin/phpunit",
            "#!/usr/bin/env php\nrequire 'vendor/bin/simple-phpunit.php';",
        );
        assert_eq!(
            found(&repository, "", None, &["php"]),
            "missing: there is no vendor/bin/phpunit and no phpunit.phar, and `phpunit` is not on PATH: install PHPUnit"
        );
    }
}
