//! Lines of bounded length.

use std::io::{self, BufRead};

use thiserror::Error;

/// The longest line, its newline included, in bytes.
pub const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// Why no line could be read.
#[derive(Debug, Error)]
pub enum FramingError {
    /// The connection broke.
    #[error("reading from the connection: {0}")]
    Io(#[from] io::Error),
    /// The peer sent more than a line may hold.
    #[error("a line of more than {LONGEST_LINE} bytes")]
    TooLong,
    /// The connection was closed in the middle of a line.
    #[error("the connection was closed in the middle of a line")]
    CutOff,
    /// The line is no UTF-8.
    #[error("a line that is not UTF-8")]
    NotUtf8,
}

/// Reads the next line into `line`, without its newline; `false` at the end.
///
/// `line` is emptied first, and keeps its memory from call to call.
pub fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, FramingError> {
    line.clear();
    loop {
        let available = match from.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        if available.is_empty() {
            return if line.is_empty() {
                Ok(false)
            } else {
                Err(FramingError::CutOff)
            };
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(available.len(), |end| end + 1);
        if line.len() + taken > LONGEST_LINE {
            return Err(FramingError::TooLong);
        }
        line.extend_from_slice(&available[..end.unwrap_or(taken)]);
        from.consume(taken);
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn lines(bytes: &[u8]) -> Result<Vec<String>, FramingError> {
        // A small buffer, so that lines come in pieces.
        let mut reader = BufReader::with_capacity(3, bytes);
        let mut line = Vec::new();
        let mut found = Vec::new();
        while read_line(&mut reader, &mut line)? {
            found.push(String::from_utf8_lossy(&line).into_owned());
        }
        Ok(found)
    }

    #[test]
    fn lines_come_whole_however_they_arrive() {
        assert_eq!(
            lines(b"one\n\ntwo and more\n").unwrap(),
            ["one", "", "two and more"]
        );
    }

    #[test]
    fn a_line_that_is_cut_off_is_an_error() {
        assert!(matches!(lines(b"one\ntw"), Err(FramingError::CutOff)));
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        let mut longest = vec![b'x'; LONGEST_LINE - 1];
        longest.push(b'\n');
        let mut line = Vec::new();
        assert!(read_line(&mut BufReader::new(&longest[..]), &mut line).unwrap());
        longest.insert(0, b'x');
        let error = read_line(&mut BufReader::new(&longest[..]), &mut line);
        assert!(matches!(error, Err(FramingError::TooLong)));
    }
}
