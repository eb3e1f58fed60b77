//! What git ignores.
//!
//! git itself is asked, for only it knows: ignored are directories that match a pattern of any
//! `.gitignore`, of `info/exclude`, or of a file that any of its configuration files names, and that
//! hold no file that is tracked nevertheless.

use std::env;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

/// Tells directories that git ignores from others, by one process that answers as long as this
/// lives.
pub(crate) struct Ignored {
    root: PathBuf,
    state: State,
}

enum State {
    /// Nothing has been asked, or git gave up over what was.
    Idle,
    Running(Git),
    /// There is no git, no repository, or all of the directory is ignored: then whoever starts
    /// in it means what is in it.
    Nothing,
}

impl Ignored {
    /// Below a root, which may lie anywhere in a repository or in none.
    pub(crate) fn new(root: &Path) -> Self {
        let state = if may_be_in_repository(root) {
            State::Idle
        } else {
            State::Nothing
        };
        Self {
            root: root.to_owned(),
            state,
        }
    }

    /// Takes the ignored ones out of some directories, which are relative to the root. Where git
    /// has no answer, nothing is ignored.
    pub(crate) fn remove_from(&mut self, directories: &mut Vec<PathBuf>) {
        if directories.is_empty() {
            return;
        }
        if matches!(self.state, State::Idle) {
            self.state = Git::start(&self.root).map_or(State::Nothing, State::Running);
        }
        let State::Running(git) = &mut self.state else {
            return;
        };
        let is_ignored = git.ask(directories);
        if is_ignored.len() < directories.len() {
            self.state = State::Idle;
        }
        let mut is_ignored = is_ignored.into_iter();
        directories.retain(|_| !is_ignored.next().unwrap_or(false));
    }
}

/// Whether git would look for a repository and might find one.
fn may_be_in_repository(root: &Path) -> bool {
    let named = env::var_os("GIT_DIR").is_some();
    // A relative path has no parents to look at.
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    named || root.ancestors().any(|dir| dir.join(".git").exists())
}

/// `git check-ignore`, which answers each path as it comes.
struct Git {
    process: Child,
    /// `None` once it has been closed.
    questions: Option<BufWriter<ChildStdin>>,
    answers: Receiver<bool>,
    /// `None` once it has been joined.
    reader: Option<JoinHandle<()>>,
}

impl Git {
    /// `None` if nothing is ignored: see [`State::Nothing`].
    fn start(root: &Path) -> Option<Self> {
        let mut process = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(["check-ignore", "-z", "--stdin"])
            // One answer to each path, whether it is ignored or not.
            .args(["--verbose", "--non-matching"])
            .env("GIT_FLUSH", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let questions = process.stdin.take().map(BufWriter::new);
        let stdout = process.stdout.take();
        let (sender, answers) = mpsc::channel();
        // Read beside the writing: git answers while it reads, and full pipes would block both.
        let reader = thread::spawn(move || {
            let mut stdout = stdout.map(BufReader::new);
            while let Some(is_ignored) = stdout.as_mut().and_then(next_answer) {
                if sender.send(is_ignored).is_err() {
                    break;
                }
            }
        });
        let mut git = Self {
            process,
            questions,
            answers,
            reader: Some(reader),
        };
        let is_root_ignored = git.ask(&[PathBuf::from(".")]);
        (is_root_ignored == [false]).then_some(git)
    }

    /// Whether they are ignored; fewer answers than questions if git ends over one of them.
    fn ask(&mut self, directories: &[PathBuf]) -> Vec<bool> {
        let Some(questions) = &mut self.questions else {
            return Vec::new();
        };
        for directory in directories {
            // A name that begins with a colon is not git's magic. If this fails, git has ended, and so do
            // the answers.
            let prefix: &[u8] = if directory.is_relative() { b"./" } else { b"" };
            let _ = questions.write_all(prefix);
            let _ = questions.write_all(directory.as_os_str().as_encoded_bytes());
            let _ = questions.write_all(&[0]);
        }
        let _ = questions.flush();
        self.answers.iter().take(directories.len()).collect()
    }
}

impl Drop for Git {
    fn drop(&mut self) {
        // The end of the questions is the end of git.
        self.questions = None;
        let _ = self.process.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// The next answer: a pattern, which is empty if none matches, with where it stands before it and the
/// path behind it.
fn next_answer(stdout: &mut BufReader<ChildStdout>) -> Option<bool> {
    let mut field = || {
        let mut field = Vec::new();
        stdout.read_until(0, &mut field).ok()?;
        (field.pop() == Some(0)).then_some(field)
    };
    let _file = field()?;
    let _line = field()?;
    let pattern = field()?;
    let _path = field()?;
    Some(!pattern.is_empty() && !pattern.starts_with(b"!"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::Repository;

    /// Those of some directories that are left, asked for level by level.
    fn left(root: &Path, levels: &[&[&str]]) -> Vec<String> {
        let mut ignored = Ignored::new(root);
        let mut left = Vec::new();
        for level in levels {
            let mut level: Vec<PathBuf> = level.iter().map(PathBuf::from).collect();
            ignored.remove_from(&mut level);
            left.extend(level.iter().map(|dir| dir.display().to_string()));
        }
        left
    }

    #[test]
    fn patterns_of_all_files_and_levels_count() {
        let repository = Repository::new(&["a/f", "b/f", "c/f", "d/f", "d/x/f", "d/y/f", "e/x/f"]);
        repository.git_init();
        repository.write(".gitignore", "a\n");
        repository.write("d/.gitignore", "x\n");
        repository.write(".git/info/exclude", "b\n");
        repository.write("elsewhere/patterns", "/c/\n");
        let elsewhere = repository.root().join("elsewhere/patterns");
        repository.git(&["config", "core.excludesFile", elsewhere.to_str().unwrap()]);
        let levels: [&[&str]; 2] = [&["a", "b", "c", "d", "e"], &["d/x", "d/y", "e/x"]];
        assert_eq!(left(repository.root(), &levels), ["d", "e", "d/y", "e/x"]);
    }

    #[test]
    fn what_a_pattern_takes_back_is_left() {
        let repository = Repository::new(&["out/a/f", "out/b/f"]);
        repository.git_init();
        repository.write(".gitignore", "out/*\n!out/b\n");
        let levels: [&[&str]; 2] = [&["out"], &["out/a", "out/b"]];
        assert_eq!(left(repository.root(), &levels), ["out", "out/b"]);
    }

    #[test]
    fn what_is_tracked_is_left_whatever_the_patterns() {
        let repository = Repository::new(&["lib/tracked/f", "lib/other/f", "log/f"]);
        repository.git_init();
        repository.write(".gitignore", "lib/\nlog/\n");
        repository.git(&["add", "--force", "lib/tracked/f"]);
        let levels: [&[&str]; 2] = [&["lib", "log"], &["lib/other", "lib/tracked"]];
        assert_eq!(left(repository.root(), &levels), ["lib", "lib/tracked"]);
    }

    #[test]
    fn patterns_above_a_directory_count_in_it() {
        let repository = Repository::new(&["package/out/f", "package/src/f"]);
        repository.git_init();
        repository.write(".gitignore", "/package/out\n");
        let package = repository.root().join("package");
        assert_eq!(left(&package, &[&["out", "src"]]), ["src"]);
    }

    #[test]
    fn what_git_refuses_to_answer_is_left_and_what_comes_after_is_asked_again() {
        let repository = Repository::new(&["sub/in/f", "a/out/f"]);
        repository.git_init();
        repository.write(".gitignore", "out\n");
        // The files of a submodule without its repository: git ends over what is in it.
        let submodule = "160000,0123456789012345678901234567890123456789,sub";
        repository.git(&["update-index", "--add", "--cacheinfo", submodule]);
        let levels: [&[&str]; 3] = [&["a", "out", "sub"], &["a", "sub/in"], &["a/out", "a"]];
        let left = left(repository.root(), &levels);
        assert_eq!(left, ["a", "sub", "a", "sub/in", "a"]);
    }

    #[test]
    fn nothing_is_ignored_outside_of_a_repository() {
        let directory = Repository::new(&["out/f"]);
        directory.write(".gitignore", "out\n");
        assert_eq!(
            left(directory.root(), &[&["out"], &["out"]]),
            ["out", "out"]
        );
    }

    #[test]
    fn more_than_pipes_hold_is_answered() {
        let repository = Repository::new(&[]);
        repository.git_init();
        repository.write(".gitignore", "*7\n");
        let mut names: Vec<PathBuf> = (0..3000)
            .map(|number| PathBuf::from(format!("{}-{number}", "a-long-name".repeat(10))))
            .collect();
        Ignored::new(repository.root()).remove_from(&mut names);
        assert_eq!(names.len(), 2700);
    }
}
