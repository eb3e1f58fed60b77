//! PHP: PHPUnit.

use super::tree::Directory;
use super::{Context, Covers, Finding, How};
use crate::command::Command;
use crate::phpunit::{Phpunit, installed};

pub(super) fn find(context: &Context<'_>, directory: &Directory) -> Option<Finding> {
    // In the order in which PHPUnit looks for them.
    let configuration =
        directory.first_of(&["phpunit.xml", "phpunit.dist.xml", "phpunit.xml.dist"]);
    let evidence = if let Some(file) = configuration {
        file
    } else {
        let composer = directory.json("composer.json");
        let required = composer.as_ref()?.get("require-dev")?;
        required.get("phpunit/phpunit")?;
        "composer.json require-dev phpunit/phpunit"
    };
    let root = context.tree.root();
    let dir = root.join(&directory.dir);
    let (how, missing) = match installed::find(&dir, root, None, context.machine) {
        Ok(found) => (How::framework(&Phpunit, found.display), None),
        // It brings a PHPUnit of its own, which only it can start.
        Err(_) if installed::is_bridge(&dir.join(BRIDGE)) => {
            let command = Command::Shell(BRIDGE.to_owned());
            let missing = context.machine.missing("php", "install PHP");
            (How::Command(command), missing)
        }
        Err(missing) => {
            let command = "vendor/bin/phpunit".to_owned();
            (How::framework(&Phpunit, command), Some(missing.to_string()))
        }
    };
    Some(Finding {
        how,
        evidence: evidence.to_owned(),
        missing,
        covers: Covers::Nothing,
    })
}

/// Where Symfony puts the script that installs and starts a PHPUnit.
const BRIDGE: &str = "bin/phpunit";

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
            "f/phpunit.xml",
        ]);
        repository.write("f/bin/phpunit", "<?php require 'simple-phpunit.php';");
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
        d (phpunit): vendor/bin/phpunit    <- d/phpunit.xml
            missing: there is no vendor/bin/phpunit and no phpunit.phar, and `phpunit` is not on PATH: install PHPUnit
        f (phpunit): bin/phpunit    <- f/phpunit.xml
        ");
    }
}
