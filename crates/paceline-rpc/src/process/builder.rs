//! Describing a server that is a process.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::child::Spec;
use super::ready::Ready;
use crate::client::ClientOptions;
use crate::connect::Connect;
#[cfg(any(feature = "tcp", feature = "unix"))]
use crate::transport::Framing;
use crate::transport::JsonRpc;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// The host, `127.0.0.1` if nothing else was said.
    pub host: String,
    /// The port; 0 if the server has none.
    pub port: u16,
    /// The path of its Unix domain socket; empty if it has none.
    pub socket: PathBuf,
}

impl Address {
    /// `scheme://host:port/path`.
    pub fn url(&self, scheme: &str, path: &str) -> String {
        let slash = if path.starts_with('/') || path.is_empty() {
            ""
        } else {
            "/"
        };
        format!("{scheme}://{}:{}{slash}{path}", self.host, self.port)
    }
}

pub(crate) type MakeConnector<C> = Arc<dyn Fn(&Address) -> Result<C, String> + Send + Sync>;

/// A server that is started as a process, with all it starts itself stopped at the end.
///
/// ```
/// use paceline_rpc::{Harness, ProcessServer, Ready};
///
/// let server = ProcessServer::builder("target/debug/my-server")
///     .arg("--port")
///     .port_arg()
///     .ready_when(Ready::http_get("/health"))
///     .websocket("/rpc")
///     .build();
/// let harness = Harness::new(server);
/// # drop(harness);
/// ```
pub struct ProcessServer<C = JsonRpc> {
    pub(crate) spec: Spec,
    pub(crate) settings: Settings,
    pub(crate) connector: MakeConnector<C>,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) host: String,
    /// A fixed port, in place of one that is chosen.
    pub(crate) port: Option<u16>,
    pub(crate) ready: Option<Ready>,
    pub(crate) startup_timeout: Duration,
    pub(crate) poll_interval: Duration,
    /// Arguments and variables in which `{port}`, `{host}` and `{socket}` are replaced.
    pub(crate) arg_templates: Vec<usize>,
    pub(crate) env_templates: Vec<OsString>,
}

impl ProcessServer {
    /// Begins the description of a server that this program is.
    pub fn builder(program: impl AsRef<OsStr>) -> ProcessServerBuilder {
        ProcessServerBuilder {
            spec: Spec::new(program.as_ref().to_owned()),
            settings: Settings {
                host: "127.0.0.1".to_owned(),
                port: None,
                ready: None,
                startup_timeout: Duration::from_secs(15),
                poll_interval: Duration::from_millis(100),
                arg_templates: Vec::new(),
                env_templates: Vec::new(),
            },
            options: ClientOptions::default(),
            endpoint: Endpoint::None,
        }
    }
}

#[derive(Clone, Debug)]
enum Endpoint {
    None,
    #[cfg(feature = "websocket")]
    WebSocket(String),
    #[cfg(feature = "http")]
    Http(String),
    #[cfg(feature = "tcp")]
    Tcp(Framing),
    #[cfg(feature = "unix")]
    Unix(Framing),
}

/// Builds a [`ProcessServer`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ProcessServerBuilder {
    spec: Spec,
    settings: Settings,
    options: ClientOptions,
    endpoint: Endpoint,
}

impl ProcessServerBuilder {
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

    /// Adds an argument in which `{port}`, `{host}` and `{socket}` stand for where the server is to
    /// listen.
    pub fn arg_template(mut self, arg: impl Into<String>) -> Self {
        self.settings.arg_templates.push(self.spec.args.len());
        self.arg(arg.into())
    }

    /// Adds the port as an argument: a free one, chosen for each server that is started.
    pub fn port_arg(self) -> Self {
        self.arg_template("{port}")
    }

    /// Adds the path of a Unix domain socket as an argument: a new one for each server.
    pub fn socket_arg(self) -> Self {
        self.arg_template("{socket}")
    }

    /// Sets a variable of its environment, which is otherwise this program's.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let (name, value) = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.spec.env.insert(name, value);
        self
    }

    /// Like [`arg_template`](Self::arg_template), in a variable.
    pub fn env_template(mut self, name: impl AsRef<OsStr>, value: impl Into<String>) -> Self {
        self.settings.env_templates.push(name.as_ref().to_owned());
        self.env(name, value.into())
    }

    /// Gives it no variables but those that [`env`](Self::env) sets, `PATH`, `HOME`, `TMPDIR`, and
    /// those by which programs find their display and their session bus.
    pub fn clear_env(mut self) -> Self {
        self.spec.clear_env = true;
        self
    }

    /// The directory that it runs in.
    pub fn working_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.spec.working_dir = Some(dir.into());
        self
    }

    /// The host that it listens at. Default `127.0.0.1`.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.settings.host = host.into();
        self
    }

    /// The port that it listens at, if it is not told one. Servers with a fixed port cannot run
    /// beside each other.
    pub fn port(mut self, port: u16) -> Self {
        self.settings.port = Some(port);
        self
    }

    /// When it counts as ready. Default: as soon as a connection can be opened.
    pub fn ready_when(mut self, ready: Ready) -> Self {
        self.settings.ready = Some(ready);
        self
    }

    /// How long it may take to be ready. Default 15 seconds.
    pub fn startup_timeout(mut self, timeout: Duration) -> Self {
        self.settings.startup_timeout = timeout;
        self
    }

    /// How long it has to end after SIGTERM, before it is killed. Default 10 seconds.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.spec.grace = timeout;
        self
    }

    /// How often it is asked whether it is ready. Default 100 milliseconds.
    pub fn health_poll_interval(mut self, interval: Duration) -> Self {
        self.settings.poll_interval = interval;
        self
    }

    /// How much of its output is kept, the oldest lines being dropped. Default 1 MiB.
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.spec.buffer_bytes = bytes;
        self
    }

    /// How its clients behave.
    pub fn options(mut self, options: ClientOptions) -> Self {
        self.options = options;
        self
    }

    /// Connections are `WebSocket`s at this path of its port.
    #[cfg(feature = "websocket")]
    pub fn websocket(mut self, path: impl Into<String>) -> Self {
        self.endpoint = Endpoint::WebSocket(path.into());
        self
    }

    /// Calls are HTTP requests to this path of its port.
    #[cfg(feature = "http")]
    pub fn http(mut self, path: impl Into<String>) -> Self {
        self.endpoint = Endpoint::Http(path.into());
        self
    }

    /// Connections are TCP, to its port.
    #[cfg(feature = "tcp")]
    pub fn tcp(mut self, framing: Framing) -> Self {
        self.endpoint = Endpoint::Tcp(framing);
        self
    }

    /// Connections are through its Unix domain socket.
    #[cfg(feature = "unix")]
    pub fn unix(mut self, framing: Framing) -> Self {
        self.endpoint = Endpoint::Unix(framing);
        self
    }

    /// The server, with JSON-RPC clients. That no transport was chosen is an error of the start.
    pub fn build(self) -> ProcessServer {
        let Self {
            spec,
            settings,
            options,
            endpoint,
        } = self;
        ProcessServer {
            spec,
            settings,
            connector: Arc::new(move |address| {
                let connector = connector(&endpoint, address)?;
                Ok(connector.options(options.clone()))
            }),
        }
    }

    /// The server, with any other client: `connector` is told where the server listens, and returns
    /// what opens connections to it.
    pub fn build_with<C: Connect>(
        self,
        connector: impl Fn(&Address) -> C + Send + Sync + 'static,
    ) -> ProcessServer<C> {
        ProcessServer {
            spec: self.spec,
            settings: self.settings,
            connector: Arc::new(move |address| Ok(connector(address))),
        }
    }
}

fn connector(endpoint: &Endpoint, address: &Address) -> Result<JsonRpc, String> {
    // Not used without any transport.
    let _ = address;
    match *endpoint {
        Endpoint::None => Err(
            "no transport was chosen; call `websocket`, `http`, `tcp` or `unix` \
                               on its builder"
                .to_owned(),
        ),
        #[cfg(feature = "websocket")]
        Endpoint::WebSocket(ref path) => Ok(JsonRpc::websocket(address.url("ws", path))),
        #[cfg(feature = "http")]
        Endpoint::Http(ref path) => Ok(JsonRpc::http(address.url("http", path))),
        #[cfg(feature = "tcp")]
        Endpoint::Tcp(framing) => {
            use std::net::ToSocketAddrs;

            let mut found = (address.host.as_str(), address.port)
                .to_socket_addrs()
                .map_err(|error| format!("looking up {}: {error}", address.host))?;
            let address = found
                .next()
                .ok_or_else(|| format!("{} has no address", address.host))?;
            Ok(JsonRpc::tcp(address, framing))
        }
        #[cfg(feature = "unix")]
        Endpoint::Unix(framing) => Ok(JsonRpc::unix(&address.socket, framing)),
    }
}
