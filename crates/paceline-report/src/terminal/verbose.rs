//! All output as it comes, each line with its suite's name before it.
//!
//! In plan order only the suite whose turn it is speaks; what the others print is held back, a
//! little of it in memory and the rest in a temporary file.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::lines::name_width;
use super::options::Order;
use super::style::{Role, Theme};
use crate::model::Model;
use crate::sanitize::{self, Styles};

/// How much one suite may have in memory.
const SUITE_MEMORY: usize = 256 * 1024;
/// How much all of them may have in memory.
const TOTAL_MEMORY: usize = 8 * 1024 * 1024;
/// The longest name that other names are padded to.
const NAME_WIDTH: usize = 24;

/// Turns output into lines with names.
pub(super) struct Verbose {
    theme: Theme,
    order: Order,
    name_width: usize,
    voices: Vec<Voice>,
    spool: Spool,
    in_memory: usize,
    /// The suite whose line has not ended yet.
    open_line: Option<usize>,
}

/// What a suite has to say.
#[derive(Default)]
struct Voice {
    /// What is held back: first what is in the file, then what is in memory.
    extents: VecDeque<Extent>,
    held: Vec<u8>,
    /// Whether something could not be held back.
    lost: bool,
    /// Whether what it printed last had no newline.
    mid_line: bool,
    /// Whether a line of it was ended because another suite had something to say.
    interrupted: bool,
}

impl Verbose {
    pub(super) fn new(theme: Theme, order: Order) -> Self {
        Self {
            theme,
            order,
            name_width: 0,
            voices: Vec::new(),
            spool: Spool::default(),
            in_memory: 0,
            open_line: None,
        }
    }

    pub(super) fn run_started(&mut self, model: &Model) {
        self.name_width = name_width(model, NAME_WIDTH);
        self.voices.resize_with(model.suites.len(), Voice::default);
    }

    /// An attempt starts: later ones are marked.
    pub(super) fn attempt_started(
        &mut self,
        model: &Model,
        place: usize,
        attempt: u32,
        to: &mut Vec<u8>,
    ) {
        if attempt > 1 {
            let retries = model
                .suites
                .get(place)
                .map_or(0, |suite| suite.info.retries);
            let attempts = retries.saturating_add(1).max(attempt);
            let mark = format!("--- attempt {attempt} of {attempts} ---\n");
            self.say(model, place, mark.as_bytes(), to);
        }
    }

    /// A suite has printed something.
    pub(super) fn output(&mut self, model: &Model, place: usize, text: &[u8], to: &mut Vec<u8>) {
        let Some((voice, last)) = self.voices.get_mut(place).zip(text.last()) else {
            return;
        };
        voice.mid_line = *last != b'\n';
        self.say(model, place, text, to);
    }

    /// An attempt has ended, and so has its last line.
    pub(super) fn attempt_finished(&mut self, model: &Model, place: usize, to: &mut Vec<u8>) {
        let speaks = self.speaks(model, place);
        let Some(voice) = self.voices.get_mut(place) else {
            return;
        };
        voice.interrupted = false;
        if !std::mem::take(&mut voice.mid_line) {
            return;
        }
        if !speaks {
            self.hold(place, b"\n");
        } else if self.open_line == Some(place) {
            self.open_line = None;
            to.push(b'\n');
        }
    }

    /// Writes a part of what the suite has held back whose turn has come; whether there is more.
    pub(super) fn release_some(&mut self, model: &Model, place: usize, to: &mut Vec<u8>) -> bool {
        let Some(voice) = self.voices.get_mut(place) else {
            return false;
        };
        if let Some(extent) = voice.extents.pop_front() {
            match self.spool.read(extent) {
                Ok(bytes) => self.write(model, place, &bytes, to),
                Err(error) => self.note_loss(model, place, &error.to_string(), to),
            }
            return true;
        }
        let held = std::mem::take(&mut voice.held);
        let lost = std::mem::take(&mut voice.lost);
        self.in_memory -= held.len();
        self.write(model, place, &held, to);
        if lost {
            self.note_loss(model, place, "no room for a temporary file", to);
        }
        if self.voices.iter().all(|voice| voice.extents.is_empty()) {
            self.spool.clear();
        }
        false
    }

    /// Ends a line that is not complete, as something else follows.
    pub(super) fn break_line(&mut self, to: &mut Vec<u8>) {
        if let Some(place) = self.open_line.take() {
            to.push(b'\n');
            if let Some(voice) = self.voices.get_mut(place) {
                voice.interrupted = true;
            }
        }
    }

    fn speaks(&self, model: &Model, place: usize) -> bool {
        self.order == Order::Completion || model.suites_reported == place
    }

    fn say(&mut self, model: &Model, place: usize, text: &[u8], to: &mut Vec<u8>) {
        if self.speaks(model, place) {
            self.write(model, place, text, to);
        } else {
            self.hold(place, text);
        }
    }

    fn hold(&mut self, place: usize, text: &[u8]) {
        let Some(voice) = self.voices.get_mut(place) else {
            return;
        };
        if voice.lost {
            return;
        }
        voice.held.extend_from_slice(text);
        self.in_memory += text.len();
        if voice.held.len() > SUITE_MEMORY || self.in_memory > TOTAL_MEMORY {
            self.in_memory -= voice.held.len();
            match self.spool.append(&voice.held) {
                Ok(extent) => voice.extents.push_back(extent),
                Err(_) => voice.lost = true,
            }
            voice.held = Vec::new();
        }
    }

    fn note_loss(&mut self, model: &Model, place: usize, why: &str, to: &mut Vec<u8>) {
        self.break_line(to);
        let note = format!("output is missing here ({why}); the log has it\n");
        self.write(model, place, note.as_bytes(), to);
    }

    fn write(&mut self, model: &Model, place: usize, text: &[u8], to: &mut Vec<u8>) {
        let Some(suite) = model.suites.get(place) else {
            return;
        };
        let name = format!("{:<width$}", suite.info.name, width = self.name_width);
        let name = self.theme.paint(Role::Name(place), name).to_string();
        let styles = if self.theme.color {
            Styles::Keep
        } else {
            Styles::Strip
        };
        for piece in text.split_inclusive(|&byte| byte == b'\n') {
            if self.open_line != Some(place) {
                self.break_line(to);
                let interrupted = self
                    .voices
                    .get_mut(place)
                    .is_some_and(|voice| std::mem::take(&mut voice.interrupted));
                let gutter = if interrupted {
                    self.theme.continued()
                } else {
                    self.theme.gutter()
                };
                to.extend_from_slice(name.as_bytes());
                to.extend_from_slice(gutter.as_bytes());
            }
            let line = piece.strip_suffix(b"\n");
            let shown = sanitize::line(line.unwrap_or(piece), styles);
            to.extend_from_slice(shown.as_bytes());
            if line.is_some() {
                to.push(b'\n');
                self.open_line = None;
            } else {
                self.open_line = Some(place);
            }
        }
    }
}

/// A part of the temporary file.
#[derive(Clone, Copy, Debug)]
struct Extent {
    at: u64,
    length: usize,
}

/// A temporary file without a name, made when it is needed; one for all suites, as there can be
/// more suites than a process may have files open.
#[derive(Default)]
struct Spool {
    file: Option<File>,
    end: u64,
}

impl Spool {
    fn append(&mut self, bytes: &[u8]) -> io::Result<Extent> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile()?,
        };
        let written = file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| file.write_all(bytes));
        self.file = Some(file);
        written?;
        let extent = Extent {
            at: self.end,
            length: bytes.len(),
        };
        self.end += bytes.len() as u64;
        Ok(extent)
    }

    fn read(&mut self, extent: Extent) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; extent.length];
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(extent.at))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Gives the space back once nothing in it is wanted any more.
    fn clear(&mut self) {
        if self.end > 0 {
            self.file = None;
            self.end = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Keep;
    use crate::test_events::{Script, suite};

    const PLAIN: Theme = Theme {
        color: false,
        unicode: false,
    };

    /// Two suites that run, `b` behind `a`.
    fn two(order: Order) -> (Model, Verbose) {
        let mut script = Script::new(2, vec![suite("a"), suite("b")]);
        script.start("a").start("b");
        let mut model = Model::new(Keep::Notable);
        for event in &script.events {
            model.event(event);
        }
        let mut verbose = Verbose::new(PLAIN, order);
        verbose.run_started(&model);
        (model, verbose)
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_that_another_suite_interrupts_is_ended_and_taken_up_again() {
        let (model, mut verbose) = two(Order::Completion);
        let mut to = Vec::new();
        verbose.output(&model, 0, b"one\nhalf ", &mut to);
        verbose.output(&model, 0, b"a line ", &mut to);
        verbose.output(&model, 1, b"other\n", &mut to);
        verbose.output(&model, 0, b"and its end\nlast", &mut to);
        verbose.attempt_finished(&model, 0, &mut to);
        verbose.output(&model, 1, b"end\n", &mut to);
        assert_eq!(
            text(to),
            "a | one\na | half a line \nb | other\na : and its end\na | last\nb | end\n"
        );
    }

    #[test]
    fn what_is_held_back_comes_whole_and_in_order_through_memory_and_file() {
        let (model, mut verbose) = two(Order::Plan);
        let mut to = Vec::new();
        let mut expected = String::new();
        for i in 0..20_000 {
            let line = format!("line {i} {}\n", "x".repeat(80));
            expected.push_str("b | ");
            expected.push_str(&line);
            verbose.output(&model, 1, line.as_bytes(), &mut to);
            assert!(verbose.in_memory <= SUITE_MEMORY + 100);
        }
        verbose.output(&model, 1, b"no newline", &mut to);
        verbose.attempt_finished(&model, 1, &mut to);
        expected.push_str("b | no newline\n");
        assert!(to.is_empty());
        assert!(verbose.voices[1].extents.len() > 5);
        let mut pieces = 0;
        while verbose.release_some(&model, 1, &mut to) {
            pieces += 1;
        }
        assert!(pieces > 5);
        assert!(text(to) == expected, "all lines are there");
        assert_eq!((verbose.in_memory, verbose.spool.end), (0, 0));
    }

    #[test]
    fn all_suites_together_stay_within_their_memory() {
        let names: Vec<String> = (0..200).map(|i| format!("s{i}")).collect();
        let script = Script::new(2, names.iter().map(|name| suite(name)).collect());
        let mut model = Model::new(Keep::Notable);
        model.event(&script.events[0]);
        let mut verbose = Verbose::new(PLAIN, Order::Plan);
        verbose.run_started(&model);
        let chunk = vec![b'x'; 60 * 1024];
        for place in 1..200 {
            for _ in 0..4 {
                verbose.output(&model, place, &chunk, &mut Vec::new());
                assert!(verbose.in_memory <= TOTAL_MEMORY);
            }
        }
        let total: usize = verbose
            .voices
            .iter()
            .map(|voice| voice.held.len() + voice.extents.iter().map(|e| e.length).sum::<usize>())
            .sum();
        assert_eq!(total, 199 * 4 * chunk.len());
    }

    #[test]
    fn attempts_after_the_first_are_marked() {
        let (model, mut verbose) = two(Order::Plan);
        let mut to = Vec::new();
        verbose.attempt_started(&model, 0, 1, &mut to);
        verbose.output(&model, 0, b"x\n", &mut to);
        verbose.attempt_finished(&model, 0, &mut to);
        verbose.attempt_started(&model, 0, 2, &mut to);
        assert_eq!(text(to), "a | x\na | --- attempt 2 of 2 ---\n");
    }
}
