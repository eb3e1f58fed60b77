//! Connections of hosts and workers.

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use paceline_protocol::framing::{FramingError, read_line};
use paceline_protocol::transport::{Listener, Stream, Transport, connect};
use paceline_protocol::{FromWorker, ToWorker};
use tempfile::TempDir;

use crate::plan::SuiteId;

/// How long a message may wait for a worker that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How many messages may wait for the dispatcher, over all connections.
const MOST_WAITING: usize = 20_000;
/// Longer paths do not fit into the address of a Unix socket.
const LONGEST_SOCKET_PATH: usize = 90;

/// Names a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LinkId(u64);

/// What happens on a connection.
pub(crate) enum LinkEvent {
    Opened(LinkId, Stream),
    Message(LinkId, FromWorker),
    /// The peer said something that is no message; nothing more will be read.
    Broken(LinkId, String),
    Closed(LinkId),
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Host(SuiteId),
    Worker(SuiteId, u32),
}

/// The writing end of a connection.
pub(crate) struct Link {
    stream: Stream,
}

impl Link {
    /// Sends a message. One that cannot be sent is as good as a closed connection, of which the
    /// reading end tells.
    pub(crate) fn send(&mut self, message: &ToWorker) {
        if message.write(&mut self.stream).is_err() {
            self.stream.close();
        }
    }

    pub(crate) fn close(&self) {
        self.stream.close();
    }
}

/// Where workers connect, and who they are.
pub(crate) struct Exchange {
    address: String,
    /// Private: who can enter it can speak to the engine.
    _dir: TempDir,
    closing: Arc<AtomicBool>,
    waiting: Arc<AtomicUsize>,
    expected: HashMap<String, Peer>,
    /// Connections that have not said who they are.
    strangers: HashMap<LinkId, Stream>,
    peers: HashMap<LinkId, Peer>,
}

impl Exchange {
    /// Listens, and tells `notify` what happens, from threads of its own.
    pub(crate) fn open(
        transport: Transport,
        notify: impl Fn(LinkEvent) + Clone + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("paceline-").tempdir()?;
        let fits = dir.path().as_os_str().len() <= LONGEST_SOCKET_PATH;
        let transport = if fits { transport } else { Transport::Tcp };
        let (listener, address) = Listener::bind(transport, dir.path())?;
        let closing = Arc::new(AtomicBool::new(false));
        let waiting = Arc::new(AtomicUsize::new(0));
        let (stop, count) = (Arc::clone(&closing), Arc::clone(&waiting));
        thread::Builder::new()
            .name("listener".into())
            .spawn(move || {
                for number in 0.. {
                    let Ok(stream) = listener.accept() else {
                        return;
                    };
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    serve(LinkId(number), stream, Arc::clone(&count), notify.clone());
                }
            })?;
        Ok(Self {
            address,
            _dir: dir,
            closing,
            waiting,
            expected: HashMap::new(),
            strangers: HashMap::new(),
            peers: HashMap::new(),
        })
    }

    /// What `PACELINE_CONNECT` is to say.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Expects `peer`; answers the token that it has to give.
    pub(crate) fn expect(&mut self, peer: Peer) -> io::Result<String> {
        use std::fmt::Write as _;
        let mut bytes = [0; 16];
        io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
        let mut token = String::with_capacity(32);
        for byte in bytes {
            let _ = write!(token, "{byte:02x}");
        }
        self.expected.insert(token.clone(), peer);
        Ok(token)
    }

    /// Whoever gives this token: it is good for one connection.
    pub(crate) fn redeem(&mut self, token: &str) -> Option<Peer> {
        self.expected.remove(token)
    }

    pub(crate) fn opened(&mut self, id: LinkId, stream: Stream) {
        self.strangers.insert(id, stream);
    }

    /// The writing end of a connection whose peer is known from now on.
    pub(crate) fn introduce(&mut self, id: LinkId, peer: Peer) -> Option<Link> {
        self.peers.insert(id, peer);
        self.strangers.remove(&id).map(|stream| Link { stream })
    }

    /// A connection that is turned away.
    pub(crate) fn dismiss(&mut self, id: LinkId, reason: &str) {
        if let Some(stream) = self.strangers.remove(&id) {
            let mut link = Link { stream };
            let reason = reason.to_owned();
            link.send(&ToWorker::Refused { reason });
            link.close();
        }
    }

    pub(crate) fn peer(&self, id: LinkId) -> Option<Peer> {
        self.peers.get(&id).copied()
    }

    pub(crate) fn closed(&mut self, id: LinkId) -> Option<Peer> {
        self.strangers.remove(&id);
        self.peers.remove(&id)
    }

    /// A message has been handled.
    pub(crate) fn handled(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        // Wakes the listener, so that it sees that it is to end.
        drop(connect(&self.address));
    }
}

/// Reads a connection from a thread of its own.
fn serve(
    id: LinkId,
    stream: Stream,
    waiting: Arc<AtomicUsize>,
    notify: impl Fn(LinkEvent) + Send + Sync + 'static,
) {
    let writing = stream.try_clone().and_then(|writing| {
        writing.set_write_timeout(WRITE_TIMEOUT)?;
        Ok(writing)
    });
    let Ok(writing) = writing else { return };
    let tell = move |event| {
        // A flood of messages waits in the socket, not in memory.
        while waiting.load(Ordering::Relaxed) > MOST_WAITING {
            thread::sleep(Duration::from_millis(1));
        }
        waiting.fetch_add(1, Ordering::Relaxed);
        notify(event);
    };
    // Without a thread nobody reads: the peer sees a closed connection and ends.
    let _ = thread::Builder::new().name("link".into()).spawn(move || {
        tell(LinkEvent::Opened(id, writing));
        let mut reader = BufReader::with_capacity(64 * 1024, stream);
        let mut line = Vec::new();
        loop {
            let message = match read_line(&mut reader, &mut line) {
                // A peer that was killed leaves half a line, or a broken connection.
                Ok(false) | Err(FramingError::CutOff | FramingError::Io(_)) => break,
                Err(error) => Err(error.to_string()),
                Ok(true) => match std::str::from_utf8(&line) {
                    Ok(line) => FromWorker::parse(line).map_err(|error| error.to_string()),
                    Err(_) => Err("a line that is not UTF-8".to_owned()),
                },
            };
            match message {
                Ok(message) => tell(LinkEvent::Message(id, message)),
                Err(what) => {
                    tell(LinkEvent::Broken(id, what));
                    return;
                }
            }
        }
        tell(LinkEvent::Closed(id));
    });
}
