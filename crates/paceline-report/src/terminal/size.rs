//! How large the terminal is.

use crate::environment::Environment;

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// The size of the terminal that standard error is connected to, or else standard output.
#[cfg(unix)]
pub(crate) fn of_process() -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stderr())
        .or_else(|_| rustix::termios::tcgetwinsize(rustix::stdio::stdout()))
        .ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some(Size {
        columns: size.ws_col,
        rows: size.ws_row,
    })
}

/// Not known here: lines get their default width.
#[cfg(not(unix))]
pub(crate) fn of_process() -> Option<Size> {
    None
}

/// The size that `PACELINE_FORCE_TTY` pretends, as `120x40`.
pub(crate) fn forced(environment: &Environment) -> Option<Size> {
    let (columns, rows) = environment.get("PACELINE_FORCE_TTY")?.split_once('x')?;
    Some(Size {
        columns: columns.parse().ok().filter(|&columns| columns > 0)?,
        rows: rows.parse().ok().filter(|&rows| rows > 0)?,
    })
}

/// The width of a line of text: `COLUMNS`, the terminal's, or else 100, 80 in CI.
pub(crate) fn text_width(environment: &Environment, terminal: Option<Size>) -> usize {
    known_width(environment, terminal).unwrap_or(if environment.is_ci() { 80 } else { 100 })
}

/// The width that lines have to fit into: `COLUMNS`, or the terminal's.
pub(crate) fn known_width(environment: &Environment, terminal: Option<Size>) -> Option<usize> {
    let columns = environment
        .get("COLUMNS")
        .and_then(|columns| columns.parse().ok());
    let columns = columns.filter(|&columns| columns > 0);
    columns.or(terminal.map(|size| usize::from(size.columns)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_comes_from_columns_the_terminal_or_a_default() {
        let of = |variables: &[(&str, &str)], terminal| {
            text_width(&variables.iter().copied().collect(), terminal)
        };
        let terminal = Some(Size {
            columns: 132,
            rows: 40,
        });
        assert_eq!(of(&[("COLUMNS", "90")], terminal), 90);
        assert_eq!(of(&[("COLUMNS", "0")], terminal), 132);
        assert_eq!(of(&[], None), 100);
        assert_eq!(of(&[("CI", "1")], None), 80);
    }

    #[test]
    fn a_forced_size_has_two_positive_numbers() {
        let of = |value| forced(&[("PACELINE_FORCE_TTY", value)].into_iter().collect());
        assert_eq!(
            of("120x40"),
            Some(Size {
                columns: 120,
                rows: 40
            })
        );
        for wrong in ["", "1", "120", "0x40", "120x", "axb"] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }
}
