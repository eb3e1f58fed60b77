//! Environment variables, read once at the edge so that nothing inside depends on the machine.

use std::collections::BTreeMap;

/// The environment variables of the process, or what a test says they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The variables of this process. Names and values that are not Unicode are left out: none that
    /// a reporter looks for is meant to have them.
    pub fn from_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables }
    }

    /// The value of a variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name)?;
        (!value.is_empty()).then_some(value.as_str())
    }

    /// Whether a switch is on: set, not empty, and neither `0` nor `false`.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value != "0" && value != "false")
    }

    /// Whether a continuous integration system says that it runs this.
    pub fn is_ci(&self) -> bool {
        [
            "CI",
            "GITHUB_ACTIONS",
            "GITLAB_CI",
            "BUILDKITE",
            "TF_BUILD",
            "TEAMCITY_VERSION",
        ]
        .iter()
        .any(|name| self.is_on(name))
    }

    /// Whether this runs in GitHub Actions, or in Forgejo or Gitea, which say the same.
    pub fn is_github(&self) -> bool {
        self.is_on("GITHUB_ACTIONS")
    }

    /// Whether this runs in GitLab CI.
    pub fn is_gitlab(&self) -> bool {
        self.is_on("GITLAB_CI")
    }

    /// Whether the reader is a program that works with the text, by the variables such programs
    /// set. `PACELINE_OUTPUT=human` says that it is not, `PACELINE_OUTPUT=agent` that it is.
    pub fn is_agent(&self) -> bool {
        const AGENTS: [&str; 13] = [
            "AI_AGENT",
            "AGENT",
            "CLAUDECODE",
            "CLAUDE_CODE",
            "REPL_ID",
            "GEMINI_CLI",
            "CODEX_SANDBOX",
            "CODEX_THREAD_ID",
            "OPENCODE",
            "AUGMENT_AGENT",
            "GOOSE_PROVIDER",
            "JUNIE_DATA",
            "CURSOR_AGENT",
        ];
        match self.get("PACELINE_OUTPUT") {
            Some("human") => false,
            Some("agent") => true,
            _ => {
                AGENTS.iter().any(|name| self.is_on(name))
                    || self
                        .get("EDITOR")
                        .is_some_and(|editor| editor.contains("devin"))
            }
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self { variables }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment<const N: usize>(variables: [(&str, &str); N]) -> Environment {
        variables.into_iter().collect()
    }

    #[test]
    fn a_switch_is_off_when_empty_zero_or_false() {
        for off in ["", "0", "false"] {
            assert!(!environment([("CI", off)]).is_ci(), "{off:?}");
        }
        assert!(environment([("CI", "1")]).is_ci());
        assert!(environment([("GITLAB_CI", "true")]).is_ci());
    }

    #[test]
    fn paceline_output_has_the_last_word_on_who_reads() {
        assert!(environment([("CODEX_SANDBOX", "seatbelt")]).is_agent());
        assert!(environment([("EDITOR", "/opt/devin/edit")]).is_agent());
        assert!(!environment([("AGENT", "1"), ("PACELINE_OUTPUT", "human")]).is_agent());
        assert!(environment([("PACELINE_OUTPUT", "agent")]).is_agent());
        assert!(!environment([("EDITOR", "vim")]).is_agent());
    }
}
