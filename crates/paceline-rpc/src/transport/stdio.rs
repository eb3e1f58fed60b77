//! A server that speaks over its own standard input and output.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::framing::Framing;
use crate::client::{Client, ClientOptions};
use crate::connect::{BoxError, Connect};
use crate::process::{Pipes, Process, Spec};
use crate::server::StartError;

/// Starts a server for each connection, and speaks to it over its standard input and output, as
/// language servers and MCP servers want it. What it prints to standard error is kept for failures.
///
/// ```
/// use paceline_rpc::{Framing, Harness, Stdio};
///
/// let server = Stdio::command("my-language-server", Framing::ContentLength).arg("--stdio");
/// let harness = Harness::new(server);
/// # drop(harness);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Stdio {
    spec: Spec,
    framing: Framing,
    options: ClientOptions,
}

impl Stdio {
    /// A server that this program is.
    pub fn command(program: impl AsRef<OsStr>, framing: Framing) -> Self {
        let mut spec = Spec::new(program.as_ref().to_owned());
        spec.stdio = true;
        Self {
            spec,
            framing,
            options: ClientOptions::default(),
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.spec.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        self.spec.args.extend(args);
        self
    }

    /// Sets a variable of its environment, which is otherwise this program's.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let (name, value) = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.spec.env.insert(name, value);
        self
    }

    /// The directory that it runs in.
    pub fn working_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.spec.working_dir = Some(dir.into());
        self
    }

    /// How long it has to end after its input was closed and SIGTERM sent. Default 10 seconds.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.spec.grace = timeout;
        self
    }

    /// How its clients behave.
    pub fn options(mut self, options: ClientOptions) -> Self {
        self.options = options;
        self
    }

    /// Starts a server and returns the connection to it.
    pub fn open(&self) -> Result<Client, StartError> {
        let failed = |source| StartError::Spawn {
            program: self.spec.program.to_string_lossy().into_owned(),
            source,
        };
        let (process, pipes) = Process::spawn(&self.spec).map_err(failed)?;
        let Pipes {
            stdin: Some(stdin),
            stdout: Some(stdout),
        } = pipes
        else {
            return Err(StartError::Setup("its pipes are missing".to_owned()));
        };
        Ok(Client::of_process(
            process,
            stdout,
            stdin,
            self.framing,
            self.options.clone(),
        ))
    }
}

impl Connect for Stdio {
    type Client = Client;

    async fn connect(&self) -> Result<Client, BoxError> {
        Ok(self.open()?)
    }
}

impl Client {
    /// The server's process, if it was started for this connection.
    pub fn process(&self) -> Option<&Process> {
        self.inner.process()
    }

    fn of_process(
        process: Process,
        stdout: tokio::process::ChildStdout,
        stdin: tokio::process::ChildStdin,
        framing: Framing,
        options: ClientOptions,
    ) -> Self {
        let (inner, to_send) = crate::client::Inner::new(options);
        inner.set_process(process);
        super::stream::carry(&inner, to_send, stdout, stdin, framing);
        Self::new(Arc::clone(&inner))
    }
}
