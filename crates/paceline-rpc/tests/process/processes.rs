//! Whether a process has gone.

use std::path::Path;
use std::process::Command;

/// Whether a process is there and not merely waiting to be reaped.
pub(crate) fn lives(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        let found = Command::new("ps").args(["-p", &pid.to_string()]).output();
        return !Path::new("/proc/self").exists() && found.is_ok_and(|out| out.status.success());
    };
    !stat
        .rsplit_once(") ")
        .is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

/// Waits for the end of something that was told to end. Only a bug makes this last.
pub(crate) fn until_gone(pid: u32) {
    while lives(pid) {
        std::thread::yield_now();
    }
}
