//! Files that are there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::reporter::{Destination, ReportError};

/// Replaces `path` by a file with these contents, and makes the directories above it.
pub(crate) fn write(path: &Path, contents: &[u8]) -> Result<(), ReportError> {
    replace(path, contents)
        .map_err(|source| ReportError::new(Destination::File(path.to_owned()), source))
}

fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    // In the same directory, so that the rename stays within one file system.
    let mut file = match temporary(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(dir)?;
            temporary(dir)?
        }
        other => other?,
    };
    // As a `NamedTempFile`, it would put its own name into errors.
    file.as_file_mut().write_all(contents)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn temporary(dir: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".paceline-").suffix(".tmp");
    // As any new file: the umask takes away what the user does not want. And its errors do not have
    // this name in them, which nobody knows.
    builder.make_in(dir, |path| fs::File::create_new(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_directories_replaces_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/report.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let names: Vec<_> = fs::read_dir(path.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["report.json"]);
    }

    #[test]
    fn a_failure_names_the_path() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let path = dir.path().join("file/report.json");
        let error = write(&path, b"").unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("cannot write {}: ", path.display())),
            "{error}"
        );
        assert!(!error.contains(".paceline-"), "{error}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_failure_does_not_name_the_file_that_was_there_for_a_moment() {
        // No files can be made in it, also not by root.
        let error = write(Path::new("/proc/report.json"), b"").unwrap_err();
        assert!(!error.to_string().contains(".paceline-"), "{error}");
    }
}
