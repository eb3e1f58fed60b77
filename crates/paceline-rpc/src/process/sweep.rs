//! Finding what has left its process group.
//!
//! A server that daemonises, or starts something that does, is out of reach of a signal to its
//! group. Every process inherits the environment, so a mark in it finds them.

#[cfg(target_os = "linux")]
use std::collections::BTreeSet;

/// The variable that holds the mark.
pub(crate) const VARIABLE: &str = "PACELINE_RPC_SERVER";

/// Kills every process that carries this mark; returns how many there were.
#[cfg(target_os = "linux")]
pub(crate) fn kill_marked(mark: &str) -> usize {
    let mut killed = BTreeSet::new();
    // A process could start another between the reading and the kill, so until none is found.
    for _ in 0..10 {
        let found = marked(mark);
        if found.is_empty() {
            break;
        }
        for pid in found {
            if rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok() {
                killed.insert(pid.as_raw_pid());
            }
        }
    }
    killed.len()
}

#[cfg(target_os = "linux")]
fn marked(mark: &str) -> Vec<rustix::process::Pid> {
    let wanted = format!("{VARIABLE}={mark}");
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for process in processes.flatten() {
        let name = process.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        // Processes of others cannot be read, and are not ours. A dead one that nobody has waited
        // for yet has no environment.
        let Ok(environment) = std::fs::read(process.path().join("environ")) else {
            continue;
        };
        let mut variables = environment.split(|&byte| byte == 0);
        if variables.any(|variable| variable == wanted.as_bytes()) {
            found.extend(rustix::process::Pid::from_raw(number));
        }
    }
    found
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn kill_marked(_: &str) -> usize {
    0
}
