//! Wall-clock and CPU time of a program and what it started.

use std::fs;
use std::io;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use std::os::unix::process::ExitStatusExt;

use crate::process::shown;

/// What one run of a program took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// From just before its start to its end.
    pub(crate) wall: Duration,
    /// CPU time of it and all descendants that were waited for.
    pub(crate) cpu: Duration,
    /// Its own CPU time, without its children, where the kernel tells; in steps of 10 ms.
    pub(crate) own_cpu: Option<Duration>,
}

/// Runs the command; anything but exit code 0 is an error.
pub(crate) fn measure(command: &mut Command) -> Result<Measured> {
    let started = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("starting {}", shown(command)))?;
    let pid = child.id();
    wait_until_ended(pid).context("waiting for a measured program")?;
    let wall = started.elapsed();
    // Between its end and the wait that removes it, the kernel still has its own figures apart from
    // those of its children.
    let own_cpu = own_cpu(pid);
    let (status, cpu) = reap(pid).context("waiting for a measured program")?;
    ensure!(status.success(), "{} ended with {status}", shown(command));
    Ok(Measured { wall, cpu, own_cpu })
}

fn wait_until_ended(pid: u32) -> io::Result<()> {
    loop {
        // SAFETY: `siginfo_t` is plain data for which all zeros is a value, and it outlives the call.
        let result = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            libc::waitid(
                libc::P_PID,
                pid,
                &raw mut info,
                libc::WEXITED | libc::WNOWAIT,
            )
        };
        match result {
            0 => return Ok(()),
            _ => retry_if_interrupted()?,
        }
    }
}

fn reap(pid: u32) -> io::Result<(ExitStatus, Duration)> {
    loop {
        let mut status = 0;
        // SAFETY: `rusage` is plain data for which all zeros is a value; both places outlive the call.
        let (result, usage) = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            let result = libc::wait4(pid.cast_signed(), &raw mut status, 0, &raw mut usage);
            (result, usage)
        };
        if result < 0 {
            retry_if_interrupted()?;
            continue;
        }
        let cpu = duration(usage.ru_utime) + duration(usage.ru_stime);
        return Ok((ExitStatus::from_raw(status), cpu));
    }
}

fn retry_if_interrupted() -> io::Result<()> {
    match io::Error::last_os_error() {
        error if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        error => Err(error),
    }
}

fn duration(time: libc::timeval) -> Duration {
    Duration::from_secs(time.tv_sec.unsigned_abs())
        + Duration::from_micros(time.tv_usec.unsigned_abs())
}

/// User and system time of an ended process that nobody has waited for yet, from `/proc`.
fn own_cpu(pid: u32) -> Option<Duration> {
    /// `USER_HZ`, which is 100 on every architecture that Rust runs on with Linux.
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name, which may hold spaces; it ends at the last parenthesis.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: u32 = times.next()?.parse().ok()?;
    let system: u32 = times.next()?.parse().ok()?;
    Some((user + system) * TICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_cpu_time_of_children() {
        // Both loops take CPU time, one in the shell itself and one in its child.
        let loops = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let alone = measure(Command::new("sh").args(["-c", loops])).unwrap();
        let script = format!("sh -c '{loops}'; true");
        let child = measure(Command::new("sh").args(["-c", &script])).unwrap();
        assert!(alone.cpu > Duration::ZERO && child.cpu > Duration::ZERO);
        if let (Some(own_alone), Some(own_child)) = (alone.own_cpu, child.own_cpu) {
            assert!(own_child < own_alone, "{own_child:?} {own_alone:?}");
        }
    }

    #[test]
    fn a_program_that_fails_is_no_measurement() {
        let error = measure(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(error.to_string().contains("exit status: 3"), "{error}");
    }
}
