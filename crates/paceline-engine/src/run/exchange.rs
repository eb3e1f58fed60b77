//! Connections of hosts and workers.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use paceline_protocol::ToWorker;
use paceline_protocol::transport::{Listener, Transport, connect};
use tempfile::TempDir;

use super::link::{Link, LinkEvent, LinkId, serve};
use crate::plan::SuiteId;

/// Longer paths do not fit into the address of a Unix socket.
const LONGEST_SOCKET_PATH: usize = 90;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Host(SuiteId),
    Worker(SuiteId, u32),
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
    strangers: HashMap<LinkId, Link>,
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
                    serve(
                        LinkId::of(number),
                        stream,
                        Arc::clone(&count),
                        notify.clone(),
                    );
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

    pub(crate) fn opened(&mut self, id: LinkId, link: Link) {
        self.strangers.insert(id, link);
    }

    /// The writing end of a connection whose peer is known from now on.
    pub(crate) fn introduce(&mut self, id: LinkId, peer: Peer) -> Option<Link> {
        self.peers.insert(id, peer);
        self.strangers.remove(&id)
    }

    /// A connection that is turned away.
    pub(crate) fn dismiss(&mut self, id: LinkId, reason: &str) {
        if let Some(mut link) = self.strangers.remove(&id) {
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
