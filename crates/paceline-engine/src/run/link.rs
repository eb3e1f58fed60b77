//! A connection of a host or worker: what is read from it, by a thread of its own, and written to it.

use std::io::BufReader;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use paceline_protocol::framing::{FramingError, read_line};
use paceline_protocol::transport::Stream;
use paceline_protocol::{FromWorker, ToWorker};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

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
    Opened(LinkId, Stream),
    Message(LinkId, FromWorker),
    /// The peer said something that is no message; nothing more will be read.
    Broken(LinkId, String),
    Closed(LinkId),
}

/// The writing end of a connection.
pub(crate) struct Link {
    stream: Stream,
}

impl Link {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream }
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
        tell(LinkEvent::Opened(id, writing));
        let mut reader = Reader {
            stream: BufReader::with_capacity(64 * 1024, stream),
            journal: None,
            look_at: None,
            line: Vec::new(),
        };
        match reader.read(&mut |message| tell(LinkEvent::Message(id, message))) {
            Ok(()) => tell(LinkEvent::Closed(id)),
            Err(what) => tell(LinkEvent::Broken(id, what)),
        }
    });
}

/// The reading end of a connection, and of the journal beside it.
struct Reader {
    stream: BufReader<Stream>,
    journal: Option<Journal>,
    /// When to look at the journal without being told.
    look_at: Option<Instant>,
    line: Vec<u8>,
}

impl Reader {
    /// Reads messages until there will be none. Fails with what the peer said that is no message.
    fn read(&mut self, tell: &mut impl FnMut(FromWorker)) -> Result<(), String> {
        while self.step(tell)? {}
        self.read_journal(tell)
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
        match parse(&self.line)? {
            FromWorker::Journal(grown) if self.journal.is_some() => {
                self.read_journal(tell)?;
                if let (true, Some(journal)) = (grown.next, &mut self.journal) {
                    journal.next_file().map_err(|error| error.to_string())?;
                    self.read_journal(tell)?;
                }
                self.look_at = Some(Instant::now() + LOOK_AGAIN);
            }
            FromWorker::Hello(hello) => {
                if let (None, Some(file)) = (&self.journal, &hello.journal) {
                    let journal = Journal::open(file).map_err(|error| error.to_string())?;
                    self.journal = Some(journal);
                }
                tell(FromWorker::Hello(hello));
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
        let left = at.saturating_duration_since(Instant::now());
        // Interrupted, or not to be polled: reading will tell.
        Timespec::try_from(left).map_or(true, |left| {
            let mut waited = [PollFd::new(stream, PollFlags::IN)];
            poll(&mut waited, Some(&left)) != Ok(0)
        })
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
    use std::path::Path;
    use std::sync::mpsc::{Receiver, channel};

    use paceline_protocol::transport::{Listener, Transport, connect};

    use super::*;

    /// A peer with a journal, and what the engine reads of it.
    struct Peer {
        dir: tempfile::TempDir,
        stream: Option<Stream>,
        heard: Receiver<LinkEvent>,
    }

    impl Peer {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let (listener, address) = Listener::bind(Transport::Auto, dir.path()).unwrap();
            let mut stream = connect(&address).unwrap();
            let (sender, heard) = channel();
            serve(
                LinkId::of(0),
                listener.accept().unwrap(),
                Arc::default(),
                move |event| {
                    let _ = sender.send(event);
                },
            );
            let journal = dir.path().join("worker.journal");
            fs::write(&journal, "").unwrap();
            writeln!(
                stream,
                r#"{{"kind":"hello","protocol":1,"token":"t","role":"worker","worker":0,"pid":1,"journal":"{}"}}"#,
                journal.display()
            )
            .unwrap();
            let peer = Self {
                dir,
                stream: Some(stream),
                heard,
            };
            assert_eq!(peer.hear(), "opened");
            assert_eq!(peer.hear(), "hello");
            peer
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
                LinkEvent::Message(_, FromWorker::Hello(_)) => "hello".to_owned(),
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
            journal: Some(Journal::open(&file.display().to_string()).unwrap()),
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
    fn only_a_journal_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let precious = dir.path().join("precious.txt");
        fs::write(&precious, "").unwrap();
        assert!(Journal::open(&precious.display().to_string()).is_err());
        assert!(Path::new(&precious).exists());
    }
}
