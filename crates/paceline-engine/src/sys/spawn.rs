//! Starts a program by `posix_spawn`.
//!
//! `std::process::Command` cannot start a new session without `pre_exec`, and with `pre_exec` it
//! forks instead of calling `posix_spawn`, which costs milliseconds in a process with a large heap.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::ptr;

use rustix::pipe::PipeFlags;
use rustix::process::Pid;
use thiserror::Error;

use crate::plan::Launch;

/// Where a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// As the leader of a session and process group of its own; it reads nothing from stdin, and
    /// what it prints can be read.
    Apart,
    /// In this process's group, with its stdin, stdout and stderr: a person may talk to it.
    Terminal,
}

/// A program that has been started.
#[derive(Debug)]
pub(crate) struct Spawned {
    pub(crate) pid: Pid,
    /// Both its stdout and its stderr, in the order in which it wrote, unless it has the terminal.
    /// Does not block.
    pub(crate) output: Option<OwnedFd>,
}

/// Why a program could not be started.
#[derive(Debug, Error)]
pub(crate) enum SpawnError {
    #[error("`{program}` was not found in the directories of PATH")]
    NotInPath { program: String },
    #[error("`{path}` does not exist")]
    NoSuchFile { path: String },
    #[error("`{path}` is not executable")]
    NotExecutable { path: String },
    #[error("the directory `{dir}` cannot be entered: {source}")]
    Directory { dir: String, source: io::Error },
    #[error("an argument or a variable has a NUL byte: {text:?}")]
    Nul { text: String },
    #[error("starting `{program}`: {source}")]
    Other { program: String, source: io::Error },
}

/// Starts `launch` with its own environment on top of `inherited` and `added`.
pub(crate) fn spawn(
    launch: &Launch,
    inherited: &[(OsString, OsString)],
    added: &[(OsString, OsString)],
    place: Place,
) -> Result<Spawned, SpawnError> {
    let layers = [inherited, added, launch.env.as_slice()];
    let lookup = |name: &str| {
        let set = layers.iter().rev().flat_map(|layer| layer.iter().rev());
        set.clone()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_os_str())
    };
    let program = launch
        .argv
        .first()
        .map(OsString::as_os_str)
        .unwrap_or_default();
    let path = resolve(program, &launch.dir, lookup("PATH"))?;
    let other = |source: io::Error| SpawnError::Other {
        program: program.display().to_string(),
        source,
    };

    let path_c = c_string(path.as_os_str())?;
    let dir_c = c_string(launch.dir.as_os_str())?;
    let argv = launch
        .argv
        .iter()
        .map(|arg| c_string(arg))
        .collect::<Result<Vec<_>, _>>()?;
    let env = environment(&layers)?;
    let (read, write) = match place {
        Place::Apart => {
            let pipe = rustix::pipe::pipe_with(PipeFlags::CLOEXEC);
            let (read, write) = pipe.map_err(|e| other(e.into()))?;
            rustix::io::ioctl_fionbio(&read, true).map_err(|e| other(e.into()))?;
            (Some(read), Some(write))
        }
        Place::Terminal => (None, None),
    };

    let pid = posix_spawn(&path_c, &dir_c, &argv, &env, write.as_ref()).map_err(|source| {
        match std::fs::metadata(&launch.dir) {
            Ok(meta) if meta.is_dir() => other(source),
            Ok(_) => directory_error(&launch.dir, io::ErrorKind::NotADirectory.into()),
            Err(error) => directory_error(&launch.dir, error),
        }
    })?;
    Ok(Spawned { pid, output: read })
}

fn directory_error(dir: &Path, source: io::Error) -> SpawnError {
    SpawnError::Directory {
        dir: dir.display().to_string(),
        source,
    }
}

/// The file to execute: searched in `PATH` unless it has a slash; relative to `dir`.
fn resolve(program: &OsStr, dir: &Path, search: Option<&OsStr>) -> Result<PathBuf, SpawnError> {
    use rustix::fs::{Access, access};
    let executable = |path: &Path| path.is_file() && access(path, Access::EXEC_OK).is_ok();
    if program.as_bytes().contains(&b'/') {
        let path = dir.join(program);
        return match path.metadata() {
            Err(_) => Err(SpawnError::NoSuchFile {
                path: program.display().to_string(),
            }),
            Ok(_) if !executable(&path) => Err(SpawnError::NotExecutable {
                path: program.display().to_string(),
            }),
            Ok(_) => Ok(path),
        };
    }
    let search = search.unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"));
    std::env::split_paths(search)
        .map(|entry| dir.join(entry).join(program))
        .find(|path| executable(path))
        .ok_or_else(|| SpawnError::NotInPath {
            program: program.display().to_string(),
        })
}

/// `NAME=value` strings; a later layer wins over an earlier one.
fn environment(layers: &[&[(OsString, OsString)]]) -> Result<Vec<CString>, SpawnError> {
    let mut env: Vec<CString> = Vec::with_capacity(layers.iter().map(|layer| layer.len()).sum());
    for (i, layer) in layers.iter().enumerate() {
        for (name, value) in *layer {
            let overridden = layers[i + 1..]
                .iter()
                .any(|later| later.iter().any(|(n, _)| n == name));
            if !overridden {
                let mut line = name.clone().into_vec();
                line.push(b'=');
                line.extend_from_slice(value.as_bytes());
                env.push(c_string(OsStr::from_bytes(&line))?);
            }
        }
    }
    Ok(env)
}

fn c_string(text: &OsStr) -> Result<CString, SpawnError> {
    CString::new(text.as_bytes()).map_err(|_| SpawnError::Nul {
        text: text.display().to_string(),
    })
}

fn posix_spawn(
    path: &CString,
    dir: &CString,
    argv: &[CString],
    env: &[CString],
    output: Option<&OwnedFd>,
) -> io::Result<Pid> {
    let mut actions = FileActions::new()?;
    let mut flags = 0;
    if let Some(output) = output {
        actions.open_null(0)?;
        actions.dup(output, 1)?;
        actions.dup(output, 2)?;
        flags = GROUP_FLAG;
    }
    actions.chdir(dir)?;
    let attributes = Attributes::new(flags)?;
    let argv = null_terminated(argv);
    let env = null_terminated(env);
    let mut pid: libc::pid_t = 0;
    // SAFETY: all pointers are to live, NUL-terminated data; `actions` and `attributes` were
    // initialised by their constructors.
    let code = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            path.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            argv.as_ptr(),
            env.as_ptr(),
        )
    };
    check(code)?;
    Pid::from_raw(pid).ok_or_else(|| io::Error::other("the new process has no id"))
}

fn null_terminated(strings: &[CString]) -> Vec<*mut libc::c_char> {
    let pointers = strings.iter().map(|s| s.as_ptr().cast_mut());
    pointers.chain([ptr::null_mut()]).collect()
}

/// The `posix_spawn` family returns its error instead of setting `errno`.
fn check(code: libc::c_int) -> io::Result<()> {
    if code == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(code))
    }
}

struct FileActions(libc::posix_spawn_file_actions_t);

impl FileActions {
    fn new() -> io::Result<Self> {
        let mut actions = std::mem::MaybeUninit::uninit();
        // SAFETY: the call initialises what it is given.
        check(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: initialised above.
        Ok(Self(unsafe { actions.assume_init() }))
    }

    fn open_null(&mut self, fd: i32) -> io::Result<()> {
        // SAFETY: `self` is initialised and the path is a C string.
        check(unsafe {
            libc::posix_spawn_file_actions_addopen(
                &raw mut self.0,
                fd,
                c"/dev/null".as_ptr(),
                libc::O_RDONLY,
                0,
            )
        })
    }

    fn dup(&mut self, from: &OwnedFd, to: i32) -> io::Result<()> {
        // SAFETY: `self` is initialised and `from` is open.
        check(unsafe {
            libc::posix_spawn_file_actions_adddup2(&raw mut self.0, from.as_raw_fd(), to)
        })
    }

    fn chdir(&mut self, dir: &CString) -> io::Result<()> {
        // SAFETY: `self` is initialised and the path is a C string, which glibc copies.
        check(unsafe { libc::posix_spawn_file_actions_addchdir_np(&raw mut self.0, dir.as_ptr()) })
    }
}

impl Drop for FileActions {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`, destroyed once.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    /// What `flags` ask for, no blocked signals, `SIGPIPE` as programs expect it: the Rust runtime
    /// ignores it.
    fn new(flags: libc::c_int) -> io::Result<Self> {
        let mut attributes = std::mem::MaybeUninit::uninit();
        let mut set = std::mem::MaybeUninit::uninit();
        // SAFETY: each call initialises, or works on, what an earlier one has initialised.
        unsafe {
            check(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
            let mut attributes = Self(attributes.assume_init());
            libc::sigemptyset(set.as_mut_ptr());
            check(libc::posix_spawnattr_setsigmask(
                &raw mut attributes.0,
                set.as_ptr(),
            ))?;
            libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
            check(libc::posix_spawnattr_setsigdefault(
                &raw mut attributes.0,
                set.as_ptr(),
            ))?;
            check(libc::posix_spawnattr_setpgroup(&raw mut attributes.0, 0))?;
            let flags = libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF | flags;
            check(libc::posix_spawnattr_setflags(
                &raw mut attributes.0,
                flags as libc::c_short,
            ))?;
            Ok(attributes)
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`, destroyed once.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

/// A new session, or a process group where that cannot be had: a session also takes the terminal away, so that a program that opens `/dev/tty` gets
/// an error and is not stopped by `SIGTTIN` for ever.
#[cfg(target_os = "linux")]
const GROUP_FLAG: libc::c_int = libc::POSIX_SPAWN_SETSID as libc::c_int;
#[cfg(not(target_os = "linux"))]
const GROUP_FLAG: libc::c_int = libc::POSIX_SPAWN_SETPGROUP as libc::c_int;
