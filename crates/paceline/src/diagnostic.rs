//! Messages about what is wrong, with the place in the file underlined.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::renderer::{DEFAULT_TERM_WIDTH, DecorStyle};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A text that diagnostics point into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What messages call it: its path as a user would write it.
    pub name: String,
    /// All of it.
    pub text: Arc<str>,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, in lower case, without a full stop.
    pub title: String,
    /// The places it is about. The first is the primary one.
    pub labels: Vec<Label>,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Vec<String>,
}

/// A place in the source, and what is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Bytes of the source.
    pub span: Range<usize>,
    /// What is to say; may be empty.
    pub text: String,
}

/// How diagnostics look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// With ANSI colors.
    pub color: bool,
    /// With line-drawing characters in place of ASCII.
    pub unicode: bool,
    /// Columns to fit in; `None` where there is no terminal.
    pub width: Option<usize>,
}

impl Diagnostic {
    /// A mistake without a place.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Makes a diagnostic of an error message: lines that begin with `help: ` become help.
    pub fn from_message(message: &str) -> Self {
        let mut lines = message.lines();
        let mut diagnostic = Self::new(lines.next().unwrap_or_default());
        for line in lines {
            match line.strip_prefix("help: ") {
                Some(help) => diagnostic.help.push(help.to_owned()),
                None => diagnostic.notes.push(line.to_owned()),
            }
        }
        diagnostic
    }

    /// Adds a place. The first that is added is the primary one.
    #[must_use]
    pub fn label(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds what to do, where something is known.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help.extend(help);
        self
    }

    /// The message as an error, as rustc would print it; ends with a line break.
    pub fn render(&self, source: Option<&Source>, look: Look) -> String {
        self.render_as(Level::ERROR, source, look)
    }

    /// The message as a warning; ends with a line break.
    pub fn render_warning(&self, source: Option<&Source>, look: Look) -> String {
        self.render_as(Level::WARNING, source, look)
    }

    fn render_as(&self, level: Level<'static>, source: Option<&Source>, look: Look) -> String {
        let renderer = look.renderer();
        let title = level.primary_title(self.title.as_str());
        let notes = self.notes.iter().map(|note| (Level::NOTE, note));
        let help = self.help.iter().map(|help| (Level::HELP, help));
        let messages = notes.chain(help);
        let placed = source.filter(|_| !self.labels.is_empty());
        let Some(source) = placed else {
            // Without a snippet there is no gutter for `= help:` to hang on.
            let mut text = renderer.render(&[Group::with_title(title)]);
            text.push('\n');
            for (level, message) in messages {
                let title = level.secondary_title(message.as_str());
                text.push_str(&renderer.render(&[Group::with_title(title)]));
                text.push('\n');
            }
            return text;
        };
        let mut snippet = Snippet::source(&*source.text).path(source.name.as_str());
        for (index, label) in self.labels.iter().enumerate() {
            let kind = match index {
                0 => AnnotationKind::Primary,
                _ => AnnotationKind::Context,
            };
            let mut annotation = kind.span(clamp(&label.span, &source.text));
            if !label.text.is_empty() {
                annotation = annotation.label(label.text.as_str());
            }
            snippet = snippet.annotation(annotation);
        }
        let mut group = title.element(snippet);
        for (level, message) in messages {
            group = group.element(level.message(message.as_str()));
        }
        let mut text = renderer.render(&[group]);
        text.push('\n');
        text
    }
}

impl Look {
    fn renderer(self) -> Renderer {
        let renderer = if self.color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let decor = if self.unicode {
            DecorStyle::Unicode
        } else {
            DecorStyle::Ascii
        };
        renderer
            .decor_style(decor)
            .term_width(self.width.unwrap_or(DEFAULT_TERM_WIDTH))
    }
}

/// Several mistakes in one text.
pub(crate) fn render_all(
    diagnostics: &[Diagnostic],
    source: Option<&Source>,
    look: Look,
) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&diagnostic.render(source, look));
        if diagnostics.len() > 1 {
            text.push('\n');
        }
    }
    if diagnostics.len() > 1 {
        let place = source.map_or(String::new(), |source| format!(" in {}", source.name));
        let summary = Diagnostic::new(format!("{} mistakes{place}", diagnostics.len()));
        // Writing to a string cannot fail.
        let _ = write!(text, "{}", summary.render(None, look));
    }
    text
}

/// A span that lies within the text, on character boundaries, and covers something where it can.
fn clamp(span: &Range<usize>, text: &str) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        Source {
            name: "paceline.toml".into(),
            text: "jobs = 0\n[suite.a]\ntimuot = \"2m\"\n".into(),
        }
    }

    #[test]
    fn a_message_with_help_is_taken_apart() {
        let diagnostic = Diagnostic::from_message("bad\nhelp: do better\nsince ever");
        let expected = Diagnostic::new("bad").help("do better").note("since ever");
        assert_eq!(diagnostic, expected);
    }

    #[test]
    fn underlines_in_ascii_unicode_and_color() {
        let diagnostic = Diagnostic::new("unknown key `timuot`")
            .label(19..25, "not a key of a suite")
            .help("did you mean `timeout`?");
        let ascii = diagnostic.render(Some(&source()), Look::default());
        insta::assert_snapshot!(ascii, @r#"
        error: unknown key `timuot`
         --> paceline.toml:3:1
          |
        3 | timuot = "2m"
          | ^^^^^^ not a key of a suite
          |
          = help: did you mean `timeout`?
        "#);
        let unicode = Look {
            unicode: true,
            ..Look::default()
        };
        insta::assert_snapshot!(diagnostic.render(Some(&source()), unicode), @r#"
        error: unknown key `timuot`
          ╭▸ paceline.toml:3:1
          │
        3 │ timuot = "2m"
          │ ━━━━━━ not a key of a suite
          │
          ╰ help: did you mean `timeout`?
        "#);
        let color = Look {
            color: true,
            ..Look::default()
        };
        let colored = diagnostic.render(Some(&source()), color);
        insta::assert_snapshot!(colored.replace('\u{1b}', "ESC"), @r#"
        ESC[1mESC[91merrorESC[0mESC[1m: unknown key `timuot`ESC[0m
         ESC[1mESC[94m--> ESC[0mpaceline.toml:3:1
          ESC[1mESC[94m|ESC[0m
        ESC[1mESC[94m3ESC[0m ESC[1mESC[94m|ESC[0m timuot = "2m"
          ESC[1mESC[94m|ESC[0m ESC[1mESC[91m^^^^^^ESC[0m ESC[1mESC[91mnot a key of a suiteESC[0m
          ESC[1mESC[94m|ESC[0m
          ESC[1mESC[94m= ESC[0mESC[1mhelpESC[0m: did you mean `timeout`?
        "#);
    }

    #[test]
    fn a_message_without_a_place_has_no_gutter() {
        let diagnostic = Diagnostic::new("no suite is called `x`").help("see `paceline list`");
        insta::assert_snapshot!(diagnostic.render(None, Look::default()), @"
        error: no suite is called `x`
        help: see `paceline list`
        ");
    }

    #[test]
    fn spans_that_do_not_fit_the_text_are_cut() {
        let source = Source {
            name: "f".into(),
            text: "ä".into(),
        };
        let diagnostic = Diagnostic::new("odd").label(1..99, "here");
        assert!(
            diagnostic
                .render(Some(&source), Look::default())
                .contains("here")
        );
    }
}
