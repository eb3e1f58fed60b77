//! Where engine and workers meet: a Unix socket, or TCP on loopback.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

/// Which kind of connection workers use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// A Unix domain socket; TCP where there are none.
    #[default]
    Auto,
    /// TCP on 127.0.0.1.
    Tcp,
}

/// Where workers connect to.
#[derive(Debug)]
pub enum Listener {
    /// A Unix domain socket.
    #[cfg(unix)]
    Unix(UnixListener),
    /// TCP on loopback.
    Tcp(TcpListener),
}

/// A connection; clones share it.
#[derive(Debug)]
pub enum Stream {
    /// Over a Unix domain socket.
    #[cfg(unix)]
    Unix(UnixStream),
    /// Over TCP.
    Tcp(TcpStream),
}

impl Listener {
    /// Listens in `dir`, which nobody else should be able to enter, or on a free port. Also answers
    /// what `PACELINE_CONNECT` is to say.
    pub fn bind(transport: Transport, dir: &Path) -> io::Result<(Self, String)> {
        #[cfg(unix)]
        if transport == Transport::Auto {
            let path = dir.join("engine.sock");
            let listener = UnixListener::bind(&path)?;
            return Ok((Self::Unix(listener), format!("unix:{}", path.display())));
        }
        let _ = (transport, dir);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        Ok((Self::Tcp(listener), format!("tcp:127.0.0.1:{port}")))
    }

    /// Waits for the next connection.
    pub fn accept(&self) -> io::Result<Stream> {
        match self {
            #[cfg(unix)]
            Self::Unix(listener) => Ok(Stream::Unix(listener.accept()?.0)),
            Self::Tcp(listener) => {
                let stream = listener.accept()?.0;
                // Messages are small and answers are waited for.
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
        }
    }
}

/// Connects to what [`Listener::bind`] answered; what a worker in Rust does.
pub fn connect(address: &str) -> io::Result<Stream> {
    let unusable = || io::Error::new(io::ErrorKind::InvalidInput, "not an address of an engine");
    match address.split_once(':').ok_or_else(unusable)? {
        #[cfg(unix)]
        ("unix", path) => Ok(Stream::Unix(UnixStream::connect(path)?)),
        ("tcp", address) => {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            Ok(Stream::Tcp(stream))
        }
        _ => Err(unusable()),
    }
}

impl Stream {
    /// Another handle to the same connection.
    pub fn try_clone(&self) -> io::Result<Self> {
        match self {
            #[cfg(unix)]
            Self::Unix(stream) => Ok(Self::Unix(stream.try_clone()?)),
            Self::Tcp(stream) => Ok(Self::Tcp(stream.try_clone()?)),
        }
    }

    /// How long a write may wait for a peer that does not read.
    pub fn set_write_timeout(&self, timeout: Duration) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Self::Unix(stream) => stream.set_write_timeout(Some(timeout)),
            Self::Tcp(stream) => stream.set_write_timeout(Some(timeout)),
        }
    }

    /// Ends the connection in both directions, for all its handles.
    pub fn close(&self) {
        // One that has ended already is what we want.
        let _ = match self {
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

#[cfg(unix)]
impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(stream) => stream.as_fd(),
            Self::Tcp(stream) => stream.as_fd(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Self::Unix(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Self::Unix(stream) => stream.write(bytes),
            Self::Tcp(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};

    fn echo(transport: Transport) {
        let dir = tempfile::tempdir().unwrap();
        let (listener, address) = Listener::bind(transport, dir.path()).unwrap();
        let peer = std::thread::spawn(move || {
            let mut stream = connect(&address).unwrap();
            stream.write_all(b"hello\n").unwrap();
            let mut answer = String::new();
            BufReader::new(stream).read_line(&mut answer).unwrap();
            answer
        });
        let stream = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(stream.try_clone().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut stream = stream;
        stream
            .write_all(format!("you said {line}").as_bytes())
            .unwrap();
        assert_eq!(peer.join().unwrap(), "you said hello\n");
    }

    #[test]
    fn peers_meet_on_a_unix_socket() {
        echo(Transport::Auto);
    }

    #[test]
    fn peers_meet_on_loopback() {
        echo(Transport::Tcp);
    }

    #[test]
    fn an_address_of_another_kind_is_refused() {
        assert!(connect("pipe:/tmp/x").is_err());
        assert!(connect("nothing").is_err());
    }
}
