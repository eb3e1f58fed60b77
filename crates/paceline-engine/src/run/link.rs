//! A connection of a host or worker: what is read from it, by a thread of its own, and written to it.

use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use paceline_protocol::framing::{FramingError, read_line};
use paceline_protocol::transport::Stream;
use paceline_protocol::{FromWorker, ToWorker};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::journal::Journal;

/// How long a message may wait for a worker that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How many messages may wait for the dispatcher, over all connections.
const MOST_WAITING: usize = 20_000;
/// How long after it was told of a journal's growth the engine looks at it by itself. What a process
/// writes less than half of this after it has told, it need not tell.
const LOOK_AGAIN: Duration = Duration::from_millis(4);

/// Names a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LinkId(u64);

impl LinkId {
    pub(super) fn of(number: u64) -> Self {
        Self(number)
    }
}

/// What happens on a connection.
pub(crate) enum LinkEvent {
    Opened(LinkId, Link),
    Message(LinkId, FromWorker),
    /// The peer said something that is no message; nothing more will be read.
    Broken(LinkId, String),
    Closed(LinkId),
}

/// The writing end of a connection.
pub(crate) struct Link {
    stream: Stream,
    /// Where the reading end finds the journal.
    journal: Arc<Mutex<Option<Journal>>>,
}

impl Link {
    /// Reads the journal `file` too from now on; false where that cannot be. What it says is not
    /// believed: it has to be beside the worker's `log`.
    pub(crate) fn read_journal(&self, file: &str, log: &Path) -> bool {
        let Ok(journal) = Journal::open(file, log) else {
            return false;
        };
        let mut offered = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        *offered = Some(journal);
        true
    }

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

/// Reads a connection from a thread of its own.
pub(super) fn serve(
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
        let journal = Arc::default();
        let link = Link {
            stream: writing,
            journal: Arc::clone(&journal),
        };
        tell(LinkEvent::Opened(id, link));
        let mut reader = Reader {
            stream: BufReader::with_capacity(64 * 1024, stream),
            offered: journal,
            journal: None,
            look_at: None,
            line: Vec::new(),
        };
        let ended = reader.read(&mut |message| tell(LinkEvent::Message(id, message)));
        // The files go before anybody hears that this is over.
        drop(reader);
        match ended {
            Ok(()) => tell(LinkEvent::Closed(id)),
            Err(what) => tell(LinkEvent::Broken(id, what)),
        }
    });
}

/// The reading end of a connection, and of the journal beside it.
struct Reader {
    stream: BufReader<Stream>,
    /// The journal, from when it is to be read until it is.
    offered: Arc<Mutex<Option<Journal>>>,
    journal: Option<Journal>,
    /// When to look at the journal without being told.
    look_at: Option<Instant>,
    line: Vec<u8>,
}

impl Reader {
    /// Reads messages until there will be none. Fails with what the peer said that is no message.
    fn read(&mut self, tell: &mut impl FnMut(FromWorker)) -> Result<(), String> {
        let ended = loop {
            match self.step(tell) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(what) => break Err(what),
            }
        };
        // What it holds was said before.
        self.take_offered();
        self.read_journal(tell)?;
        ended
    }

    /// A peer writes to its journal only after it has been told that it is read, so it is in time to
    /// look for it with the next that the peer says.
    fn take_offered(&mut self) {
        if self.journal.is_none() {
            let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
            self.journal = offered.take();
        }
    }

    /// Reads a line of the connection, or the journal when it is time to; false at the end.
    fn step(&mut self, tell: &mut impl FnMut(FromWorker)) -> Result<bool, String> {
        if let Some(at) = self.look_at
            && self.stream.buffer().is_empty()
            && !self.is_readable_before(at)
        {
            self.look_at = None;
            self.read_journal(tell)?;
            return Ok(true);
        }
        match read_line(&mut self.stream, &mut self.line) {
            Ok(true) => {}
            // A peer that was killed leaves half a line, or a broken connection.
            Ok(false) | Err(FramingError::CutOff | FramingError::Io(_)) => return Ok(false),
            Err(error) => return Err(error.to_string()),
        }
        self.take_offered();
        match parse(&self.line)? {
            FromWorker::Journal(grown) if self.journal.is_some() => {
                self.read_journal(tell)?;
                if let (true, Some(journal)) = (grown.next, &mut self.journal) {
                    journal.next_file().map_err(|error| error.to_string())?;
                    self.read_journal(tell)?;
                }
                self.look_at = Some(Instant::now() + LOOK_AGAIN);
            }
            message => {
                // A peer whose journal takes no more goes on here.
                self.read_journal(tell)?;
                tell(message);
            }
        }
        Ok(true)
    }

    /// Tells what has been added to the journal.
    fn read_journal(&mut self, tell: &mut impl FnMut(FromWorker)) -> Result<(), String> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        let mut problem = None;
        journal
            .read(|line| match parse(line) {
                Ok(message) => {
                    tell(message);
                    ControlFlow::Continue(())
                }
                Err(what) => {
                    problem = Some(what);
                    ControlFlow::Break(())
                }
            })
            .map_err(|error| error.to_string())?;
        problem.map_or(Ok(()), Err)
    }

    fn is_readable_before(&self, at: Instant) -> bool {
        let stream = self.stream.get_ref();
        loop {
            let left = at.saturating_duration_since(Instant::now());
            // What cannot be waited for is left to reading.
            let Ok(left) = Timespec::try_from(left) else {
                return true;
            };
            let mut waited = [PollFd::new(stream, PollFlags::IN)];
            match poll(&mut waited, Some(&left)) {
                Err(Errno::INTR) => {}
                found => return found != Ok(0),
            }
        }
    }
}

fn parse(line: &[u8]) -> Result<FromWorker, String> {
    let line = std::str::from_utf8(line).map_err(|_| "a line that is not UTF-8".to_owned())?;
    FromWorker::parse(line).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;
    use std::sync::mpsc::{Receiver, channel};

    use paceline_protocol::transport::{Listener, Transport, connect};

    use super::*;

    /// A peer with a journal, and what the engine reads of it.
    struct Peer {
        dir: tempfile::TempDir,
        stream: Option<Stream>,
        heard: Receiver<LinkEvent>,
        _link: Link,
    }

    impl Peer {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let (listener, address) = Listener::bind(Transport::Auto, dir.path()).unwrap();
            let stream = connect(&address).unwrap();
            let (sender, heard) = channel();
            serve(
                LinkId::of(0),
                listener.accept().unwrap(),
                Arc::default(),
                move |event| {
                    let _ = sender.send(event);
                },
            );
            fs::write(dir.path().join("worker.journal"), "").unwrap();
            let LinkEvent::Opened(_, link) = heard.recv().unwrap() else {
                panic!("it was not opened first")
            };
            let file = dir.path().join("worker.journal").display().to_string();
            assert!(link.read_journal(&file, &dir.path().join("worker")));
            Self {
                dir,
                stream: Some(stream),
                heard,
                _link: link,
            }
        }

        fn write(&self, file: &str, text: &str) {
            let path = self.dir.path().join(file);
            let file = OpenOptions::new().append(true).create(true).open(path);
            file.unwrap().write_all(text.as_bytes()).unwrap();
        }

        fn say(&mut self, line: &str) {
            writeln!(self.stream.as_mut().unwrap(), "{line}").unwrap();
        }

        fn hear(&self) -> String {
            match self.heard.recv().unwrap() {
                LinkEvent::Opened(..) => "opened".to_owned(),
                LinkEvent::Message(_, FromWorker::UnitStarted { unit }) => format!("unit {unit}"),
                LinkEvent::Message(_, other) => format!("{other:?}"),
                LinkEvent::Broken(_, what) => what,
                LinkEvent::Closed(_) => "closed".to_owned(),
            }
        }
    }

    fn unit(number: u32) -> String {
        format!("{{\"kind\":\"unit_started\",\"unit\":{number}}}\n")
    }

    #[test]
    fn a_line_is_read_when_it_is_whole() {
        let mut peer = Peer::new();
        peer.write("worker.journal", &(unit(0) + "{\"kind\":\"unit_st"));
        peer.say(r#"{"kind":"journal"}"#);
        assert_eq!(peer.hear(), "unit 0");
        peer.write("worker.journal", "arted\",\"unit\":1}\n");
        peer.say(r#"{"kind":"journal"}"#);
        assert_eq!(peer.hear(), "unit 1");
    }

    #[test]
    fn what_nobody_tells_of_is_read_when_it_is_time_to_look() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("worker.journal");
        fs::write(&file, unit(0)).unwrap();
        let (listener, address) = Listener::bind(Transport::Auto, dir.path()).unwrap();
        let _silent = connect(&address).unwrap();
        let mut reader = Reader {
            stream: BufReader::new(listener.accept().unwrap()),
            offered: Arc::default(),
            journal: Some(
                Journal::open(&file.display().to_string(), &dir.path().join("worker")).unwrap(),
            ),
            look_at: Some(Instant::now()),
            line: Vec::new(),
        };
        let mut heard = 0;
        assert_eq!(reader.step(&mut |_| heard += 1), Ok(true));
        assert_eq!((heard, reader.look_at), (1, None));
    }

    #[test]
    fn a_process_that_dies_leaves_what_it_has_written() {
        let mut peer = Peer::new();
        peer.write("worker.journal", &(unit(0) + &unit(1) + "{\"kind\":\"unit"));
        peer.stream = None;
        assert_eq!(peer.hear(), "unit 0");
        assert_eq!(peer.hear(), "unit 1");
        assert_eq!(peer.hear(), "closed");
        // The file has been read; nobody else needs it.
        assert!(!peer.dir.path().join("worker.journal").exists());
    }

    #[test]
    fn a_journal_goes_on_in_the_next_file() {
        let mut peer = Peer::new();
        peer.write("worker.journal", &unit(0));
        peer.write("worker.journal.1", &unit(1));
        peer.say(r#"{"kind":"journal","next":true}"#);
        assert_eq!(peer.hear(), "unit 0");
        assert_eq!(peer.hear(), "unit 1");
        assert!(!peer.dir.path().join("worker.journal").exists());
        peer.write("worker.journal.1", &unit(2));
        peer.stream = None;
        assert_eq!(peer.hear(), "unit 2");
    }

    #[test]
    fn what_is_said_on_the_connection_comes_after_what_is_in_the_journal() {
        let mut peer = Peer::new();
        // The last line did not fit on the disk.
        peer.write("worker.journal", &(unit(0) + "{\"ki"));
        peer.say(unit(1).trim_end());
        peer.say(unit(2).trim_end());
        for expected in ["unit 0", "unit 1", "unit 2"] {
            assert_eq!(peer.hear(), expected);
        }
    }

    #[test]
    fn nonsense_is_told_as_such() {
        let mut peer = Peer::new();
        peer.write("worker.journal", "nonsense\n");
        peer.say(r#"{"kind":"journal"}"#);
        assert!(peer.hear().contains("a line that is no message"));
        let mut peer = Peer::new();
        peer.say(r#"{"kind":"journal","next":true}"#);
        assert!(peer.hear().contains("opening the journal"));
    }

    #[test]
    fn what_was_written_before_nonsense_is_read() {
        let mut peer = Peer::new();
        peer.write("worker.journal", &unit(0));
        peer.say("nonsense");
        assert_eq!(peer.hear(), "unit 0");
        assert!(peer.hear().contains("a line that is no message"));
    }

    #[test]
    fn only_a_journal_beside_the_log_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("workers/worker-0.log");
        fs::create_dir(dir.path().join("workers")).unwrap();
        let opens = |name: &str| {
            let path = dir.path().join(name);
            fs::write(&path, "precious").unwrap();
            let opened = Journal::open(&path.display().to_string(), &log).is_ok();
            assert!(opened != path.exists(), "what is not opened is kept");
            opened
        };
        assert!(opens("workers/worker-0.log.1.journal"));
        assert!(!opens("workers/worker-1.log.1.journal"));
        assert!(!opens("workers/worker-0.log.1.txt"));
        assert!(!opens("worker-0.log.1.journal"));
        let link = dir.path().join("workers/worker-0.log.2.journal");
        std::os::unix::fs::symlink(dir.path().join("worker-0.log.1.journal"), &link).unwrap();
        assert!(Journal::open(&link.display().to_string(), &log).is_err());
        let fifo = dir.path().join("workers/worker-0.log.3.journal");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        assert!(Journal::open(&fifo.display().to_string(), &log).is_err());
    }
}
