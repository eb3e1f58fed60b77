//! Whether a stream gets colors.

use std::ffi::OsString;

use clap::ValueEnum;

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
    /// Whether a stream gets colors, given the environment and whether the stream is a terminal.
    ///
    /// The first that speaks decides: the option, `PACELINE_COLOR` (`always`, `never`, `auto`),
    /// `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR=0`, the terminal, and at last the CI
    /// systems whose logs show colors.
    pub fn decide(self, variable: impl Fn(&str) -> Option<OsString>, is_terminal: bool) -> bool {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let off = |value: &OsString| value == "0" || value == "false";
        match self {
            Self::Always => return true,
            Self::Never => return false,
            Self::Auto => {}
        }
        match set("PACELINE_COLOR") {
            Some(value) if value == "always" => return true,
            Some(value) if value == "never" => return false,
            _ => {}
        }
        if set("NO_COLOR").is_some() {
            return false;
        }
        for name in ["FORCE_COLOR", "CLICOLOR_FORCE"] {
            if let Some(value) = set(name) {
                return !off(&value);
            }
        }
        if set("CLICOLOR").is_some_and(|value| off(&value)) {
            return false;
        }
        if is_terminal {
            return set("TERM").is_none_or(|term| term != "dumb");
        }
        ["GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE"]
            .iter()
            .any(|name| set(name).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(choice: ColorChoice, variables: &[(&str, &str)], is_terminal: bool) -> bool {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name);
        choice.decide(|name| find(name).map(|(_, v)| v.into()), is_terminal)
    }

    #[test]
    fn the_option_wins_over_everything() {
        assert!(decide(ColorChoice::Always, &[("NO_COLOR", "1")], false));
        assert!(!decide(ColorChoice::Never, &[("FORCE_COLOR", "1")], true));
    }

    #[test]
    fn the_environment_decides_in_this_order() {
        let auto = |variables: &[(&str, &str)], tty| decide(ColorChoice::Auto, variables, tty);
        assert!(auto(&[], true));
        assert!(!auto(&[], false));
        assert!(auto(
            &[("PACELINE_COLOR", "always"), ("NO_COLOR", "1")],
            false
        ));
        assert!(!auto(&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], true));
        assert!(auto(&[("NO_COLOR", "")], true));
        assert!(auto(&[("FORCE_COLOR", "1")], false));
        assert!(!auto(&[("FORCE_COLOR", "0")], true));
        assert!(!auto(&[("CLICOLOR", "0")], true));
        assert!(!auto(&[("TERM", "dumb")], true));
        assert!(auto(&[("GITHUB_ACTIONS", "true")], false));
    }
}
