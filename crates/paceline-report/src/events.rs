//! The events of a run as NDJSON: one JSON object a line. `docs/events.md` documents them.

use std::fs::{self, File};
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Duration;

use paceline_engine::event::{EVENT_FORMAT_VERSION, Event};
use schemars::Schema;
use serde::Deserialize;
use thiserror::Error;

use crate::reporter::{Destination, ReportError, Reporter};

/// How much is gathered before it is written without waiting for the next tick.
const FLUSH_AT: usize = 64 * 1024;

/// Writes each event as a line.
///
/// Lines are written when 64 KiB have gathered, on every tick and at the end: a crash of the machine
/// or of paceline loses at most what happened since the last tick.
pub struct EventWriter {
    to: Destination,
    writer: Box<dyn Write + Send>,
    buffer: Vec<u8>,
}

impl EventWriter {
    /// Writes to a new file, in place of one that is there, and makes the directories above it.
    pub fn to_file(path: &Path) -> Result<Self, ReportError> {
        let to = Destination::File(path.to_owned());
        let created = match (File::create(path), path.parent()) {
            (Err(error), Some(dir)) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(dir).and_then(|()| File::create(path))
            }
            (created, _) => created,
        };
        match created {
            Ok(file) => Ok(Self::new(to, Box::new(file))),
            Err(source) => Err(ReportError::new(to, source)),
        }
    }

    /// Writes to anything; `to` is what error messages call it.
    pub fn new(to: Destination, writer: Box<dyn Write + Send>) -> Self {
        Self {
            to,
            writer,
            buffer: Vec::with_capacity(FLUSH_AT),
        }
    }

    fn flush(&mut self) -> Result<(), ReportError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self
            .writer
            .write_all(&self.buffer)
            .and_then(|()| self.writer.flush());
        // What could not be written now would not be complete later either.
        self.buffer.clear();
        written.map_err(|source| ReportError::new(self.to.clone(), source))
    }
}

impl Reporter for EventWriter {
    fn event(&mut self, event: &Event) -> Result<(), ReportError> {
        serde_json::to_writer(&mut self.buffer, event)
            .map_err(|error| ReportError::new(self.to.clone(), error.into()))?;
        self.buffer.push(b'\n');
        if self.buffer.len() >= FLUSH_AT {
            self.flush()?;
        }
        Ok(())
    }

    fn tick(&mut self, _at: Duration) -> Result<(), ReportError> {
        self.flush()
    }

    fn finish(&mut self) -> Result<(), ReportError> {
        self.flush()
    }
}

impl Drop for EventWriter {
    fn drop(&mut self) {
        // The last chance when a panic unwinds; there is nobody left to tell of an error.
        let _ = self.flush();
    }
}

/// The JSON Schema of one line.
pub fn json_schema() -> Schema {
    let mut schema = schemars::schema_for!(Event);
    schema.insert("title".to_owned(), "An event of a paceline run".into());
    schema
}

/// A record of events that cannot be read.
#[derive(Debug, Error)]
pub enum EventReadError {
    /// The record could not be read.
    #[error("cannot read the events after line {line}: {source}")]
    Io {
        /// The last line that was read, from 1.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// A line that is not an event.
    #[error("line {line} is not an event: {source}")]
    Malformed {
        /// Counted from 1.
        line: u64,
        /// Why.
        source: serde_json::Error,
    },
    /// Events of a version that this paceline does not know.
    #[error(
        "line {line} has event format {version}, and only up to {EVENT_FORMAT_VERSION} is known"
    )]
    Version {
        /// Counted from 1.
        line: u64,
        /// What the line says.
        version: u32,
    },
}

/// Reads events back that an [`EventWriter`] wrote.
///
/// A last line that was cut off is left out, as the record of a run that was killed has one; so are
/// events of kinds that are not known, as a newer paceline of the same format may have written them.
pub fn read<R: BufRead>(record: R) -> impl Iterator<Item = Result<Event, EventReadError>> {
    Reader {
        record,
        line: 0,
        buffer: Vec::new(),
        done: false,
    }
}

struct Reader<R> {
    record: R,
    line: u64,
    buffer: Vec<u8>,
    done: bool,
}

/// What every event has, whatever its kind.
#[derive(Deserialize)]
struct Head {
    v: u32,
    kind: String,
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event, EventReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.done {
            self.buffer.clear();
            match self.record.read_until(b'\n', &mut self.buffer) {
                Ok(0) => self.done = true,
                Ok(_) => {
                    self.line += 1;
                    let result = self.parse();
                    if result.is_some() {
                        return result;
                    }
                }
                Err(source) => {
                    self.done = true;
                    return Some(Err(EventReadError::Io {
                        line: self.line,
                        source,
                    }));
                }
            }
        }
        None
    }
}

impl<R> Reader<R> {
    /// The event of the line in the buffer, unless it is to be left out.
    fn parse(&self) -> Option<Result<Event, EventReadError>> {
        let line = self.line;
        if self.buffer.trim_ascii().is_empty() {
            return None;
        }
        let head = match serde_json::from_slice::<Head>(&self.buffer) {
            Ok(head) => head,
            Err(_) if self.buffer.last() != Some(&b'\n') => return None,
            Err(source) => return Some(Err(EventReadError::Malformed { line, source })),
        };
        if head.v > EVENT_FORMAT_VERSION {
            let version = head.v;
            return Some(Err(EventReadError::Version { line, version }));
        }
        if !KINDS.contains(&head.kind.as_str()) {
            return None;
        }
        let event = serde_json::from_slice(&self.buffer);
        Some(event.map_err(|source| EventReadError::Malformed { line, source }))
    }
}

/// Every value of `kind` that this version knows; a test compares it with the schema.
const KINDS: [&str; 15] = [
    "run-started",
    "suite-started",
    "attempt-started",
    "output",
    "attempt-finished",
    "unit-collected",
    "test-finished",
    "unit-reported",
    "test-warning",
    "suite-note",
    "suite-finished",
    "suite-reported",
    "stopping",
    "warning",
    "run-finished",
];

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;
    use crate::test_events::{SharedBuffer, every_kind};

    fn written(events: &[Event]) -> String {
        let buffer = SharedBuffer::default();
        let mut writer = EventWriter::new(Destination::Stdout, Box::new(buffer.clone()));
        for event in events {
            writer.event(event).unwrap();
        }
        writer.finish().unwrap();
        buffer.text()
    }

    #[test]
    fn kinds_are_those_of_the_schema() {
        let schema = serde_json::to_value(json_schema()).unwrap();
        let kinds: Vec<&str> = schema["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .map(|kind| kind["properties"]["kind"]["const"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, KINDS);
    }

    #[test]
    fn every_line_matches_the_schema_and_reads_back_as_it_was() {
        let events = every_kind();
        let text = written(&events);
        let schema = serde_json::to_value(json_schema()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&value)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{line}\n{errors:?}");
        }
        let back: Vec<Event> = read(text.as_bytes()).map(Result::unwrap).collect();
        assert_eq!(written(&back), text);
        let mut kinds: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<Head>(line).unwrap().kind)
            .collect();
        kinds.sort();
        kinds.dedup();
        let mut expected = KINDS.map(str::to_owned);
        expected.sort();
        assert_eq!(kinds, expected, "the example has every kind");
    }

    #[test]
    fn the_schema_refuses_what_is_no_event() {
        let schema = serde_json::to_value(json_schema()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let line = written(&every_kind()[..1]);
        let good: Value = serde_json::from_str(&line).unwrap();
        assert!(validator.is_valid(&good));
        for (field, value) in [
            ("seq", Value::Null),
            ("kind", "lunch".into()),
            ("jobs", "two".into()),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            assert!(!validator.is_valid(&bad), "{field}");
        }
    }

    #[test]
    fn a_cut_last_line_and_unknown_kinds_are_left_out() {
        let text = written(&every_kind()[..2]);
        let unknown = "{\"v\":1,\"seq\":9,\"at\":1.0,\"kind\":\"tea-break\"}\n";
        let cut = &text[..text.len() - 5];
        let record = format!("{unknown}\n{cut}");
        assert_eq!(read(record.as_bytes()).map(Result::unwrap).count(), 1);
    }

    #[test]
    fn a_broken_line_elsewhere_is_an_error_that_names_it() {
        let text = written(&every_kind()[..1]);
        let record = format!("{text}{{\"v\":1,\n{text}");
        let results: Vec<_> = read(record.as_bytes()).collect();
        assert_eq!(results.len(), 3);
        let error = results[1].as_ref().unwrap_err().to_string();
        assert!(error.starts_with("line 2 is not an event: "), "{error}");
        assert!(results[2].is_ok());
    }

    #[test]
    fn a_newer_format_is_refused() {
        let record = "{\"v\":2,\"seq\":0,\"at\":0.0,\"kind\":\"run-started\"}\n";
        let error = read(record.as_bytes()).next().unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 1 has event format 2, and only up to 1 is known"
        );
    }

    /// Notes the size of each write.
    #[derive(Clone, Default)]
    struct Writes(Arc<Mutex<Vec<usize>>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn writes_on_ticks_and_when_much_has_gathered_but_not_for_each_event() {
        let writes = Writes::default();
        let mut writer = EventWriter::new(Destination::Stdout, Box::new(writes.clone()));
        let events = every_kind();
        writer.event(&events[0]).unwrap();
        writer.event(&events[1]).unwrap();
        assert!(writes.0.lock().unwrap().is_empty());
        writer.tick(Duration::from_millis(100)).unwrap();
        assert_eq!(writes.0.lock().unwrap().len(), 1);
        writer.tick(Duration::from_millis(200)).unwrap();
        assert_eq!(writes.0.lock().unwrap().len(), 1);
        for _ in 0..10_000 {
            writer.event(&events[1]).unwrap();
        }
        drop(writer);
        let sizes = writes.0.lock().unwrap().clone();
        assert!(
            sizes[1..sizes.len() - 1]
                .iter()
                .all(|&size| size >= FLUSH_AT),
            "{sizes:?}"
        );
    }

    #[test]
    fn a_closed_pipe_is_told_apart() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writer = EventWriter::new(Destination::Stdout, Box::new(Closed));
        writer.event(&every_kind()[0]).unwrap();
        assert!(writer.finish().unwrap_err().is_closed_pipe());
        writer.finish().unwrap();
    }
}
