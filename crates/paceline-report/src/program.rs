//! How to call paceline again, for commands that a user can copy.

use paceline_engine::event::TestFinished;

use crate::model::SuiteState;
use crate::naming;
use crate::terminal::quote;

/// The beginning of a command that runs suites or tests again, with the same configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    words: String,
    root: String,
}

impl Program {
    /// paceline with these options, which are quoted where a shell needs it. `root` is the root as
    /// seen from where paceline looks for paths of tests.
    pub fn new<'a>(options: impl IntoIterator<Item = &'a str>, root: &str) -> Self {
        let options = options.into_iter().map(quote);
        let words: Vec<String> = std::iter::once("paceline".to_owned())
            .chain(options)
            .collect();
        Self {
            words: words.join(" "),
            root: root.to_owned(),
        }
    }

    /// What a test is called on the command line, quoted.
    pub(crate) fn name(&self, suite: &SuiteState, test: &TestFinished) -> String {
        quote(&naming::from_here(&self.root, suite, test))
    }

    /// The command that runs these; they are quoted already.
    pub(crate) fn run(&self, names: &[String]) -> String {
        format!("{} run {}", self.words, names.join(" "))
    }

    /// The command that runs a test again.
    pub(crate) fn rerun(&self, suite: &SuiteState, test: &TestFinished) -> String {
        self.run(&[self.name(suite, test)])
    }
}

impl Default for Program {
    fn default() -> Self {
        Self::new([], ".")
    }
}
