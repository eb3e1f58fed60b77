//! Learns that a process has ended, and what it used.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::process::Pid;

use crate::event::Usage;
use crate::outcome::Exit;

/// Readable once the process has ended. The process stays a zombie until [`reap`], so that its id
/// is not given to another one meanwhile.
#[derive(Debug)]
pub(crate) struct ExitWatch(Inner);

#[cfg(target_os = "linux")]
type Inner = std::os::fd::OwnedFd;
#[cfg(not(target_os = "linux"))]
type Inner = super::wake::Waiter;

impl ExitWatch {
    #[cfg(target_os = "linux")]
    pub(crate) fn new(pid: Pid) -> io::Result<Self> {
        use rustix::process::{PidfdFlags, pidfd_open};
        Ok(Self(pidfd_open(pid, PidfdFlags::empty())?))
    }

    /// A thread that waits, where there is no `pidfd`.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new(pid: Pid) -> io::Result<Self> {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let (waker, waiter) = super::wake::Waiter::pair()?;
        std::thread::Builder::new().spawn(move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(
                waitid(WaitId::Pid(pid), options),
                Err(rustix::io::Errno::INTR)
            ) {}
            waker.wake();
        })?;
        Ok(Self(waiter))
    }
}

impl AsFd for ExitWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Takes a child that has ended, or waits for it: how it ended, and what it and the descendants
/// that it waited for have used.
pub(crate) fn reap(pid: Pid) -> io::Result<(Exit, Usage)> {
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: both pointers are to memory of the right type.
        let got = unsafe {
            libc::wait4(
                pid.as_raw_nonzero().get(),
                &raw mut status,
                0,
                usage.as_mut_ptr(),
            )
        };
        if got >= 0 {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // SAFETY: zeroed is a valid `rusage`, and the kernel has filled it.
    let usage = unsafe { usage.assume_init() };
    let exit = if libc::WIFSIGNALED(status) {
        Exit::Signal(libc::WTERMSIG(status))
    } else {
        Exit::Code(libc::WEXITSTATUS(status))
    };
    Ok((exit, from_rusage(&usage)))
}

fn from_rusage(usage: &libc::rusage) -> Usage {
    // macOS counts bytes, all others KiB.
    let unit = if cfg!(target_vendor = "apple") {
        1
    } else {
        1024
    };
    Usage {
        user: from_timeval(usage.ru_utime),
        system: from_timeval(usage.ru_stime),
        peak_memory: u64::try_from(usage.ru_maxrss).unwrap_or(0) * unit,
    }
}

fn from_timeval(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}
