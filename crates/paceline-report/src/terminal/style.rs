//! Whether and how text is coloured, and which glyphs it may use. Colour never carries meaning
//! alone: a word always says the same.

use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::environment::Environment;

/// What the user says about colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// By the environment and where the output goes.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Whether to colour a stream. In order: the choice, `PACELINE_COLOR`, `NO_COLOR`, `FORCE_COLOR`
/// or `CLICOLOR_FORCE`, `CLICOLOR=0`, a program as reader, a terminal, a CI system that shows
/// colours.
pub fn wants_color(choice: ColorChoice, environment: &Environment, is_terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => return true,
        ColorChoice::Never => return false,
        ColorChoice::Auto => {}
    }
    match environment.get("PACELINE_COLOR") {
        Some("always" | "1" | "true") => return true,
        Some("never" | "0" | "false") => return false,
        _ => {}
    }
    if environment.get("NO_COLOR").is_some() {
        return false;
    }
    if let Some(force) = environment.get("FORCE_COLOR") {
        return force != "0" && force != "false";
    }
    if environment.is_on("CLICOLOR_FORCE") {
        return true;
    }
    if environment.get("CLICOLOR") == Some("0") || environment.is_agent() {
        return false;
    }
    if environment.get("TERM") == Some("dumb") {
        return false;
    }
    let shows_colors = ["GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE"];
    is_terminal || shows_colors.iter().any(|name| environment.is_on(name))
}

/// Whether the locale says that glyphs beyond ASCII can be shown.
pub fn wants_unicode(environment: &Environment) -> bool {
    if environment.get("TERM") == Some("linux") {
        return false;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| environment.get(name));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// How to draw on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Theme {
    pub(crate) color: bool,
    pub(crate) unicode: bool,
}

/// What a piece of text is, not how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Good,
    Bad,
    Note,
    Strong,
    Dim,
    /// The name of the suite at this place of the plan.
    Name(usize),
    Plain,
}

impl Theme {
    /// Text in its role's style; formatting parameters apply to the text.
    pub(crate) fn paint<T: fmt::Display>(self, role: Role, text: T) -> Painted<T> {
        let style = if self.color {
            style(role)
        } else {
            Style::new()
        };
        Painted { style, text }
    }

    pub(crate) fn rule(self, width: usize) -> String {
        if self.unicode { "─" } else { "-" }.repeat(width)
    }

    pub(crate) fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// Between a suite's name and what it printed.
    pub(crate) fn gutter(self) -> &'static str {
        if self.unicode { " │ " } else { " | " }
    }

    /// Before the rest of a line that had to be interrupted.
    pub(crate) fn continued(self) -> &'static str {
        if self.unicode { " ┊ " } else { " : " }
    }

    /// A bar of this many columns, `done` between 0 and 1.
    pub(crate) fn bar(self, width: usize, done: f64) -> String {
        const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
        let done = done.clamp(0.0, 1.0);
        if self.unicode {
            let eighths = (done * width as f64 * 8.0).floor() as usize;
            let partial = EIGHTHS.get(eighths % 8).copied().unwrap_or_default();
            let filled = eighths / 8 + usize::from(!partial.is_empty());
            let rest = " ".repeat(width.saturating_sub(filled));
            format!("{}{partial}{rest}", "█".repeat(eighths / 8))
        } else {
            let inner = width.saturating_sub(2);
            let filled = (done * inner as f64).floor() as usize;
            let head = if filled < inner && filled > 0 {
                ">"
            } else {
                ""
            };
            let full = "=".repeat(filled - head.len());
            let rest = " ".repeat(inner - filled);
            format!("[{full}{head}{rest}]")
        }
    }
}

fn style(role: Role) -> Style {
    // The 16 colours that users set themselves, and none of the rest.
    const NAMES: [AnsiColor; 6] = [
        AnsiColor::Cyan,
        AnsiColor::Magenta,
        AnsiColor::Blue,
        AnsiColor::Green,
        AnsiColor::BrightCyan,
        AnsiColor::BrightMagenta,
    ];
    let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    match role {
        Role::Good => color(AnsiColor::Green).bold(),
        Role::Bad => color(AnsiColor::Red).bold(),
        Role::Note => color(AnsiColor::Yellow).bold(),
        Role::Strong => Style::new().bold(),
        Role::Dim => Style::new().dimmed(),
        Role::Name(place) => color(
            NAMES
                .get(place % NAMES.len())
                .copied()
                .unwrap_or(AnsiColor::Cyan),
        ),
        Role::Plain => Style::new(),
    }
}

/// See [`Theme::paint`].
pub(crate) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.style)?;
        self.text.fmt(f)?;
        write!(f, "{:#}", self.style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto<const N: usize>(variables: [(&str, &str); N], is_terminal: bool) -> bool {
        wants_color(
            ColorChoice::Auto,
            &variables.into_iter().collect(),
            is_terminal,
        )
    }

    #[test]
    fn color_follows_the_first_that_has_a_say() {
        let no_color: Environment = [("NO_COLOR", "1")].into_iter().collect();
        assert!(wants_color(ColorChoice::Always, &no_color, false));
        assert!(!wants_color(
            ColorChoice::Never,
            &Environment::default(),
            true
        ));

        assert!(auto(
            [("PACELINE_COLOR", "always"), ("NO_COLOR", "1")],
            false
        ));
        assert!(!auto(
            [("PACELINE_COLOR", "never"), ("FORCE_COLOR", "1")],
            true
        ));
        assert!(!auto([("NO_COLOR", "1"), ("FORCE_COLOR", "1")], true));
        assert!(auto([("NO_COLOR", ""), ("FORCE_COLOR", "1")], false));
        assert!(!auto([("FORCE_COLOR", "0")], true));
        assert!(auto([("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], false));
        assert!(!auto([("CLICOLOR", "0")], true));
        assert!(!auto([("AGENT", "1")], true));
        assert!(auto([], true));
        assert!(!auto([("TERM", "dumb")], true));
        assert!(!auto([], false));
        assert!(auto([("GITHUB_ACTIONS", "true")], false));
        assert!(!auto([("CI", "true")], false));
    }

    #[test]
    fn unicode_follows_the_locale() {
        let wants = |name, value| wants_unicode(&[(name, value)].into_iter().collect());
        assert!(wants("LANG", "C.UTF-8"));
        assert!(wants("LC_ALL", "de_DE.utf8"));
        assert!(!wants("LANG", "C"));
        let overridden = [("LC_ALL", "C"), ("LANG", "C.UTF-8")].into_iter().collect();
        assert!(!wants_unicode(&overridden));
        assert!(!wants_unicode(&Environment::default()));
    }

    #[test]
    fn bars_have_their_width_at_every_value() {
        for unicode in [true, false] {
            let theme = Theme {
                color: false,
                unicode,
            };
            for width in [2, 3, 10, 24] {
                for step in 0..=100 {
                    let bar = theme.bar(width, f64::from(step) / 100.0);
                    assert_eq!(bar.chars().count(), width, "{bar:?}");
                }
            }
        }
        let theme = Theme {
            color: false,
            unicode: true,
        };
        assert_eq!(theme.bar(4, 0.40625), "█▋  ");
        let theme = Theme {
            color: false,
            unicode: false,
        };
        assert_eq!(theme.bar(10, 0.5), "[===>    ]");
    }

    #[test]
    fn nothing_is_written_around_text_without_color() {
        let theme = Theme {
            color: false,
            unicode: false,
        };
        assert_eq!(format!("{:>6}|", theme.paint(Role::Bad, "FAIL")), "  FAIL|");
        let theme = Theme {
            color: true,
            unicode: false,
        };
        assert_eq!(
            format!("{:>6}|", theme.paint(Role::Bad, "FAIL")),
            "\u{1b}[1m\u{1b}[31m  FAIL\u{1b}[0m|"
        );
    }
}
