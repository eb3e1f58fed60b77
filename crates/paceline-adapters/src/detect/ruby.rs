//! Ruby: test-unit and minitest where they are evident; else Rake, Rails; `RSpec`.

use std::path::Path;

use super::How;
use super::tree::Directory;
use super::{Context, Covers, Finding};
use crate::command::Command;
use crate::ruby::{Framework, Ruby, interpreter};

/// Runs every test file of `test/`, as Rake's test task does.
const ALL_TESTS: &str = r#"ruby -Ilib -Itest -e 'Dir["test/**/{test_*,*_test}.rb"].sort.each { |f| require "./#{f}" }'"#;

pub(super) fn find(context: &Context<'_>, directory: &Directory) -> Option<Finding> {
    // What `lib/test` holds is no test of `lib`.
    if directory.dir.ends_with("lib") {
        return None;
    }
    if let Some((framework, evidence)) = framework(context, directory) {
        return Some(by_framework(context, directory, framework, evidence));
    }
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

fn by_framework(
    context: &Context<'_>,
    directory: &Directory,
    framework: Framework,
    evidence: String,
) -> Finding {
    let root = context.tree.root();
    let found = interpreter::find(&root.join(&directory.dir), root, None, context.machine);
    let (interpreter, missing) = match found {
        Ok(found) => (found.display, None),
        Err(missing) => ("ruby".to_owned(), Some(missing.to_string())),
    };
    let command = framework.usual_command(&interpreter);
    Finding {
        how: How::framework(&Ruby(framework), command),
        evidence,
        missing,
        covers: Covers::Nothing,
    }
}

/// The framework of the tests in `test/`, and by what it is known. Rails has a runner of its own.
fn framework(context: &Context<'_>, directory: &Directory) -> Option<(Framework, String)> {
    let tests = directory.dir.join("test");
    let exists = |path: &str| context.tree.exists(&directory.dir.join(path));
    let mut files = context.tree.below(&tests).flat_map(|directory| {
        let files = directory.files().filter(|file| is_test_file(file));
        files.map(move |file| (directory, file))
    });
    if exists("bin/rails") {
        return None;
    }
    let (first_in, first) = files.next()?;
    let locked = locked_gems(directory);
    let by_lock = |framework: Framework| {
        let gem = framework.name();
        let is_locked = locked.iter().any(|locked| locked == gem);
        is_locked.then(|| (framework, format!("Gemfile.lock has {gem}")))
    };
    let by_lock = (by_lock(Framework::TestUnit), by_lock(Framework::Minitest));
    // Where both are among the gems, or none is, the files tell which it is.
    if let (Some(only), None) | (None, Some(only)) = by_lock {
        return Some(only);
    }
    let top = context.tree.get(&tests);
    let helpers = ["test_helper.rb", "helper.rb"];
    let helpers = top
        .into_iter()
        .flat_map(|dir| helpers.map(|file| (dir, file)));
    let others = top.into_iter().flat_map(|dir| {
        let is_ruby = |file: &&str| Path::new(file).extension().is_some_and(|end| end == "rb");
        let files = dir.files().filter(is_ruby);
        files.map(move |file| (dir, file))
    });
    let is_of_gem = |file: &&str| *file == "Gemfile" || file.ends_with(".gemspec");
    let gems = directory.files().filter(is_of_gem);
    let gems = gems.map(|file| (directory, file));
    let texts = helpers.chain([(first_in, first)]).chain(files);
    let texts = texts.chain(others).chain(gems);
    let mut known = texts.filter_map(|(dir, file)| {
        let (framework, mark) = mark(&dir.text(file)?)?;
        let place = relative(&directory.dir, &dir.dir.join(file));
        Some((framework, format!("{place} has {mark}")))
    });
    known.next()
}

fn is_test_file(file: &str) -> bool {
    let stem = file.strip_suffix(".rb").unwrap_or_default();
    // Helpers are no tests, and neither is a script that starts all of them.
    let is_helper = matches!(stem, "test_helper" | "run_test" | "run-test");
    let starts = ["test_", "test-", "spec_"];
    let ends = ["_test", "-test", "_spec"];
    !is_helper
        && (starts.iter().any(|start| stem.starts_with(start))
            || ends.iter().any(|end| stem.ends_with(end)))
}

/// What in a file only one of the frameworks knows.
fn mark(text: &str) -> Option<(Framework, &'static str)> {
    const MARKS: [(&str, Framework); 11] = [
        ("Test::Unit::TestCase", Framework::TestUnit),
        ("test/unit", Framework::TestUnit),
        ("test-unit", Framework::TestUnit),
        ("Minitest::Test", Framework::Minitest),
        ("MiniTest::Test", Framework::Minitest),
        ("Minitest::Spec", Framework::Minitest),
        ("minitest/", Framework::Minitest),
        ("ActiveSupport::TestCase", Framework::Minitest),
        ("active_support/test", Framework::Minitest),
        ("\"minitest\"", Framework::Minitest),
        ("'minitest'", Framework::Minitest),
    ];
    let of_line = |line: &str| {
        let line = line.trim_start();
        let is_code = line.starts_with("class ")
            || line.starts_with("require")
            || line.starts_with("gem ")
            || line.contains(".add_development_dependency");
        let found = MARKS.into_iter().find(|(mark, _)| line.contains(mark));
        found
            .filter(|_| is_code)
            .map(|(mark, framework)| (framework, mark))
    };
    text.lines().find_map(of_line)
}

/// A path within a directory, as messages show it.
fn relative(dir: &Path, path: &Path) -> String {
    let below = path.strip_prefix(dir).unwrap_or(path);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// The mark and the command without Bundler.
fn marks(context: &Context<'_>, directory: &Directory) -> Option<(String, &'static str)> {
    let locked = locked_gems(directory);
    let has_gem = |name: &str| locked.iter().any(|gem| gem == name);
    let tests = directory.dir.join("test");
    let mut below = context.tree.below(&tests);
    let test_file = below.find_map(|directory| directory.files().find(|file| is_test_file(file)));
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
        return Some((format!("test/ has {file}"), ALL_TESTS));
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
        insta::assert_snapshot!(repository.detected(&["ruby"]), @r##"
        a (ruby): ruby -rbundler/setup -Ilib -Itest -rminitest/autorun -e 'Dir["test/**/{test_*,*_test}.rb"].sort.each { |f| require "./#{f}" }'    <- a/Gemfile.lock has minitest
        b (ruby): rake test    <- b/Rakefile test task
        c (ruby): bin/rails test    <- c/bin/rails
        d (ruby): rspec    <- d/.rspec
        "##);
    }

    #[test]
    fn files_tell_the_framework() {
        let repository = Repository::new(&["a/Rakefile", "d/test/test_x.rb"]);
        repository.write("a/test/test_a.rb", "require_relative 'helper'\n");
        repository.write(
            "a/test/helper.rb",
            "# minitest/autorun\nrequire 'test/unit'\n",
        );
        repository.write(
            "b/test/unit/cart_test.rb",
            "class CartTest < Minitest::Test\nend\n",
        );
        repository.write(
            "c/gems.locked",
            "GEM\n  specs:\n    minitest (5)\n    test-unit (3)\n",
        );
        repository.write("c/test/test_c.rb", "class TestC < Test::Unit::TestCase\n");
        repository.write("f/test/cart_test.rb", "require 'test_helper'\n");
        repository.write(
            "f/test/test_helper.rb",
            "require \"active_support/testing/autorun\"\n",
        );
        repository.write(
            "g/test/cart_test.rb",
            "class CartTest < ActiveSupport::TestCase\n",
        );
        repository.write("e/test/spec_e.rb", "");
        repository.write(
            "e/e.gemspec",
            "  s.add_development_dependency 'minitest', '5'\n",
        );
        insta::assert_snapshot!(repository.detected(&["ruby"]), @r##"
        a (ruby): ruby -Ilib -Itest -rtest/unit -e 'exit Test::Unit::AutoRunner.run(true)' -- test    <- a/test/helper.rb has test/unit
        b (ruby): ruby -Ilib -Itest -rminitest/autorun -e 'Dir["test/**/{test_*,*_test}.rb"].sort.each { |f| require "./#{f}" }'    <- b/test/unit/cart_test.rb has Minitest::Test
        c (ruby): ruby -Ilib -Itest -rtest/unit -e 'exit Test::Unit::AutoRunner.run(true)' -- test    <- c/test/test_c.rb has Test::Unit::TestCase
        d (ruby): ruby -Ilib -Itest -e 'Dir["test/**/{test_*,*_test}.rb"].sort.each { |f| require "./#{f}" }'    <- d/test/ has test_x.rb
        e (ruby): ruby -Ilib -Itest -rminitest/autorun -e 'Dir["test/**/{test_*,*_test}.rb"].sort.each { |f| require "./#{f}" }'    <- e/e.gemspec has 'minitest'
        f (ruby): ruby -Ilib -Itest -rminitest/autorun -e 'Dir["test/**/{test_*,*_test}.rb"].sort.each { |f| require "./#{f}" }'    <- f/test/test_helper.rb has active_support/test
        g (ruby): ruby -Ilib -Itest -rminitest/autorun -e 'Dir["test/**/{test_*,*_test}.rb"].sort.each { |f| require "./#{f}" }'    <- g/test/cart_test.rb has ActiveSupport::TestCase
        "##);
    }
}
