//! Connections of hosts and workers: which suite each is of, and what comes over them.

use paceline_protocol::{FromWorker, Hello, PROTOCOL_VERSION, Role};

use super::dispatcher::Dispatcher;
use crate::run::{Core, LinkEvent, LinkId, Peer};
use crate::workers::FrameworkSuite;

impl<'env> Dispatcher<'_, '_, 'env> {
    /// Something happened on a connection.
    pub(super) fn link(&mut self, event: LinkEvent) {
        let Some(exchange) = self.core.open_exchange() else {
            return;
        };
        exchange.handled();
        match event {
            LinkEvent::Opened(id, stream) => exchange.opened(id, stream),
            LinkEvent::Message(id, FromWorker::Hello(hello)) => self.hello(id, &hello),
            LinkEvent::Message(id, message) => match exchange.peer(id) {
                Some(peer) => self.with_suite(peer, |suite, core| {
                    suite.message(core, peer, message);
                }),
                None => exchange.dismiss(id, "the first message has to be `hello`"),
            },
            LinkEvent::Broken(id, what) => {
                let peer = exchange.closed(id);
                if let Some(peer) = peer {
                    self.with_suite(peer, |suite, core| {
                        suite.misbehaved(core, peer, &what);
                        suite.disconnected(core, peer);
                    });
                }
            }
            LinkEvent::Closed(id) => {
                if let Some(peer) = exchange.closed(id) {
                    self.with_suite(peer, |suite, core| suite.disconnected(core, peer));
                }
            }
        }
    }

    fn with_suite(
        &mut self,
        peer: Peer,
        act: impl FnOnce(&mut FrameworkSuite<'env>, &mut Core<'_, '_, 'env>),
    ) {
        let (Peer::Host(id) | Peer::Worker(id, _)) = peer;
        if let Some(suite) = self.frameworks.get_mut(&id) {
            act(suite, &mut self.core);
        }
    }

    /// A connection says who it is.
    fn hello(&mut self, id: LinkId, hello: &Hello) {
        let Some(exchange) = self.core.open_exchange() else {
            return;
        };
        if let Some(peer) = exchange.peer(id) {
            self.with_suite(peer, |suite, core| {
                suite.misbehaved(core, peer, "`hello` twice");
            });
            return;
        }
        if hello.protocol != PROTOCOL_VERSION {
            let reason = format!("this engine speaks version {PROTOCOL_VERSION} of the protocol");
            exchange.dismiss(id, &reason);
            return;
        }
        let peer = exchange.redeem(&hello.token).filter(|peer| match peer {
            Peer::Host(_) => hello.role == Role::Host,
            Peer::Worker(_, number) => hello.role == Role::Worker && hello.worker == Some(*number),
        });
        match peer {
            Some(peer) => {
                self.with_suite(peer, |suite, core| suite.connected(core, id, peer, hello));
            }
            None => exchange.dismiss(id, "nobody with this token is expected"),
        }
    }
}
