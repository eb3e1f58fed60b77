//! One running process, and all that it started.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::group::{self, Signal};
use super::guard::Guard;
use super::output::{Output, OutputStream};
use super::sweep;
use crate::server::{BoxFuture, Instance, ServerExit};

/// How long the rest of the output is waited for after the process has ended. Something that it
/// started may hold the pipe for ever.
const DRAIN: Duration = Duration::from_millis(200);
/// How often it is looked whether the group has ended.
const POLL: Duration = Duration::from_millis(5);

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: BTreeMap<OsString, OsString>,
    pub(crate) clear_env: bool,
    pub(crate) working_dir: Option<PathBuf>,
    /// Between the polite signal and the other one.
    pub(crate) grace: Duration,
    pub(crate) buffer_bytes: usize,
    pub(crate) pass_output: bool,
    /// Whether standard input and output are the connection.
    pub(crate) stdio: bool,
}

impl Spec {
    pub(crate) fn new(program: OsString) -> Self {
        Self {
            program,
            args: Vec::new(),
            env: BTreeMap::new(),
            clear_env: false,
            working_dir: None,
            grace: Duration::from_secs(10),
            buffer_bytes: 1024 * 1024,
            pass_output: false,
            stdio: false,
        }
    }
}

/// What a program needs of its environment to run at all, and what one with windows needs to open
/// them. The rest is left out by `clear_env`.
const KEPT: [&str; 9] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "HOME",
    "PATH",
    "TMPDIR",
    "WAYLAND_DISPLAY",
    "XDG_CURRENT_DESKTOP",
    "XDG_RUNTIME_DIR",
    "XDG_SESSION_TYPE",
];

/// A server's process. Dropping it kills the whole process group at once; [`stop`](Self::stop) is
/// the polite way.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    mark: String,
    grace: Duration,
    output: Arc<Output>,
    exit: watch::Receiver<Option<ServerExit>>,
    guard: Mutex<Guard>,
    stopped: tokio::sync::Mutex<Option<Stopped>>,
}

/// How a process was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stopped {
    /// How it ended.
    pub exit: Option<ServerExit>,
    /// Whether it had ignored the polite signal for the whole grace period.
    pub killed: bool,
    /// How many of the processes that it had started had left its group, and were killed.
    pub escaped: usize,
}

#[cfg_attr(
    not(feature = "stdio"),
    expect(dead_code, reason = "only a connection uses them")
)]
pub(crate) struct Pipes {
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<ChildStdout>,
}

impl Process {
    pub(crate) fn spawn(spec: &Spec) -> io::Result<(Self, Pipes)> {
        let mark = fresh_mark();
        let mut command = Command::new(&spec.program);
        if spec.clear_env {
            command.env_clear();
            for name in KEPT {
                if let Some(value) = std::env::var_os(name) {
                    command.env(name, value);
                }
            }
        }
        command
            .args(&spec.args)
            .envs(&spec.env)
            .env(sweep::VARIABLE, &mark)
            // A server that is itself a test binary, or starts one, is not paceline's worker.
            .env_remove("PACELINE_CONNECT")
            .env_remove("PACELINE_TOKEN")
            .env_remove("PACELINE_ROLE")
            .env_remove("PACELINE_LOG")
            .stdin(if spec.stdio {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(dir) = &spec.working_dir {
            command.current_dir(dir);
        }
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let pid = child
            .id()
            .ok_or_else(|| io::Error::other("the process ended before it was known"))?;
        group::register(pid, &mark);
        let guard = match Guard::new(pid, &mark) {
            Ok(guard) => guard,
            Err(error) => {
                group::signal(pid, Signal::Kill);
                group::unregister(pid);
                return Err(error);
            }
        };
        let output = Arc::new(Output::new(spec.buffer_bytes, spec.pass_output));
        let pipes = Pipes {
            stdin: child.stdin.take(),
            stdout: if spec.stdio {
                child.stdout.take()
            } else {
                None
            },
        };
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            let output = Arc::clone(&output);
            readers.push(tokio::spawn(async move {
                output.read(OutputStream::Stdout, stdout).await;
            }));
        }
        if let Some(stderr) = child.stderr.take() {
            let output = Arc::clone(&output);
            readers.push(tokio::spawn(async move {
                output.read(OutputStream::Stderr, stderr).await;
            }));
        }
        let (tell, exit) = watch::channel(None);
        tokio::spawn(watch_over(child, readers, tell));
        let process = Self {
            pid,
            mark,
            grace: spec.grace,
            output,
            exit,
            guard: Mutex::new(guard),
            stopped: tokio::sync::Mutex::new(None),
        };
        Ok((process, pipes))
    }

    /// The process id, which is that of its process group too.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What it printed.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<ServerExit> {
        self.exit.borrow().clone()
    }

    /// Waits until it ends by itself.
    pub async fn wait(&self) -> ServerExit {
        let mut exit = self.exit.clone();
        let known = exit.wait_for(Option::is_some).await;
        let exit = known.ok().and_then(|exit| exit.clone());
        match exit {
            Some(exit) => exit,
            // The runtime is shutting down.
            None => std::future::pending().await,
        }
    }

    /// How it ended, if it is about to: its last output may be read before it is gone.
    pub(crate) async fn exit_soon(&self) -> Option<ServerExit> {
        tokio::time::timeout(2 * DRAIN, self.wait()).await.ok()
    }

    /// Asks the whole group to end, waits for the grace period, and kills what is left of it and
    /// whatever has left the group. Returns the same again when called again.
    pub async fn stop(&self) -> Stopped {
        let mut stopped = self.stopped.lock().await;
        if let Some(stopped) = &*stopped {
            return stopped.clone();
        }
        let deadline = tokio::time::Instant::now() + self.grace;
        group::signal(self.pid, Signal::Term);
        let _ = tokio::time::timeout_at(deadline, self.wait()).await;
        while group::exists(self.pid) && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(POLL).await;
        }
        let killed = group::exists(self.pid);
        group::signal(self.pid, Signal::Kill);
        let exit = self.exit_soon().await;
        // What was killed takes a moment to be gone, and is not among those that had left.
        let patience = tokio::time::Instant::now() + 2 * DRAIN;
        while group::exists(self.pid) && tokio::time::Instant::now() < patience {
            tokio::time::sleep(POLL).await;
        }
        let mark = self.mark.clone();
        let escaped = tokio::task::spawn_blocking(move || sweep::kill_marked(&mark))
            .await
            .unwrap_or(0);
        self.finish();
        let result = Stopped {
            exit,
            killed,
            escaped,
        };
        *stopped = Some(result.clone());
        result
    }

    fn finish(&self) {
        group::unregister(self.pid);
        self.guard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .dismiss();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.stopped.get_mut().is_some() {
            return;
        }
        group::signal(self.pid, Signal::Kill);
        sweep::kill_marked(&self.mark);
        self.finish();
    }
}

async fn watch_over(
    mut child: Child,
    readers: Vec<JoinHandle<()>>,
    tell: watch::Sender<Option<ServerExit>>,
) {
    let exit = match child.wait().await {
        Ok(status) => exit_of(status),
        Err(error) => ServerExit::Task(format!("waiting for it: {error}")),
    };
    let aborts: Vec<_> = readers.iter().map(JoinHandle::abort_handle).collect();
    let drained = async {
        for reader in readers {
            let _ = reader.await;
        }
    };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        for abort in aborts {
            abort.abort();
        }
    }
    tell.send_replace(Some(exit));
}

fn exit_of(status: std::process::ExitStatus) -> ServerExit {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return ServerExit::Signal(signal);
    }
    status.code().map_or_else(
        || ServerExit::Task("ended in an unknown way".to_owned()),
        ServerExit::Code,
    )
}

fn fresh_mark() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
    let nanos = since.map_or(0, |since| since.as_nanos());
    format!("{}-{nanos}-{number}", std::process::id())
}

impl Instance for Process {
    fn stop(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let stopped = Self::stop(self).await;
            match stopped {
                Stopped { escaped, .. } if escaped > 0 => Err(format!(
                    "{escaped} of the server's processes had left its process group and were killed"
                )),
                Stopped { killed: true, .. } => Err(format!(
                    "the server had not ended {} after SIGTERM and was killed",
                    crate::human::in_words(self.grace)
                )),
                Stopped { .. } => Ok(()),
            }
        })
    }

    fn can_exit(&self) -> bool {
        true
    }

    fn exited(&self) -> BoxFuture<'_, ServerExit> {
        Box::pin(self.wait())
    }

    fn exit(&self) -> Option<ServerExit> {
        Self::exit(self)
    }

    fn pid(&self) -> Option<u32> {
        Some(self.pid)
    }

    fn output_mark(&self) -> u64 {
        self.output.mark()
    }

    fn output_since(&self, mark: u64) -> String {
        self.output.since(mark)
    }
}
