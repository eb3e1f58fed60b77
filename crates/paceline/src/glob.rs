//! Patterns of file names: `*` and `?` within a name, `**` for any directories.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Whether this path is a pattern.
pub(crate) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?'])
}

/// The files and directories that match, sorted. Hidden ones match only what begins with a dot too.
pub(crate) fn expand(base: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![base.to_owned()];
    for component in Path::new(pattern).components() {
        let Component::Normal(name) = component else {
            // The root, `.` and `..`.
            found = found.iter().map(|path| path.join(component)).collect();
            continue;
        };
        let name = name.to_string_lossy();
        found = match &*name {
            "**" => found.iter().flat_map(|path| with_below(path)).collect(),
            _ if is_pattern(&name) => {
                let matching = |path: &PathBuf| {
                    let names = names(path).into_iter();
                    let names = names.filter(|found| {
                        matches(&name, found) && (name.starts_with('.') || !found.starts_with('.'))
                    });
                    names.map(|name| path.join(name)).collect::<Vec<_>>()
                };
                found.iter().flat_map(matching).collect()
            }
            _ => {
                let paths = found.iter().map(|path| path.join(&*name));
                paths.filter(|path| path.exists()).collect()
            }
        };
    }
    found.sort();
    found.dedup();
    found
}

/// A directory and all below it that are not hidden.
fn with_below(dir: &Path) -> Vec<PathBuf> {
    let mut all = vec![dir.to_owned()];
    let mut next = 0;
    while let Some(dir) = all.get(next).cloned() {
        next += 1;
        for name in names(&dir) {
            let path = dir.join(&name);
            // Links to directories may lead in circles.
            let is_dir = path.symlink_metadata().is_ok_and(|found| found.is_dir());
            if is_dir && !name.starts_with('.') {
                all.push(path);
            }
        }
    }
    all
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.collect()
}

/// Whether a text matches a pattern: `*` is any text, `?` one character, all else itself.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // The last star, and where the text after it is tried.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match &mut star {
                Some((place, tried)) => {
                    *tried += 1;
                    (p, t) = (*place + 1, *tried);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_others() {
        for (pattern, text, expected) in [
            ("test_*.py", "test_a.py", true),
            ("test_*.py", "test_.pyc", false),
            ("*a*b", "xaabab", true),
            ("*a*b", "xaaba", false),
            ("t?st", "test", true),
            ("t?st", "tst", false),
            ("[ab]", "a", false),
            ("[ab]", "[ab]", true),
            ("**", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn expands_to_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["a/test_x.py", "a/b/test_y.py", "a/b/y.py", "a/.c/test_z.py"] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let expand = |pattern: &str| -> Vec<String> {
            let found = expand(dir.path(), pattern);
            let shown =
                |path: &PathBuf| path.strip_prefix(dir.path()).unwrap().display().to_string();
            found.iter().map(shown).collect()
        };
        assert_eq!(expand("a/**/test_*.py"), ["a/b/test_y.py", "a/test_x.py"]);
        assert_eq!(expand("a/*"), ["a/b", "a/test_x.py"]);
        assert_eq!(expand("a/.*/*.py"), ["a/.c/test_z.py"]);
        assert_eq!(expand("*/b/y.py"), ["a/b/y.py"]);
        assert_eq!(expand("x/*"), Vec::<String>::new());
    }
}
