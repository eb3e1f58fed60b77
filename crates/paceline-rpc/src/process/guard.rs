//! A process that outlives this one by a moment, to kill what it could not.
//!
//! This program may be killed itself, by a test runner's timeout for instance, and has no last word
//! then. Its end closes the guard's standard input, and the guard kills the server's group. It costs
//! one idle shell for each server, and needs neither `fork` nor a parent-death signal, which would
//! come when the *thread* that started the server ends.

use std::io;
use std::process::{Child, Stdio};

#[derive(Debug)]
pub(crate) struct Guard {
    shell: Option<Child>,
}

const SCRIPT: &str = r#"
read -r line && exit 0
kill -KILL -- "-$1" 2>/dev/null
for file in $(grep -lsz -- "^$2\$" /proc/[0-9]*/environ 2>/dev/null); do
    pid=${file#/proc/}
    pid=${pid%/environ}
    [ "$pid" = "$$" ] || kill -KILL "$pid" 2>/dev/null
done
"#;

impl Guard {
    /// Watches over the processes of this group and with this mark.
    #[cfg(unix)]
    pub(crate) fn new(group: u32, mark: &str) -> io::Result<Self> {
        use std::os::unix::process::CommandExt;

        let shell = std::process::Command::new("/bin/sh")
            .args(["-c", SCRIPT, "paceline-rpc-guard"])
            .arg(group.to_string())
            .arg(format!("{}={mark}", super::sweep::VARIABLE))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What ends this program's group, Ctrl-C for instance, must not end the guard.
            .process_group(0)
            .spawn()?;
        Ok(Self { shell: Some(shell) })
    }

    #[cfg(not(unix))]
    pub(crate) fn new(_: u32, _: &str) -> io::Result<Self> {
        Ok(Self { shell: None })
    }

    /// Sends it home: there is nothing left to watch over.
    pub(crate) fn dismiss(&mut self) {
        use std::io::Write;

        let Some(mut shell) = self.shell.take() else {
            return;
        };
        if let Some(mut stdin) = shell.stdin.take() {
            let _ = stdin.write_all(b"\n");
        }
        // It ends at once; waiting takes it off the process table.
        let _ = shell.wait();
    }
}
