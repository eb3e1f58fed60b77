//! The worker programs that this program carries, and where they are unpacked.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

include!(concat!(env!("OUT_DIR"), "/workers.rs"));

/// A worker program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worker {
    /// What the directory in the cache is called, before the hash.
    pub(crate) name: &'static str,
    /// The directory of the program within that.
    pub(crate) directory: &'static str,
    /// Its files.
    pub(crate) files: &'static [(&'static str, &'static [u8])],
}

/// The worker for Python.
pub(crate) const PYTHON: Worker = Worker {
    name: "python",
    directory: "paceline_worker",
    files: PYTHON_FILES,
};

/// The worker for PHP.
pub(crate) const PHP: Worker = Worker {
    name: "php",
    directory: "paceline_worker",
    files: PHP_FILES,
};

/// The worker for Ruby.
pub(crate) const RUBY: Worker = Worker {
    name: "ruby",
    directory: "paceline_worker",
    files: RUBY_FILES,
};

/// Where worker programs are.
#[derive(Clone, Debug)]
pub struct Workers {
    /// The directory that keeps them from run to run.
    cache: PathBuf,
    /// The directory for the temporary files of all users.
    temporary: PathBuf,
    unpack: bool,
}

impl Workers {
    /// Worker programs that only need to have a path, as nothing is going to be started.
    pub fn named(cache: PathBuf) -> Self {
        Self {
            unpack: false,
            ..Self::unpacked(cache)
        }
    }

    /// Worker programs that are unpacked when they are asked for: into this directory, or where it
    /// cannot be written, into the directory for temporary files.
    pub fn unpacked(cache: PathBuf) -> Self {
        Self {
            cache,
            temporary: std::env::temp_dir(),
            unpack: true,
        }
    }

    /// The path of a worker program.
    ///
    /// # Errors
    /// If it can be unpacked nowhere.
    pub(crate) fn path(&self, worker: &Worker) -> io::Result<PathBuf> {
        let place = |cache: &Path| cache.join("workers").join(worker.key());
        let mut place_in_use = place(&self.cache);
        if self.unpack
            && let Err(first) = worker.unpack(&place_in_use)
        {
            let unpacked = private(&self.temporary).and_then(|dir| {
                place_in_use = place(&dir);
                worker.unpack(&place_in_use)
            });
            unpacked.map_err(|second| {
                let (cache, temporary) = (self.cache.display(), self.temporary.display());
                io::Error::new(
                    second.kind(),
                    format!("in {cache}: {first}; in {temporary}: {second}"),
                )
            })?;
        }
        Ok(place_in_use.join(worker.directory))
    }
}

impl Worker {
    /// The name of its directory: other versions have other names.
    fn key(&self) -> String {
        // FNV-1a: it only has to tell versions apart.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bytes: &[u8]| {
            for byte in (bytes.len() as u64).to_le_bytes().iter().chain(bytes) {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for (name, content) in self.files {
            add(name.as_bytes());
            add(content);
        }
        format!("{}-{hash:016x}", self.name)
    }

    /// Makes `place` hold the program. It is written beside it and moved there as a whole, so that
    /// another run sees all of it or nothing.
    fn unpack(&self, place: &Path) -> io::Result<()> {
        if self.is_in(place) {
            return Ok(());
        }
        let parent = place.parent().unwrap_or(place);
        fs::create_dir_all(parent)?;
        let fresh = unique_beside(place, "new");
        let written = self.write(&fresh).and_then(|()| self.swap(&fresh, place));
        if written.is_err() {
            let _ = fs::remove_dir_all(&fresh);
        }
        written
    }

    fn swap(&self, fresh: &Path, place: &Path) -> io::Result<()> {
        if fs::rename(fresh, place).is_ok() {
            return Ok(());
        }
        // Another run was quicker, or what is there is damaged.
        if !self.is_in(place) {
            let old = unique_beside(place, "old");
            match fs::rename(place, &old) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let renamed = fs::rename(fresh, place);
            let _ = fs::remove_dir_all(&old);
            if renamed.is_err() && !self.is_in(place) {
                return renamed;
            }
        }
        let _ = fs::remove_dir_all(fresh);
        Ok(())
    }

    /// Whether all of the program is there. Cleaners of temporary directories leave parts.
    fn is_in(&self, place: &Path) -> bool {
        self.files.iter().all(|(name, content)| {
            fs::metadata(place.join(self.directory).join(name))
                .is_ok_and(|file| file.is_file() && file.len() == content.len() as u64)
        })
    }

    fn write(&self, place: &Path) -> io::Result<()> {
        let dir = place.join(self.directory);
        fs::create_dir_all(&dir)?;
        for (name, content) in self.files {
            let path = dir.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&dir))?;
            fs::File::create_new(path)?.write_all(content)?;
        }
        Ok(())
    }
}

/// A path that nobody else uses.
fn unique_beside(place: &Path, what: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{what}-{}-{count}", process::id()));
    place.with_file_name(name)
}

/// A directory in this one that only this user can have written to.
#[cfg(unix)]
fn private(dir: &Path) -> io::Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};

    let user = rustix::process::geteuid().as_raw();
    let dir = dir.join(format!("paceline-{user}"));
    match fs::DirBuilder::new().mode(0o700).create(&dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(&dir)?;
    if !found.is_dir() || found.uid() != user || found.mode() & 0o022 != 0 {
        let text = format!("{} can be written by others", dir.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    Ok(dir)
}

#[cfg(not(unix))]
fn private(dir: &Path) -> io::Result<PathBuf> {
    // There it is the user's own.
    Ok(dir.join("paceline"))
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    const WORKER: Worker = Worker {
        name: "x",
        directory: "program",
        files: &[("a.py", b"1"), ("b.py", b"two")],
    };

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn the_worker_for_python_is_all_there() {
        let names: Vec<&str> = PYTHON.files.iter().map(|(name, _)| *name).collect();
        for name in ["__init__.py", "__main__.py", "program.py", "protocol.py"] {
            assert!(names.contains(&name), "{names:?}");
        }
        for (name, content) in PYTHON.files {
            let text = std::str::from_utf8(content).unwrap();
            for line in text.lines() {
                let Some(imported) = line.trim().strip_prefix("from paceline_worker.") else {
                    continue;
                };
                let module = imported.split(' ').next().unwrap();
                let file = format!("{module}.py");
                assert!(names.contains(&file.as_str()), "{name} imports {module}");
            }
        }
    }

    #[test]
    fn programs_that_differ_have_different_places() {
        let other = Worker {
            files: &[("a.py", b"1t"), ("b.py", b"wo")],
            ..WORKER
        };
        assert_ne!(WORKER.key(), other.key());
        assert!(WORKER.key().starts_with("x-"));
    }

    #[test]
    fn is_unpacked_once_and_mended_where_parts_are_missing() {
        let dir = tempfile::tempdir().unwrap();
        let workers = Workers::unpacked(dir.path().join("cache"));
        let path = workers.path(&WORKER).unwrap();
        assert_eq!(names(&path), ["a.py", "b.py"]);
        // What is in use stays: Python keeps its bytecode there.
        fs::write(path.join("kept"), "").unwrap();
        assert_eq!(workers.path(&WORKER).unwrap(), path);
        assert_eq!(names(&path), ["a.py", "b.py", "kept"]);

        fs::remove_file(path.join("a.py")).unwrap();
        fs::write(path.join("b.py"), "half").unwrap();
        assert_eq!(workers.path(&WORKER).unwrap(), path);
        assert_eq!(fs::read(path.join("a.py")).unwrap(), b"1");
        assert_eq!(fs::read(path.join("b.py")).unwrap(), b"two");
        assert_eq!(names(&dir.path().join("cache/workers")), [WORKER.key()]);
    }

    #[test]
    fn runs_that_begin_together_do_not_harm_each_other() {
        const RUNS: usize = 8;
        let dir = tempfile::tempdir().unwrap();
        let workers = Workers::unpacked(dir.path().to_owned());
        let barrier = Barrier::new(RUNS);
        thread::scope(|scope| {
            for _ in 0..RUNS {
                scope.spawn(|| {
                    barrier.wait();
                    let path = workers.path(&WORKER).unwrap();
                    assert_eq!(fs::read(path.join("b.py")).unwrap(), b"two");
                });
            }
        });
        assert_eq!(names(&dir.path().join("workers")), [WORKER.key()]);
    }

    #[test]
    fn directories_of_a_program_are_made() {
        let worker = Worker {
            files: &[("a.rb", b"1"), ("drivers/b.rb", b"2")],
            ..WORKER
        };
        let dir = tempfile::tempdir().unwrap();
        let workers = Workers::unpacked(dir.path().to_owned());
        let path = workers.path(&worker).unwrap();
        assert_eq!(fs::read(path.join("drivers/b.rb")).unwrap(), b"2");
    }

    #[test]
    fn what_is_only_named_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = Workers::named(dir.path().to_owned()).path(&WORKER);
        let place = dir.path().join("workers").join(WORKER.key());
        assert_eq!(path.unwrap(), place.join("program"));
        assert!(!place.exists());
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        // Nobody can make a directory in a file, root included.
        let temporary = dir.path().join("tmp");
        fs::create_dir(&temporary).unwrap();
        let workers = Workers {
            temporary: temporary.clone(),
            ..Workers::unpacked(file)
        };
        let path = workers.path(&WORKER).unwrap();
        assert!(path.starts_with(&temporary), "{}", path.display());
        assert_eq!(names(&path), ["a.py", "b.py"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_temporary_directory_that_others_can_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let own = private(dir.path()).unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o777)).unwrap();
        let error = private(dir.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
