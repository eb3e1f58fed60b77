//! A server that the command line describes.

use std::ffi::OsString;
use std::sync::Arc;

use clap::Args;

use crate::client::ClientOptions;
use crate::process::{ProcessServer, Ready};
use crate::server::{Running, Server, StartContext, StartError};
use crate::transport::JsonRpc;

/// Options that describe the server.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Server")]
pub struct ServerArgs {
    /// Start this program as the server
    #[arg(long, value_name = "PATH")]
    pub binary: Option<OsString>,

    /// An argument for it, in which {port} and {host} are replaced; can be repeated
    #[arg(
        long,
        value_name = "ARG",
        requires = "binary",
        allow_hyphen_values = true
    )]
    pub binary_arg: Vec<String>,

    /// Where it listens
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    pub host: String,

    /// At which port [default: a free one if --binary-arg has {port}, else 9820]
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,

    /// It is ready when this URL, or this path of its port, answers with 2xx
    #[arg(long, value_name = "URL")]
    pub health_url: Option<String>,

    /// Its WebSocket, in which {host} and {port} are replaced [default: ws://HOST:PORT/]
    #[arg(long, value_name = "URL")]
    pub ws_url: Option<String>,

    /// Its HTTP endpoint, in place of a WebSocket
    #[arg(long, value_name = "URL", conflicts_with = "ws_url")]
    pub http_url: Option<String>,

    /// Sent as Authorization: Bearer TOKEN
    #[arg(long, value_name = "TOKEN", env = "RPC_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

const DEFAULT_PORT: u16 = 9820;

/// Why the options describe no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerArgsError {
    /// A URL of a transport that this program was built without.
    #[error("{0}")]
    Transport(String),
}

/// A server that the command line describes: started here, or running already.
pub enum AnyServer {
    /// Started here.
    Process(Arc<ProcessServer>),
    /// Running already.
    Running(Arc<JsonRpc>),
}

impl Server for AnyServer {
    type Connector = JsonRpc;

    async fn start(
        self: &Arc<Self>,
        context: &StartContext,
    ) -> Result<Running<JsonRpc>, StartError> {
        match &**self {
            Self::Process(server) => server.start(context).await,
            Self::Running(connector) => connector.start(context).await,
        }
    }
}

impl ServerArgs {
    /// The server that the options describe.
    pub fn server(&self) -> Result<AnyServer, ServerArgsError> {
        let mut options = ClientOptions::new();
        if let Some(token) = &self.token {
            options = options.token(token);
        }
        let Some(binary) = &self.binary else {
            let port = self.port.unwrap_or(DEFAULT_PORT);
            let connector = self.connector(&self.host, port)?;
            return Ok(AnyServer::Running(Arc::new(connector.options(options))));
        };
        // Fails now for what would fail at each start.
        self.connector(&self.host, DEFAULT_PORT)?;
        let mut builder = ProcessServer::builder(binary).host(&self.host);
        for arg in &self.binary_arg {
            builder = builder.arg_template(arg);
        }
        let told_its_port = self.binary_arg.iter().any(|arg| arg.contains("{port}"));
        if self.port.is_some() || !told_its_port {
            builder = builder.port(self.port.unwrap_or(DEFAULT_PORT));
        }
        if let Some(url) = &self.health_url {
            builder = builder.ready_when(Ready::http_get(url));
        }
        let args = self.clone();
        let server = builder.build_with(move |address| {
            match args.connector(&address.host, address.port) {
                Ok(connector) => connector.options(options.clone()),
                // Excluded above.
                Err(ServerArgsError::Transport(why)) => unreachable!("{why}"),
            }
        });
        Ok(AnyServer::Process(Arc::new(server)))
    }

    #[cfg_attr(
        all(feature = "http", feature = "websocket"),
        expect(clippy::unnecessary_wraps, reason = "without a transport it can fail")
    )]
    fn connector(&self, host: &str, port: u16) -> Result<JsonRpc, ServerArgsError> {
        let filled = |url: &String| {
            url.replace("{host}", host)
                .replace("{port}", &port.to_string())
        };
        if let Some(url) = self.http_url.as_ref().map(filled) {
            #[cfg(feature = "http")]
            return Ok(JsonRpc::http(url));
            #[cfg(not(feature = "http"))]
            return Err(ServerArgsError::Transport(format!(
                "cannot connect to {url}: built without the feature `http`"
            )));
        }
        let url = self.ws_url.as_ref().map(filled);
        let url = url.unwrap_or_else(|| format!("ws://{host}:{port}/"));
        #[cfg(feature = "websocket")]
        return Ok(JsonRpc::websocket(url));
        #[cfg(not(feature = "websocket"))]
        Err(ServerArgsError::Transport(format!(
            "cannot connect to {url}: built without the feature `websocket`"
        )))
    }
}
