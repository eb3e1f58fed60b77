//! Ruby: minitest and test-unit, by Rake, Rails or themselves; `RSpec`.

use super::How;
use super::tree::Directory;
use super::{Context, Covers, Finding};
use crate::command::Command;

/// Runs every test file of `test/`, as Rake's test task does.
const ALL_TESTS: &str = r#"ruby -Ilib -Itest -e 'Dir["test/**/{test_*,*_test}.rb"].sort.each { |f| require "./#{f}" }'"#;

pub(super) fn find(context: &Context<'_>, directory: &Directory) -> Option<Finding> {
    let (evidence, command) = marks(context, directory)?;
    let bundled = directory.has("Gemfile") || directory.has("gems.rb");
    let (command, missing) = match (bundled, command.starts_with("bin/")) {
        (true, false) => (
            format!("bundle exec {command}"),
            context.machine.missing("bundle", "install Bundler"),
        ),
        _ => (
            command.to_owned(),
            context.machine.missing("ruby", "install Ruby"),
        ),
    };
    Some(Finding {
        how: How::Command(Command::Shell(command)),
        evidence,
        missing,
        covers: Covers::Nothing,
    })
}

/// The mark and the command without Bundler.
fn marks(context: &Context<'_>, directory: &Directory) -> Option<(String, &'static str)> {
    let locked = locked_gems(directory);
    let has_gem = |name: &str| locked.iter().any(|gem| gem == name);
    let tests = directory.dir.join("test");
    let test_file = context.tree.below(&tests).find_map(|directory| {
        let is_test = |file: &&str| {
            let stem = file.strip_suffix(".rb").unwrap_or_default();
            stem.ends_with("_test") || stem.starts_with("test_")
        };
        directory.files().find(is_test)
    });
    if context.tree.exists(&directory.dir.join("bin/rails")) && test_file.is_some() {
        return Some(("bin/rails".to_owned(), "bin/rails test"));
    }
    let rakefile = directory.first_of(&["Rakefile", "rakefile", "Rakefile.rb", "rakefile.rb"]);
    if let Some(rakefile) = rakefile {
        let text = directory.text(rakefile).unwrap_or_default();
        let has_task = [
            "Rake::TestTask.new",
            "Minitest::TestTask.create",
            "task :test",
            "task test:",
        ]
        .iter()
        .any(|task| text.contains(task));
        if has_task && test_file.is_some() {
            return Some((format!("{rakefile} test task"), "rake test"));
        }
    }
    if let Some(file) = test_file {
        let gem = ["minitest", "test-unit"]
            .into_iter()
            .find(|gem| has_gem(gem));
        let evidence = match gem {
            Some(gem) => format!("Gemfile.lock has {gem}"),
            None => format!("test/ has {file}"),
        };
        return Some((evidence, ALL_TESTS));
    }
    if directory.has(".rspec") || has_gem("rspec") || has_gem("rspec-core") {
        let specs = directory.dir.join("spec");
        let has_specs = context
            .tree
            .below(&specs)
            .any(|directory| directory.files().any(|file| file.ends_with("_spec.rb")));
        if has_specs {
            let evidence = if directory.has(".rspec") {
                ".rspec"
            } else {
                "Gemfile.lock has rspec"
            };
            return Some((evidence.to_owned(), "rspec"));
        }
    }
    None
}

/// The names of the gems in the lock file.
fn locked_gems(directory: &Directory) -> Vec<String> {
    let text = directory.text("Gemfile.lock").unwrap_or_default();
    // "    minitest (5.25.1)": four spaces, the name, the version.
    let gems = text.lines().filter_map(|line| line.strip_prefix("    "));
    gems.filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::Repository;

    #[test]
    fn gems_tasks_and_files_are_marks() {
        let repository = Repository::new(&[
            "a/Gemfile",
            "a/test/x/cart_test.rb",
            "b/test/test_cart.rb",
            "c/bin/rails",
            "c/test/models/user_test.rb",
            "c/Gemfile",
            "d/.rspec",
            "d/spec/x_spec.rb",
            "e/lib/x.rb",
        ]);
        repository.write(
            "a/Gemfile.lock",
            "GEM\n  specs:\n    minitest (5.25.1)\n      other (1)\n",
        );
        repository.write("b/Rakefile", "Rake::TestTask.new do |t|\nend\n");
        insta::assert_snapshot!(repository.detected(&["ruby"]), @r#"
        a (ruby): bundle exec ruby -Ilib -Itest -e 'Dir["test/**/{test_*,*_test}.rb"].sort.each { |f| require "./#{f}" }'    <- a/Gemfile.lock has minitest
            missing: `bundle` is not on PATH: install Bundler
        b (ruby): rake test    <- b/Rakefile test task
        c (ruby): bin/rails test    <- c/bin/rails
        d (ruby): rspec    <- d/.rspec
        "#);
    }
}
