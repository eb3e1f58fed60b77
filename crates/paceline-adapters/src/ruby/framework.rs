//! What test-unit and minitest are called, and how each runs by itself.

use crate::shell;

/// Loads the tests of minitest below `test/`, as Rake's task does.
const USUAL_FILES: &str = r#"Dir["test/**/{test_*,*_test}.rb"].sort.each { |f| require "./#{f}" }"#;

/// Loads the tests of minitest in the paths that follow it.
const GIVEN_FILES: &str = "ARGV.select { |p| File.exist?(p) }.each { |p| \
    Dir[p, \"#{p}/**/{test_*,*_{test,spec}}.rb\"].sort.each { |f| load f if File.file?(f) } }";

/// A framework of Ruby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    /// test-unit.
    TestUnit,
    /// minitest.
    Minitest,
}

impl Framework {
    /// What configurations, gems and the worker program call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TestUnit => "test-unit",
            Self::Minitest => "minitest",
        }
    }

    /// The option of Ruby that runs the tests of the files that are loaded after it.
    pub(super) fn require(self) -> &'static str {
        match self {
            Self::TestUnit => "-rtest/unit",
            Self::Minitest => "-rminitest/autorun",
        }
    }

    /// How all tests run by themselves, as a user would type it: after `ruby`, the interpreter with
    /// its options, `arguments` for the framework, with paths among them or without.
    pub(super) fn command(self, ruby: &str, arguments: &[String], has_paths: bool) -> String {
        let require = self.require();
        let (script, usual) = match self {
            Self::TestUnit => ("exit Test::Unit::AutoRunner.run(true)", Some("test")),
            Self::Minitest if has_paths => (GIVEN_FILES, None),
            Self::Minitest => (USUAL_FILES, None),
        };
        let mut command = format!("{ruby} {require} -e {}", shell::quote(script));
        let usual = usual.filter(|_| !has_paths);
        let words = arguments.iter().map(String::as_str).chain(usual);
        let words: Vec<String> = words.map(shell::quote).collect();
        if !words.is_empty() {
            command.push_str(" -- ");
            command.push_str(&words.join(" "));
        }
        command
    }

    /// How all tests run by themselves where nothing but the custom is known.
    pub(crate) fn usual_command(self, interpreter: &str) -> String {
        self.command(&format!("{interpreter} -Ilib -Itest"), &[], false)
    }
}
