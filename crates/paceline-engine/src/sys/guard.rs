//! A second process that cleans up when paceline itself is killed.
//!
//! A parent-death signal would have to be asked for between fork and exec, which rules out
//! `posix_spawn`. Instead one guard is forked before the first thread starts. It sleeps on a pipe
//! whose other end only paceline holds: when that closes without a farewell, paceline is dead, and
//! the guard kills what the run has left. It learns the leaders of the running sessions from memory
//! that both processes share, and on Linux finds all others by the run's id in their environment.

use std::io;
use std::os::fd::OwnedFd;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, setsid, waitpid};

/// How many attempts the guard can watch at once; more than any machine runs.
const PLACES: usize = 1024;

static GUARD: AtomicI32 = AtomicI32::new(0);
static LEADERS: OnceLock<&'static [AtomicI32]> = OnceLock::new();

/// Whether this is the guard of this process.
#[cfg(target_os = "linux")]
pub(super) fn is_guard(pid: Pid) -> bool {
    GUARD.load(Ordering::Relaxed) == pid.as_raw_nonzero().get()
}

/// Tells the guard, where there is one, that `leader` runs at `place`, or that nothing does.
pub(crate) fn register(place: usize, leader: Option<Pid>) {
    if let Some(entry) = LEADERS.get().and_then(|leaders| leaders.get(place)) {
        let raw = leader.map_or(0, |pid| pid.as_raw_nonzero().get());
        entry.store(raw, Ordering::Relaxed);
    }
}

/// Ends the suites of a run if paceline dies before it drops this.
#[derive(Debug)]
pub struct Guard {
    pid: Pid,
    pipe: Option<OwnedFd>,
}

impl Guard {
    /// Starts a guard for the run `run`, which marks its processes by `PACELINE_RUN_ID`.
    ///
    /// # Safety
    /// The process must have one thread: the guard is a fork that goes on without `exec`.
    pub unsafe fn start(run: &str) -> io::Result<Self> {
        let leaders = shared_table()?;
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        // SAFETY: the process has one thread, as the caller promises, so the child may do anything.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                drop(write);
                watch(&read, leaders, run);
                // SAFETY: ends the child without running what the parent registered for its end.
                unsafe { libc::_exit(0) }
            }
            raw => {
                GUARD.store(raw, Ordering::Relaxed);
                let _ = LEADERS.set(leaders);
                let pid = Pid::from_raw(raw).ok_or_else(|| io::Error::other("fork gave no id"))?;
                let pipe = Some(write);
                Ok(Self { pid, pipe })
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(pipe) = self.pipe.take() {
            let _ = rustix::io::write(&pipe, b"done");
        }
        let _ = waitpid(Some(self.pid), WaitOptions::empty());
        GUARD.store(0, Ordering::Relaxed);
    }
}

/// Zeroed integers that a forked child goes on sharing with its parent; never unmapped.
fn shared_table() -> io::Result<&'static [AtomicI32]> {
    let bytes = PLACES * size_of::<AtomicI32>();
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address that the kernel chooses touches nothing that exists.
    let memory = unsafe { mmap_anonymous(ptr::null_mut(), bytes, protection, MapFlags::SHARED)? };
    // SAFETY: the mapping is page-aligned, zeroed, of this size, and stays for ever; atomics may be
    // shared between processes.
    Ok(unsafe { std::slice::from_raw_parts(memory.cast::<AtomicI32>(), PLACES) })
}

/// The guard's whole life.
fn watch(pipe: &OwnedFd, leaders: &[AtomicI32], run: &str) {
    let _ = setsid();
    detach_standard_streams();
    let mut byte = [0; 8];
    loop {
        match rustix::io::read(pipe, &mut byte) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(0) => break,
            _ => return,
        }
    }
    let leaders: Vec<Pid> = leaders
        .iter()
        .filter_map(|entry| Pid::from_raw(entry.load(Ordering::Relaxed)))
        .collect();
    for leader in &leaders {
        let _ = kill_process_group(*leader, Signal::KILL);
    }
    // A process that is in the middle of a fork or an exec may not be seen, so look until nothing
    // has been found for a while.
    let mut found_nothing = 0;
    for _ in 0..1000 {
        found_nothing = match kill_all_of(run, &leaders) {
            0 => found_nothing + 1,
            _ => 0,
        };
        if found_nothing == 20 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn detach_standard_streams() {
    use rustix::fs::{Mode, OFlags, open};
    if let Ok(null) = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}

/// Kills every process that carries the mark of the run or is in a session of it; answers how many
/// there were.
#[cfg(target_os = "linux")]
fn kill_all_of(run: &str, leaders: &[Pid]) -> usize {
    use super::strays::{RUN_VARIABLE, proc};
    use rustix::process::{getpid, kill_process};
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return 0;
    };
    let mut killed = 0;
    for entry in processes.flatten() {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else {
            continue;
        };
        let ours = proc::has_variables(pid, &[(RUN_VARIABLE, run)])
            || proc::session_of(pid).is_some_and(|session| leaders.contains(&session));
        if ours && pid != getpid() && !proc::is_dead(pid) {
            killed += usize::from(kill_process(pid, Signal::KILL).is_ok());
        }
    }
    killed
}

#[cfg(not(target_os = "linux"))]
fn kill_all_of(_run: &str, _leaders: &[Pid]) -> usize {
    0
}
