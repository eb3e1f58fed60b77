//! Connecting a JSON-RPC client to an address.

use std::fmt;
#[cfg(feature = "tcp")]
use std::net::SocketAddr;
#[cfg(feature = "unix")]
use std::path::PathBuf;

#[cfg(any(feature = "tcp", feature = "unix"))]
use super::framing::Framing;
use crate::client::{Client, ClientOptions, ConnectError};
use crate::connect::{BoxError, Connect};

/// Connects JSON-RPC clients to one address.
///
/// ```
/// # #[cfg(all(feature = "websocket", feature = "http", feature = "tcp", feature = "unix"))] {
/// use paceline_rpc::{ClientOptions, Framing, Harness, JsonRpc};
///
/// let websocket = JsonRpc::websocket("ws://127.0.0.1:9820/rpc");
/// let http = JsonRpc::http("http://127.0.0.1:8545");
/// let tcp = JsonRpc::tcp(([127, 0, 0, 1], 4000).into(), Framing::Newline);
/// let unix = JsonRpc::unix("/run/my-server.sock", Framing::ContentLength);
/// let harness = Harness::new(websocket.options(ClientOptions::new().token("s3cret")));
/// # drop((http, tcp, unix, harness));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct JsonRpc {
    endpoint: Endpoint,
    options: ClientOptions,
}

#[derive(Clone, Debug)]
enum Endpoint {
    #[cfg(feature = "websocket")]
    WebSocket(String),
    #[cfg(feature = "http")]
    Http(String),
    #[cfg(feature = "tcp")]
    Tcp(SocketAddr, Framing),
    #[cfg(feature = "unix")]
    Unix(PathBuf, Framing),
}

impl fmt::Display for Endpoint {
    #[cfg_attr(
        not(any(
            feature = "websocket",
            feature = "http",
            feature = "tcp",
            feature = "unix"
        )),
        expect(unused_variables, reason = "without a transport there is no address")
    )]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            #[cfg(feature = "websocket")]
            Self::WebSocket(ref url) => f.write_str(url),
            #[cfg(feature = "http")]
            Self::Http(ref url) => f.write_str(url),
            #[cfg(feature = "tcp")]
            Self::Tcp(address, _) => write!(f, "tcp {address}"),
            #[cfg(feature = "unix")]
            Self::Unix(ref path, _) => write!(f, "unix socket {}", path.display()),
        }
    }
}

impl JsonRpc {
    #[cfg_attr(
        not(any(
            feature = "websocket",
            feature = "http",
            feature = "tcp",
            feature = "unix"
        )),
        expect(dead_code, reason = "without a transport there is no address")
    )]
    fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            options: ClientOptions::default(),
        }
    }

    /// WebSocket, at a `ws://` URL.
    #[cfg(feature = "websocket")]
    pub fn websocket(url: impl Into<String>) -> Self {
        Self::new(Endpoint::WebSocket(url.into()))
    }

    /// HTTP, each message a POST to an `http://` URL. A connection of its own means a pool of its
    /// own. HTTP has no notifications from the server.
    #[cfg(feature = "http")]
    pub fn http(url: impl Into<String>) -> Self {
        Self::new(Endpoint::Http(url.into()))
    }

    /// TCP.
    #[cfg(feature = "tcp")]
    pub fn tcp(address: SocketAddr, framing: Framing) -> Self {
        Self::new(Endpoint::Tcp(address, framing))
    }

    /// A Unix domain socket.
    #[cfg(feature = "unix")]
    pub fn unix(path: impl Into<PathBuf>, framing: Framing) -> Self {
        Self::new(Endpoint::Unix(path.into(), framing))
    }

    /// How its clients behave.
    #[must_use]
    pub fn options(mut self, options: ClientOptions) -> Self {
        self.options = options;
        self
    }

    /// Opens a connection.
    pub async fn open(&self) -> Result<Client, ConnectError> {
        let timeout = self.options.connect_timeout;
        let why = match tokio::time::timeout(timeout, Box::pin(self.attempt())).await {
            Ok(Ok(client)) => return Ok(client),
            Ok(Err(why)) => why,
            Err(_) => format!("no connection within {}", crate::human::in_words(timeout)),
        };
        Err(ConnectError {
            endpoint: self.endpoint.to_string(),
            why,
        })
    }

    #[cfg_attr(
        not(any(feature = "websocket", feature = "tcp", feature = "unix")),
        expect(clippy::unused_async, reason = "other transports wait")
    )]
    async fn attempt(&self) -> Result<Client, String> {
        match self.endpoint {
            #[cfg(feature = "websocket")]
            Endpoint::WebSocket(ref url) => {
                super::websocket::connect(url, self.options.clone()).await
            }
            #[cfg(feature = "http")]
            Endpoint::Http(ref url) => super::http::connect(url, self.options.clone()),
            #[cfg(feature = "tcp")]
            Endpoint::Tcp(address, framing) => {
                let stream = tokio::net::TcpStream::connect(address)
                    .await
                    .map_err(|error| error.to_string())?;
                // Small messages, each of which somebody waits for.
                let _ = stream.set_nodelay(true);
                let (read, write) = stream.into_split();
                let options = self.options.clone();
                Ok(Client::from_stream(read, write, framing, options))
            }
            #[cfg(all(feature = "unix", unix))]
            Endpoint::Unix(ref path, framing) => {
                let stream = tokio::net::UnixStream::connect(path)
                    .await
                    .map_err(|error| error.to_string())?;
                let (read, write) = stream.into_split();
                let options = self.options.clone();
                Ok(Client::from_stream(read, write, framing, options))
            }
            #[cfg(all(feature = "unix", not(unix)))]
            Endpoint::Unix(..) => Err("this platform has no Unix domain sockets".to_owned()),
        }
    }
}

impl Connect for JsonRpc {
    type Client = Client;

    async fn connect(&self) -> Result<Client, BoxError> {
        Ok(self.open().await?)
    }
}

impl Client {
    /// Connects to a `ws://` URL.
    #[cfg(feature = "websocket")]
    pub async fn websocket(url: &str, options: ClientOptions) -> Result<Self, ConnectError> {
        JsonRpc::websocket(url).options(options).open().await
    }

    /// Sends calls to an `http://` URL.
    #[cfg(feature = "http")]
    pub async fn http(url: &str, options: ClientOptions) -> Result<Self, ConnectError> {
        JsonRpc::http(url).options(options).open().await
    }

    /// Connects over TCP.
    #[cfg(feature = "tcp")]
    pub async fn tcp(
        address: SocketAddr,
        framing: Framing,
        options: ClientOptions,
    ) -> Result<Self, ConnectError> {
        JsonRpc::tcp(address, framing).options(options).open().await
    }

    /// Connects to a Unix domain socket.
    #[cfg(feature = "unix")]
    pub async fn unix(
        path: impl Into<PathBuf>,
        framing: Framing,
        options: ClientOptions,
    ) -> Result<Self, ConnectError> {
        JsonRpc::unix(path, framing).options(options).open().await
    }
}
