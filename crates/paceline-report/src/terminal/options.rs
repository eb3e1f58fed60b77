//! What the command decides about the terminal, and what follows from it.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use super::size::{self, Size};
use super::style::{ColorChoice, Theme, wants_color, wants_unicode};
use crate::environment::Environment;
use crate::program::Program;

/// In which order finished suites are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As a sequential run would show them.
    Plan,
    /// As they finish.
    Completion,
}

/// One of the two standard streams.
pub struct Stream {
    /// Where the text goes.
    pub writer: Box<dyn Write + Send>,
    /// Whether a terminal shows it.
    pub is_terminal: bool,
}

/// Everything that [`super::Terminal`] depends on.
pub struct TerminalOptions {
    /// How much to say: -2 nothing but fatal warnings, -1 failures and the last block, 0 each suite,
    /// 1 and more all output.
    pub verbosity: i8,
    /// The order that the user asked for; else completion where the live region is shown, and plan
    /// order elsewhere.
    pub order: Option<Order>,
    /// What the user says about colour.
    pub color: ColorChoice,
    /// How many of the last lines of a failure to show, at most 40.
    pub failure_lines: usize,
    /// Where results go.
    pub stdout: Stream,
    /// Where progress goes.
    pub stderr: Stream,
    /// Whether the terminal is the reporter's own: tests that a person talks to need it themselves,
    /// and there is no live region then.
    pub has_terminal: bool,
    /// Asks for the size of the terminal; called for every frame, as windows change their size.
    pub size: Box<dyn Fn() -> Option<Size> + Send>,
    /// The environment variables.
    pub environment: Environment,
    /// The root as seen from the working directory: `.`, `../..`; paths that are shown start there.
    pub root: String,
    /// How commands to copy begin.
    pub program: Program,
    /// The directory of the logs, for the last block.
    pub log_dir: Option<String>,
    /// The files that are written as reports, for the last block: what they are, and how they are
    /// shown.
    pub reports: Vec<(PathBuf, String)>,
    /// Nobody who writes test output can know it; ends the part of the output in which GitHub takes
    /// no commands.
    pub token: String,
}

impl TerminalOptions {
    /// What this process is connected to.
    pub fn from_process(verbosity: i8, order: Option<Order>, color: ColorChoice) -> Self {
        Self {
            verbosity,
            order,
            color,
            failure_lines: 10,
            stdout: Stream {
                writer: Box::new(io::stdout()),
                is_terminal: io::stdout().is_terminal(),
            },
            stderr: Stream {
                writer: Box::new(io::stderr()),
                is_terminal: io::stderr().is_terminal(),
            },
            has_terminal: true,
            size: Box::new(size::of_process),
            environment: Environment::from_process(),
            root: ".".to_owned(),
            program: Program::default(),
            log_dir: None,
            reports: Vec::new(),
            token: format!("paceline-{:016x}", RandomState::new().hash_one("token")),
        }
    }

    pub(super) fn decide(&self) -> Decided {
        let environment = &self.environment;
        let forced = size::forced(environment);
        let out_is_terminal = self.stdout.is_terminal || forced.is_some();
        let err_is_terminal = self.stderr.is_terminal || forced.is_some();
        let agent = environment.is_agent();
        let live = err_is_terminal
            && self.has_terminal
            && !agent
            && self.verbosity >= 0
            && environment.get("TERM") != Some("dumb")
            && (forced.is_some() || !environment.is_ci());
        let shared = live && out_is_terminal;
        let theme = |is_terminal| Theme {
            color: wants_color(self.color, environment, is_terminal),
            unicode: wants_unicode(environment) && !agent,
        };
        Decided {
            live,
            shared,
            agent,
            github: environment.is_github() && !agent,
            gitlab: environment.is_gitlab() && !agent,
            order: self.order.unwrap_or(if shared {
                Order::Completion
            } else {
                Order::Plan
            }),
            out: theme(out_is_terminal),
            err: theme(err_is_terminal),
            width: size::text_width(environment, forced.or_else(|| (self.size)())),
            columns: size::known_width(
                environment,
                forced.or_else(|| (self.size)()).filter(|_| out_is_terminal),
            ),
            forced,
        }
    }
}

/// What follows from the options.
pub(super) struct Decided {
    /// Whether there is a live region.
    pub(super) live: bool,
    /// Whether results appear above the live region, on the same terminal.
    pub(super) shared: bool,
    /// Whether a program reads the output.
    pub(super) agent: bool,
    pub(super) github: bool,
    pub(super) gitlab: bool,
    pub(super) order: Order,
    pub(super) out: Theme,
    pub(super) err: Theme,
    /// Columns of results.
    pub(super) width: usize,
    /// The columns that results have to fit into, where there is such a limit.
    pub(super) columns: Option<usize>,
    pub(super) forced: Option<Size>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide<const N: usize>(
        out: bool,
        err: bool,
        verbosity: i8,
        variables: [(&str, &str); N],
    ) -> Decided {
        let mut options = TerminalOptions::from_process(verbosity, None, ColorChoice::Auto);
        options.environment = variables.into_iter().collect();
        options.stdout.is_terminal = out;
        options.stderr.is_terminal = err;
        options.size = Box::new(|| None);
        options.decide()
    }

    #[test]
    fn the_live_region_needs_a_terminal_that_a_person_looks_at() {
        assert!(decide(true, true, 0, []).live);
        assert!(
            decide(false, true, 0, []).live,
            "while the results go to a file"
        );
        assert!(!decide(true, false, 0, []).live);
        assert!(!decide(true, true, -1, []).live);
        assert!(!decide(true, true, 0, [("TERM", "dumb")]).live);
        assert!(!decide(true, true, 0, [("CI", "true")]).live);
        assert!(!decide(true, true, 0, [("AI_AGENT", "x")]).live);
        assert!(
            decide(
                false,
                false,
                0,
                [("PACELINE_FORCE_TTY", "80x24"), ("CI", "1")]
            )
            .live
        );
    }

    #[test]
    fn plan_order_is_for_files_and_completion_for_people() {
        assert_eq!(decide(true, true, 0, []).order, Order::Completion);
        assert_eq!(decide(false, true, 0, []).order, Order::Plan);
        assert_eq!(decide(true, true, 0, [("CI", "1")]).order, Order::Plan);
    }
}
