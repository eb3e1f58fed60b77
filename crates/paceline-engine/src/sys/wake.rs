//! Wakes a thread that sleeps in `poll`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};

/// The end that wakes.
#[derive(Clone, Debug)]
pub(crate) struct Waker(Arc<OwnedFd>);

/// The end that is waited for.
#[derive(Debug)]
pub(crate) struct Waiter(OwnedFd);

impl Waiter {
    /// A pair of connected ends.
    pub(crate) fn pair() -> io::Result<(Waker, Self)> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok((Waker(Arc::new(write)), Self(read)))
    }

    /// Forgets all wake-ups so far.
    pub(crate) fn clear(&self) {
        let mut bytes = [0; 64];
        while matches!(rustix::io::read(&self.0, &mut bytes), Ok(n) if n > 0) {}
    }
}

impl AsFd for Waiter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Waker {
    /// Wakes the other end, now or at its next `poll`.
    pub(crate) fn wake(&self) {
        // A full pipe means that a wake-up is already waiting, a closed one that nobody sleeps.
        let _ = rustix::io::write(&*self.0, &[0]);
    }
}

/// Waits until one of `fds` can be read or has been closed, at most for `timeout`. Answers which.
/// A `None` is never ready.
pub(crate) fn poll_fds<const N: usize>(
    fds: [Option<BorrowedFd<'_>>; N],
    timeout: Option<Duration>,
) -> io::Result<[bool; N]> {
    let mut set: Vec<PollFd<'_>> = fds
        .iter()
        .flatten()
        .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
        .collect();
    let timeout = timeout.map(|t| {
        Timespec::try_from(t).unwrap_or(Timespec {
            tv_sec: 3600,
            tv_nsec: 0,
        })
    });
    match poll(&mut set, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut ready = set.iter().map(|fd| !fd.revents().is_empty());
    Ok(fds.map(|fd| fd.is_some() && ready.next().unwrap_or(false)))
}
