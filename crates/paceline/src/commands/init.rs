//! `paceline init`: a first `paceline.toml`.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use paceline_adapters::Machine;
use paceline_adapters::command::Command;
use paceline_adapters::detect::{DetectedSuite, Detection, How, detect};

use crate::Context;
use crate::cli::InitArgs;
use crate::config::FILE_NAME;
use crate::diagnostic::Diagnostic;
use crate::exit::ExitCode;
use crate::terminal::print_result;

/// Looks at the working directory and writes a configuration of what is there.
pub fn init(context: &Context, args: &InitArgs) -> ExitCode {
    if context.global.config.is_some() {
        let mistake = Diagnostic::new("`init` writes paceline.toml and reads no configuration")
            .help("leave out --config; use -C to write into another directory");
        return context.refuse_with(mistake);
    }
    let path = context.cwd.join(FILE_NAME);
    if !args.print && path.symlink_metadata().is_ok() {
        return context.refuse_with(exists());
    }
    let detection = detect(&context.cwd, &Machine::of_process());
    let text = Template(&detection).to_string();
    if args.print {
        context.stderr.print(&told(&detection));
        return print_result(context.stderr, &text);
    }
    match write_new(&path, &text) {
        Ok(()) => {
            let mut message = format!("wrote {FILE_NAME}\n");
            message.push_str(&told(&detection));
            context.stderr.print(&message);
            ExitCode::Success
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => context.refuse_with(exists()),
        Err(error) => {
            let title = format!("cannot write {}: {error}", path.display());
            context.refuse_with(Diagnostic::new(title))
        }
    }
}

fn exists() -> Diagnostic {
    Diagnostic::new(format!("{FILE_NAME} exists already and is not overwritten"))
        .help("`paceline init --print` shows what it would be")
}

/// Writes a file that does not exist yet, even if another process is about to write it too.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let written = file.write_all(text.as_bytes());
    if written.is_err() {
        // Half a configuration is worse than none.
        let _ = std::fs::remove_file(path);
    }
    written
}

/// What was found, for people.
fn told(detection: &Detection) -> String {
    let mut text = String::new();
    if detection.suites.is_empty() {
        text.push_str("found no tests that paceline knows; the file is a template to fill in\n");
    }
    for suite in &detection.suites {
        let command = suite.how.display();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {}: {command} (found by {})",
            suite.name, suite.evidence
        );
    }
    for (suite, reason) in &detection.left_out {
        let _ = writeln!(text, "  {}: left out, {reason}", suite.name);
    }
    for suite in &detection.suites {
        if let Some(missing) = &suite.missing {
            let _ = writeln!(text, "warning: {}: {missing}", suite.name);
        }
    }
    text
}

/// The text of the file.
struct Template<'a>(&'a Detection);

impl fmt::Display for Template<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detection = self.0;
        f.write_str(
            "# The suites of this repository. `paceline` runs them, `paceline list` shows them.\n\
             \n\
             # jobs = \"cpus\"                  # slots shared by all suites\n\
             # timeout = \"5m\"                 # for suites that say nothing else\n\
             # slow-categories = [\"acceptance\", \"integration\"]   # what --fast leaves out\n\
             \n\
             # [resources]                    # locks that suites can need, with their capacities\n\
             # postgres = 1\n",
        )?;
        if detection.suites.is_empty() {
            return f.write_str(
                "\n\
                 # No tests were found by their usual marks. A suite is a command:\n\
                 #\n\
                 # [suite.unit]\n\
                 # command = \"make test\"          # a string runs in sh; an array runs directly\n\
                 # dir = \"backend\"                # without it: the directory of this file\n\
                 # category = \"unit\"\n\
                 # depends-on = [\"build\"]\n\
                 # needs = [\"postgres\"]\n",
            );
        }
        for suite in &detection.suites {
            writeln!(f)?;
            writeln!(f, "# Found by {}.", one_line(&suite.evidence))?;
            if let Some(missing) = &suite.missing {
                writeln!(f, "# Missing: {}.", one_line(missing))?;
            }
            for line in table(suite) {
                writeln!(f, "{line}")?;
            }
        }
        for (suite, reason) in &detection.left_out {
            writeln!(f)?;
            let evidence = one_line(&suite.evidence);
            writeln!(
                f,
                "# Found by {evidence} and left out: {}.",
                one_line(reason)
            )?;
            for line in table(suite) {
                writeln!(f, "# {line}")?;
            }
        }
        Ok(())
    }
}

/// The lines of a suite's table.
fn table(suite: &DetectedSuite) -> Vec<String> {
    let mut lines = vec![format!("[suite.{}]", key(&suite.name))];
    lines.push(match &suite.how {
        How::Command(Command::Shell(text)) => format!("command = {}", string(text)),
        How::Command(Command::Argv(argv)) => {
            let words: Vec<String> = argv.iter().map(|word| string(word)).collect();
            format!("command = [{}]", words.join(", "))
        }
        How::Framework(name, _) => format!("framework = {}", string(name)),
        How::Target { framework, .. } => format!("framework = {}", string(framework)),
    });
    if let How::Target { test, .. } = &suite.how {
        lines.push(format!("test = {}", string(test)));
    }
    if !suite.dir.as_os_str().is_empty() {
        let parts: Vec<_> = suite
            .dir
            .iter()
            .map(|part| part.to_string_lossy())
            .collect();
        lines.push(format!("dir = {}", string(&parts.join("/"))));
    }
    lines.push(format!("description = {}", string(&suite.description)));
    lines.push(format!("category = {}", string(suite.category)));
    lines
}

/// A key of TOML, quoted where it has to be.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        string(name)
    }
}

/// A string of TOML: literal where it holds what would have to be escaped otherwise.
fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A text within a comment.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
