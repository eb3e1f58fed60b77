//! PHP: PHPUnit.

use serde_json::Value;

use super::How;
use super::tree::Directory;
use super::{Context, Covers, Finding};
use crate::command::Command;

pub(super) fn find(context: &Context<'_>, directory: &Directory) -> Option<Finding> {
    // In the order in which PHPUnit looks for them.
    let configuration =
        directory.first_of(&["phpunit.xml", "phpunit.dist.xml", "phpunit.xml.dist"]);
    let composer = directory.json("composer.json");
    let evidence = if let Some(file) = configuration {
        file
    } else {
        let required = composer.as_ref()?.get("require-dev")?;
        required.get("phpunit/phpunit")?;
        "composer.json require-dev phpunit/phpunit"
    };
    let bin_dir = composer.as_ref().and_then(|composer| {
        let dir = composer.get("config")?.get("bin-dir")?;
        dir.as_str()
            .map(|dir| format!("{}/phpunit", dir.trim_end_matches('/')))
    });
    let places = [
        bin_dir.as_deref(),
        Some("vendor/bin/phpunit"),
        Some("bin/phpunit"),
    ];
    let exists = |program: &&str| context.tree.exists(&directory.dir.join(program));
    let installed = places.into_iter().flatten().find(exists);
    let expected = bin_dir.as_deref().unwrap_or("vendor/bin/phpunit");
    let (command, missing) = match installed {
        Some(program) => (program, context.machine.missing("php", "install PHP")),
        None if is_composer_project(composer.as_ref()) => {
            let missing = format!("{expected} is missing: run `composer install`");
            (expected, Some(missing))
        }
        None => (
            "phpunit",
            context.machine.missing("phpunit", "install PHPUnit"),
        ),
    };
    Some(Finding {
        how: How::Command(Command::Shell(command.to_owned())),
        evidence: evidence.to_owned(),
        missing,
        covers: Covers::Nothing,
    })
}

/// Whether Composer brings PHPUnit.
fn is_composer_project(composer: Option<&Value>) -> bool {
    composer.is_some_and(|composer| {
        ["require", "require-dev"].iter().any(|key| {
            let required = composer.get(key);
            required.is_some_and(|required| required.get("phpunit/phpunit").is_some())
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::Repository;

    #[test]
    fn configurations_and_requirements_are_suites() {
        let repository = Repository::new(&[
            "a/phpunit.xml.dist",
            "a/vendor/bin/phpunit",
            "c/phpunit.dist.xml",
            "c/bin/phpunit",
            "d/phpunit.xml",
        ]);
        let composer = r#"{"require-dev": {"phpunit/phpunit": "^13"}}"#;
        repository.write("b/composer.json", composer);
        repository.write(
            "e/composer.json",
            r#"{"require-dev": {"pestphp/pest": "*"}}"#,
        );
        insta::assert_snapshot!(repository.detected(&["php"]), @"
        a (phpunit): vendor/bin/phpunit    <- a/phpunit.xml.dist
        b (phpunit): vendor/bin/phpunit    <- b/composer.json require-dev phpunit/phpunit
            missing: vendor/bin/phpunit is missing: run `composer install`
        c (phpunit): bin/phpunit    <- c/phpunit.dist.xml
        d (phpunit): phpunit    <- d/phpunit.xml
            missing: `phpunit` is not on PATH: install PHPUnit
        ");
    }
}
