//! When a server counts as ready.

use std::fmt;

use regex::Regex;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::builder::Address;
use super::output::Output;
use crate::human::shortened;

/// When a server counts as ready.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ready {
    /// A GET of this path, on the server's port, is answered with a status of 2xx. A whole `http://`
    /// URL is possible too.
    HttpGet(String),
    /// Its port accepts connections.
    TcpAccept,
    /// It has printed a line that this expression matches. If the expression has a group named
    /// `port`, or else any group, that matched a number, then this is the server's port: for servers
    /// that choose one by themselves.
    Line(Regex),
    /// A connection as the tests will have it can be opened.
    Connects,
    /// Like `Connects`, and a call of this method with these parameters has a result.
    Rpc(String, Value),
    /// As soon as it runs.
    Spawned,
}

impl Ready {
    /// See [`Ready::HttpGet`].
    pub fn http_get(path: impl Into<String>) -> Self {
        Self::HttpGet(path.into())
    }

    /// See [`Ready::TcpAccept`].
    pub fn tcp() -> Self {
        Self::TcpAccept
    }

    /// See [`Ready::Line`]; an expression that is not valid is an error of the start.
    pub fn line(expression: &str) -> Result<Self, regex::Error> {
        Regex::new(expression).map(Self::Line)
    }

    /// See [`Ready::Rpc`].
    pub fn rpc(method: impl Into<String>, params: Value) -> Self {
        Self::Rpc(method.into(), params)
    }
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HttpGet(path) => write!(f, "GET {path}"),
            Self::TcpAccept => f.write_str("connecting to its port"),
            Self::Line(expression) => write!(f, "a line of output matching /{expression}/"),
            Self::Connects => f.write_str("opening a connection"),
            Self::Rpc(method, _) => write!(f, "calling {method}"),
            Self::Spawned => f.write_str("running"),
        }
    }
}

/// Waits for the line, and returns the port in it.
pub(crate) async fn line(output: &Output, expression: &Regex) -> Option<u16> {
    output
        .find(|line| {
            let found = expression.captures(line)?;
            let port = found.name("port").or_else(|| found.get(1));
            Some(port.and_then(|port| port.as_str().parse().ok()))
        })
        .await
}

pub(crate) async fn tcp(address: &Address) -> Result<(), String> {
    TcpStream::connect((address.host.as_str(), address.port))
        .await
        .map(|_| ())
        .map_err(|error| error.to_string())
}

/// One GET without keeping the connection. A whole client is not needed to read a status.
pub(crate) async fn http_get(address: &Address, path: &str) -> Result<(), String> {
    let (authority, path) = match path.strip_prefix("http://") {
        None => (
            format!("{}:{}", address.host, address.port),
            path.to_owned(),
        ),
        Some(rest) => match rest.split_once('/') {
            Some((authority, path)) => (authority.to_owned(), format!("/{path}")),
            None => (rest.to_owned(), "/".to_owned()),
        },
    };
    let target = if authority.contains(':') {
        authority.clone()
    } else {
        format!("{authority}:80")
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    let request =
        format!("GET {slash}{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    let exchange = async {
        let mut stream = TcpStream::connect(&target).await?;
        stream.write_all(request.as_bytes()).await?;
        // Only the first line, since a server may keep the connection open all the same.
        let mut response = Vec::new();
        while !response.contains(&b'\n') && response.len() < 4096 {
            if stream.read_buf(&mut response).await? == 0 {
                break;
            }
        }
        std::io::Result::Ok(response)
    };
    let response = exchange.await.map_err(|error| error.to_string())?;
    let response = String::from_utf8_lossy(&response);
    let status = response.lines().next().unwrap_or_default();
    match status.split(' ').nth(1) {
        Some(code) if code.len() == 3 && code.starts_with('2') => Ok(()),
        _ => Err(format!("answered `{}`", shortened(status, 100))),
    }
}
