//! Finds and stops the processes that an attempt leaves behind.
//!
//! A process that loses its parent becomes a child of the nearest subreaper, which paceline is on
//! Linux. So every process that outlives its suite hangs below one of paceline's own children,
//! however it hid: in the background, in another session, or behind a double fork. Elsewhere only
//! those of the same process group are found.

use rustix::process::{Pid, Signal, kill_process_group};

use crate::event::LeakedProcess;

/// Variables that mark a process as belonging to a suite of a run.
pub(crate) const RUN_VARIABLE: &str = "PACELINE_RUN_ID";
pub(crate) const SUITE_VARIABLE: &str = "PACELINE_SUITE";

/// Makes this process the one that orphans are given to. Answers whether it could.
pub(crate) fn adopt_orphans() -> bool {
    #[cfg(target_os = "linux")]
    {
        // Any id but `None` switches it on.
        let on = Some(rustix::process::getpid());
        rustix::process::set_child_subreaper(on).is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// Sends `TERM` to the process group that `leader` leads or led, or to it alone if it leads none.
pub(crate) fn terminate(leader: Pid) {
    signal_group(leader, Signal::TERM);
}

fn signal_group(leader: Pid, signal: Signal) {
    if kill_process_group(leader, signal).is_err() {
        // Gone already is what we want.
        let _ = rustix::process::kill_process(leader, signal);
    }
}

/// The process of a number that came from elsewhere; `None` for one that no process can have, which
/// `kill` would take for a group or for all.
pub(crate) fn process(number: i32) -> Option<Pid> {
    (number > 0).then(|| Pid::from_raw(number)).flatten()
}

/// Sends any signal to one process; real-time signals, for which there are no names, among them.
pub(crate) fn send(pid: Pid, signal: i32) {
    // SAFETY: takes two numbers; one that is no signal is refused.
    unsafe { libc::kill(pid.as_raw_nonzero().get(), signal) };
}

/// Sends `KILL` to the process group of `leader`, to all its descendants and to all else in its
/// session.
pub(crate) fn kill_session(leader: Pid) {
    #[cfg(target_os = "linux")]
    proc::kill_descendants(leader);
    signal_group(leader, Signal::KILL);
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{attributed_to, reap_orphans, remaining};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{attributed_to, reap_orphans, remaining};

/// A process that outlived the attempt that started it.
#[derive(Clone, Debug)]
pub(crate) struct Stray {
    pub(crate) pid: Pid,
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "named on Linux only")
    )]
    pub(crate) command: String,
}

impl Stray {
    /// What reports say of it.
    pub(crate) fn report(&self) -> LeakedProcess {
        LeakedProcess {
            pid: self.pid.as_raw_nonzero().get().unsigned_abs(),
            command: self.command.clone(),
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = rustix::process::kill_process(self.pid, signal);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{RUN_VARIABLE, SUITE_VARIABLE, Stray, proc};
    use rustix::process::{Pid, WaitOptions, getpid, waitpid};

    /// Orphans that are children of this process by now and still run; the dead ones among them
    /// are reaped.
    ///
    /// Orphans are given to the main thread; what this program starts itself it starts from other
    /// threads, so the two never mix.
    pub(crate) fn reap_orphans() -> Vec<Pid> {
        let mut alive = proc::children_of_main_thread();
        alive.retain(|pid| {
            !super::super::guard::is_guard(*pid)
                && matches!(waitpid(Some(*pid), WaitOptions::NOHANG), Ok(None))
        });
        alive
    }

    /// The processes that are left of the session of `leader`, or, where `suite` names one, of that
    /// suite of the run `run`.
    pub(crate) fn attributed_to(leader: Pid, run: &str, suite: Option<&str>) -> Vec<Stray> {
        let mut strays = Vec::new();
        for orphan in reap_orphans() {
            let ours = proc::session_of(orphan) == Some(leader)
                || suite.is_some_and(|suite| {
                    proc::has_variables(orphan, &[(RUN_VARIABLE, run), (SUITE_VARIABLE, suite)])
                });
            if ours {
                strays.extend(tree(orphan));
            }
        }
        strays
    }

    /// All processes that any suite has left.
    pub(crate) fn remaining() -> Vec<Stray> {
        reap_orphans().into_iter().flat_map(tree).collect()
    }

    fn tree(root: Pid) -> Vec<Stray> {
        let stray = |pid: Pid| Stray {
            pid,
            command: proc::command(pid),
        };
        let below = proc::descendants(root).into_iter();
        std::iter::once(root)
            .chain(below)
            .filter(|pid| *pid != getpid())
            .map(stray)
            .collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    use super::Stray;
    use rustix::process::{Pid, test_kill_process_group};

    pub(crate) fn reap_orphans() -> Vec<Pid> {
        Vec::new()
    }

    pub(crate) fn attributed_to(leader: Pid, _run: &str, _suite: Option<&str>) -> Vec<Stray> {
        if test_kill_process_group(leader).is_ok() {
            let command = format!("process group {leader:?}");
            vec![Stray {
                pid: leader,
                command,
            }]
        } else {
            Vec::new()
        }
    }

    pub(crate) fn remaining() -> Vec<Stray> {
        Vec::new()
    }
}

/// What Linux tells in `/proc`.
#[cfg(target_os = "linux")]
pub(crate) mod proc {
    use std::fs::{self, File};
    use std::os::unix::fs::FileExt;
    use std::sync::OnceLock;

    use rustix::process::{Pid, Signal, getpid, kill_process};

    /// How much of a command line is shown.
    const COMMAND_WIDTH: usize = 80;

    /// It is asked after every attempt, so the file stays open: reading it from its beginning makes
    /// the kernel write it anew.
    pub(super) fn children_of_main_thread() -> Vec<Pid> {
        static FILE: OnceLock<Option<File>> = OnceLock::new();
        let main = getpid();
        let file = FILE.get_or_init(|| File::open(children_file(main, main)).ok());
        let mut text = [0; 512];
        match file.as_ref().map(|file| file.read_at(&mut text, 0)) {
            // All of it: there was room for more.
            Some(Ok(length)) if length < text.len() => {
                parse_pids(std::str::from_utf8(&text[..length]).unwrap_or_default())
            }
            _ => children_of_thread(main, main),
        }
    }

    fn children_file(process: Pid, thread: Pid) -> String {
        let (process, thread) = (process.as_raw_nonzero(), thread.as_raw_nonzero());
        format!("/proc/{process}/task/{thread}/children")
    }

    fn children_of_thread(process: Pid, thread: Pid) -> Vec<Pid> {
        parse_pids(&fs::read_to_string(children_file(process, thread)).unwrap_or_default())
    }

    fn parse_pids(text: &str) -> Vec<Pid> {
        text.split_ascii_whitespace()
            .filter_map(parse_pid)
            .collect()
    }

    fn parse_pid(text: &str) -> Option<Pid> {
        text.parse().ok().and_then(Pid::from_raw)
    }

    fn children(process: Pid) -> Vec<Pid> {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero())) else {
            return Vec::new();
        };
        threads
            .flatten()
            .filter_map(|entry| parse_pid(entry.file_name().to_str()?))
            .flat_map(|thread| children_of_thread(process, thread))
            .collect()
    }

    /// All processes below `root`, parents before children.
    pub(super) fn descendants(root: Pid) -> Vec<Pid> {
        let mut found = children(root);
        let mut next = 0;
        while let Some(pid) = found.get(next).copied() {
            found.extend(children(pid));
            next += 1;
        }
        found
    }

    /// Kills everything below `root`. Stopped first, so that nothing escapes by forking meanwhile.
    pub(super) fn kill_descendants(root: Pid) {
        let _ = kill_process(root, Signal::STOP);
        let all = descendants(root);
        for pid in &all {
            let _ = kill_process(*pid, Signal::STOP);
        }
        for pid in descendants(root).into_iter().chain([root]) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    /// Whether the environment with which a process was started has all these variables.
    pub(crate) fn has_variables(pid: Pid, wanted: &[(&str, &str)]) -> bool {
        let Ok(environ) = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())) else {
            return false;
        };
        wanted.iter().all(|(name, value)| {
            environ.split(|byte| *byte == 0).any(|entry| {
                entry
                    .strip_prefix(name.as_bytes())
                    .and_then(|rest| rest.strip_prefix(b"="))
                    .is_some_and(|rest| rest == value.as_bytes())
            })
        })
    }

    /// The session that a process is in; `None` where that lies outside what this process can see,
    /// as that of a container's first process does.
    pub(crate) fn session_of(pid: Pid) -> Option<Pid> {
        // SAFETY: takes a number and gives a number.
        let session = unsafe { libc::getsid(pid.as_raw_nonzero().get()) };
        // -1 where the process has ended meanwhile.
        super::process(session)
    }

    /// Whether it has ended and only waits to be reaped.
    pub(crate) fn is_dead(pid: Pid) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        // The state follows the name, which stands in parentheses and may hold anything.
        let state = stat
            .ok()
            .and_then(|text| text.rsplit_once(") ")?.1.chars().next());
        !matches!(state, Some(state) if state != 'Z' && state != 'X')
    }

    /// The command line of a process as one line, or its name in brackets.
    pub(super) fn command(pid: Pid) -> String {
        let raw = pid.as_raw_nonzero();
        let line = fs::read(format!("/proc/{raw}/cmdline")).unwrap_or_default();
        let words = line
            .split(|byte| *byte == 0)
            .filter(|word| !word.is_empty());
        let words: Vec<_> = words.map(String::from_utf8_lossy).collect();
        let text = if words.is_empty() {
            let name = fs::read_to_string(format!("/proc/{raw}/comm")).unwrap_or_default();
            format!("[{}]", name.trim())
        } else {
            words.join(" ")
        };
        let text: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        match text.char_indices().nth(COMMAND_WIDTH) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}
