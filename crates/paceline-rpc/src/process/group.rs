//! Process groups, and which of them this program has started.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is sent to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Please end.
    Term,
    /// End.
    Kill,
}

/// Whether there is anybody left in the group who got it.
#[cfg(unix)]
pub(crate) fn signal(group: u32, signal: Signal) -> bool {
    let Some(group) = pid(group) else {
        return false;
    };
    let signal = match signal {
        Signal::Term => rustix::process::Signal::TERM,
        Signal::Kill => rustix::process::Signal::KILL,
    };
    rustix::process::kill_process_group(group, signal).is_ok()
}

/// Whether somebody is left in the group.
#[cfg(unix)]
pub(crate) fn exists(group: u32) -> bool {
    let signalled = |group| rustix::process::test_kill_process_group(group).is_ok();
    pid(group).is_some_and(signalled) && has_living(group)
}

/// A process that has ended is a member until somebody waits for it, and in some containers nobody
/// ever does.
#[cfg(target_os = "linux")]
fn has_living(group: u32) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return true;
    };
    processes.flatten().any(|process| {
        let Ok(stat) = std::fs::read_to_string(process.path().join("stat")) else {
            return false;
        };
        // The name, in parentheses, can hold anything; state, parent and group follow it.
        let Some((_, rest)) = stat.rsplit_once(") ") else {
            return false;
        };
        let mut fields = rest.split(' ');
        let state = fields.next();
        let in_group = fields.nth(1).and_then(|field| field.parse().ok()) == Some(group);
        in_group && !matches!(state, Some("Z" | "X"))
    })
}

#[cfg(all(unix, not(target_os = "linux")))]
fn has_living(_: u32) -> bool {
    true
}

#[cfg(unix)]
fn pid(number: u32) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(i32::try_from(number).ok()?)
}

#[cfg(not(unix))]
pub(crate) fn signal(_: u32, _: Signal) -> bool {
    false
}

#[cfg(not(unix))]
pub(crate) fn exists(_: u32) -> bool {
    false
}

/// Groups that run, each with the mark that its processes carry in their environment.
static RUNNING: Mutex<BTreeMap<u32, String>> = Mutex::new(BTreeMap::new());

fn running() -> MutexGuard<'static, BTreeMap<u32, String>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn register(group: u32, mark: &str) {
    running().insert(group, mark.to_owned());
}

pub(crate) fn unregister(group: u32) {
    running().remove(&group);
}

/// Kills every process of every server that this program has started and not stopped yet. For the
/// last way out: a second Ctrl-C.
pub fn kill_all() {
    let all = std::mem::take(&mut *running());
    for (group, mark) in all {
        signal(group, Signal::Kill);
        super::sweep::kill_marked(&mark);
    }
}
