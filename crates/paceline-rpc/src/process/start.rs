//! Starting a server that is a process.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::builder::{Address, ProcessServer, Settings};
use super::child::{Process, Spec};
use super::port::PortLease;
use super::ready::{self, Ready};
use crate::client::Client;
use crate::connect::Connect;
use crate::human::in_words;
use crate::server::{BoxFuture, Instance, Running, Server, ServerExit, StartContext, StartError};

/// How many lines of the server's output an error shows.
const SHOWN_LINES: usize = 50;
/// How often another port is tried.
const PORT_TRIES: usize = 3;
/// How long one question whether it is ready may take: a server can accept what it does not answer.
const TRY: Duration = Duration::from_secs(5);

impl<C: Connect> Server for ProcessServer<C> {
    type Connector = C;

    async fn start(self: &Arc<Self>, context: &StartContext) -> Result<Running<C>, StartError> {
        let mut tries = 1;
        loop {
            let result = Box::pin(self.attempt(context)).await;
            match result {
                // Somebody else was faster.
                Err(StartError::Exited { ref output, .. })
                    if tries < PORT_TRIES
                        && self.settings.port.is_none()
                        && output.to_lowercase().contains("address already in use") =>
                {
                    tries += 1;
                }
                result => return result,
            }
        }
    }
}

impl<C: Connect> ProcessServer<C> {
    async fn attempt(&self, context: &StartContext) -> Result<Running<C>, StartError> {
        let settings = &self.settings;
        let setup =
            |error: std::io::Error, what: &str| StartError::Setup(format!("{what}: {error}"));
        let lease = match settings.port {
            Some(_) => None,
            None => Some(PortLease::take().map_err(|error| setup(error, "finding a free port"))?),
        };
        let directory =
            TempDir::new().map_err(|error| setup(error, "creating a temporary directory"))?;
        let mut address = Address {
            host: settings.host.clone(),
            port: settings
                .port
                .or(lease.as_ref().map(|lease| lease.port))
                .unwrap_or(0),
            socket: directory.path().join("server.sock"),
        };
        let mut spec = filled(&self.spec, settings, &address);
        spec.pass_output = context.pass_output;
        let (process, _) = Process::spawn(&spec).map_err(|source| StartError::Spawn {
            program: spec.program.to_string_lossy().into_owned(),
            source,
        })?;
        let server = Arc::new(Started {
            process,
            _lease: lease,
            _directory: directory,
        });
        let connector = self
            .wait_until_ready(&server.process, &mut address, context)
            .await;
        match connector {
            Ok(connector) => Ok(Running::new(Arc::new(connector), server)),
            Err(error) => {
                server.process.stop().await;
                Err(error)
            }
        }
    }

    async fn wait_until_ready(
        &self,
        process: &Process,
        address: &mut Address,
        context: &StartContext,
    ) -> Result<C, StartError> {
        let settings = &self.settings;
        let timeout = context.startup_timeout.unwrap_or(settings.startup_timeout);
        let probe = settings.ready.clone().unwrap_or(Ready::Connects);
        let mut last = String::from("not tried yet");
        let outcome = {
            let ready = self.probe(process, address, &probe, &mut last);
            tokio::select! {
                biased;
                connector = ready => Some(connector.map_err(StartError::Setup)),
                exit = process.wait() => Some(Err(exited(process, exit))),
                () = tokio::time::sleep(timeout) => None,
            }
        };
        match outcome {
            // An answer may have come from somebody else's server on that port.
            Some(Ok(connector)) => match process.exit() {
                Some(exit) => Err(exited(process, exit)),
                None => Ok(connector),
            },
            Some(Err(error)) => Err(error),
            None => Err(StartError::NotReady {
                probe: probe.to_string(),
                last,
                after: timeout,
                output: process.output().tail(SHOWN_LINES),
            }),
        }
    }

    /// Returns when the server is ready; an error means that it cannot become so.
    async fn probe(
        &self,
        process: &Process,
        address: &mut Address,
        probe: &Ready,
        last: &mut String,
    ) -> Result<C, String> {
        if let Ready::Line(expression) = probe {
            "no such line".clone_into(last);
            if let Some(port) = ready::line(process.output(), expression).await {
                address.port = port;
            }
            return (self.connector)(address);
        }
        let connector = (self.connector)(address)?;
        loop {
            let attempt = async {
                match probe {
                    Ready::HttpGet(path) => ready::http_get(address, path).await,
                    Ready::TcpAccept => ready::tcp(address).await,
                    Ready::Connects => connects(&connector, None).await,
                    Ready::Rpc(method, params) => {
                        connects(&connector, Some((method, params))).await
                    }
                    Ready::Line(_) | Ready::Spawned => Ok(()),
                }
            };
            match tokio::time::timeout(TRY, Box::pin(attempt)).await {
                Ok(Ok(())) => return Ok(connector),
                Ok(Err(why)) => *last = why,
                Err(_) => *last = format!("no answer within {}", in_words(TRY)),
            }
            tokio::time::sleep(self.settings.poll_interval).await;
        }
    }
}

/// Whether a connection can be opened, and a method called on it.
async fn connects<C: Connect>(
    connector: &C,
    call: Option<(&String, &serde_json::Value)>,
) -> Result<(), String> {
    let client = connector
        .connect()
        .await
        .map_err(|error| error.to_string())?;
    let called = match call {
        None => Ok(()),
        Some((method, params)) => match (&client as &dyn std::any::Any).downcast_ref::<Client>() {
            Some(client) => {
                let call = client.call::<serde_json::Value>(method, params);
                call.await.map(|_| ()).map_err(|error| error.to_string())
            }
            None => Err("only JSON-RPC clients can be asked to call a method".to_owned()),
        },
    };
    connector.close(Arc::new(client)).await;
    called
}

fn exited(process: &Process, exit: ServerExit) -> StartError {
    StartError::Exited {
        exit,
        output: process.output().tail(SHOWN_LINES),
    }
}

/// The description with the address filled in.
fn filled(spec: &Spec, settings: &Settings, address: &Address) -> Spec {
    let fill = |text: &OsString| -> OsString {
        let text = text.to_string_lossy();
        text.replace("{port}", &address.port.to_string())
            .replace("{host}", &address.host)
            .replace("{socket}", &address.socket.to_string_lossy())
            .into()
    };
    let mut spec = spec.clone();
    for &at in &settings.arg_templates {
        if let Some(arg) = spec.args.get_mut(at) {
            *arg = fill(arg);
        }
    }
    for name in &settings.env_templates {
        if let Some(value) = spec.env.get_mut(name) {
            *value = fill(value);
        }
    }
    spec
}

/// A process with what it was lent.
struct Started {
    process: Process,
    _lease: Option<PortLease>,
    _directory: TempDir,
}

impl Instance for Started {
    fn stop(&self) -> BoxFuture<'_, Result<(), String>> {
        Instance::stop(&self.process)
    }

    fn can_exit(&self) -> bool {
        true
    }

    fn exited(&self) -> BoxFuture<'_, ServerExit> {
        Instance::exited(&self.process)
    }

    fn exit(&self) -> Option<ServerExit> {
        self.process.exit()
    }

    fn pid(&self) -> Option<u32> {
        Some(self.process.pid())
    }

    fn output_mark(&self) -> u64 {
        self.process.output().mark()
    }

    fn output_since(&self, mark: u64) -> String {
        self.process.output().since(mark)
    }
}
