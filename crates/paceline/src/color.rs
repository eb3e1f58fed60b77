//! `--color`.

use clap::ValueEnum;
use paceline_report::environment::Environment;
use paceline_report::terminal;

/// When to use colors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, and as the environment says
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    /// Whether a stream gets colors; the reporters decide alike.
    pub fn decide(self, environment: &Environment, is_terminal: bool) -> bool {
        terminal::wants_color(self.into(), environment, is_terminal)
    }
}

impl From<ColorChoice> for terminal::ColorChoice {
    fn from(choice: ColorChoice) -> Self {
        match choice {
            ColorChoice::Auto => Self::Auto,
            ColorChoice::Always => Self::Always,
            ColorChoice::Never => Self::Never,
        }
    }
}
