//! Finds the suites of a repository by the marks that their frameworks leave in it.
//!
//! Each framework has one small module with one function: a directory in, what it holds out. The
//! walk, the names of suites and what runs twice are decided here, for all of them alike.

mod cargo;
mod go;
mod ignored;
mod make;
mod naming;
mod npm;
mod phpunit;
mod pytest;
mod rpc;
mod ruby;
#[cfg(test)]
pub(crate) mod testing;
mod tree;

use std::path::{Path, PathBuf};

use tree::{Directory, Tree};

use crate::adapter::Adapter;
use crate::command::Command;
use crate::machine::Machine;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detection {
    /// Suites to run, by directory.
    pub suites: Vec<DetectedSuite>,
    /// Suites that would most likely run again what others run, each with the reason.
    pub left_out: Vec<(DetectedSuite, String)>,
}

/// A suite that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectedSuite {
    /// Unique among what was found, and made of letters, digits and `-_.+@/`.
    pub name: String,
    /// The framework: `pytest`, `cargo`, …
    pub framework: &'static str,
    /// The directory relative to the root; empty for the root itself.
    pub dir: PathBuf,
    /// How it runs there.
    pub how: How,
    /// `unit`, or what the directory's name says.
    pub category: &'static str,
    /// A line for people.
    pub description: String,
    /// The mark that it was found by: a file relative to the root, and what in it.
    pub evidence: String,
    /// What is not there to run it with, and how to get it.
    pub missing: Option<String>,
}

/// How a suite that was found runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// As a command.
    Command(Command),
    /// Test by test, by an adapter; beside its name what a user would type to run it without
    /// paceline.
    Framework(&'static str, String),
    /// Test by test, by an adapter whose suites are targets of a build.
    Target {
        /// The adapter's name.
        framework: &'static str,
        /// The target.
        test: String,
        /// What a user would type to run it without paceline.
        command: String,
    },
}

impl How {
    /// What runs, as a user would type it.
    pub fn display(&self) -> String {
        match self {
            Self::Command(command) => command.display(),
            Self::Framework(_, command) | Self::Target { command, .. } => command.clone(),
        }
    }

    /// Test by test, by this adapter.
    pub(crate) fn framework(adapter: &dyn Adapter, command: String) -> Self {
        Self::Framework(adapter.name(), command)
    }
}

/// What a framework finds in a directory.
pub(crate) struct Finding {
    /// See [`DetectedSuite::how`].
    pub(crate) how: How,
    /// The mark: a file of the directory, and what in it.
    pub(crate) evidence: String,
    /// See [`DetectedSuite::missing`].
    pub(crate) missing: Option<String>,
    /// Directories that the command covers beside its own, relative to the root: nothing of the
    /// same framework is looked for in them.
    pub(crate) covers: Covers,
}

/// What a suite of a directory says about the directories below it.
pub(crate) enum Covers {
    /// Nothing: each is looked at.
    Nothing,
    /// All of them are part of it, but for those that the framework says otherwise of.
    Below,
    /// These, relative to the root.
    Directories(Vec<PathBuf>),
}

/// What the modules get to see.
pub(crate) struct Context<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) machine: &'a Machine,
}

/// A framework's module.
struct Framework {
    name: &'static str,
    /// What messages call it.
    title: &'static str,
    find: fn(&Context<'_>, &Directory) -> Option<Finding>,
    /// Whether a directory below a suite that covers it is a suite of its own nevertheless.
    is_separate: fn(&Context<'_>, suite: &Directory, below: &Directory) -> bool,
}

const FRAMEWORKS: [Framework; 6] = [
    Framework {
        name: "cargo",
        title: "Rust tests",
        find: cargo::find,
        is_separate: cargo::is_separate,
    },
    Framework {
        name: "go",
        title: "Go tests",
        find: go::find,
        is_separate: |_, _, _| false,
    },
    Framework {
        name: "npm",
        title: "JavaScript tests",
        find: npm::find,
        is_separate: |_, _, _| false,
    },
    Framework {
        name: "pytest",
        title: "Python tests",
        find: pytest::find,
        is_separate: |_, _, _| false,
    },
    Framework {
        name: "phpunit",
        title: "PHP tests",
        find: phpunit::find,
        is_separate: |_, _, _| false,
    },
    Framework {
        name: "ruby",
        title: "Ruby tests",
        find: ruby::find,
        is_separate: |_, _, _| false,
    },
];

/// Make comes last: its targets usually run what the others have found.
const MAKE: Framework = Framework {
    name: "make",
    title: "make",
    find: make::find,
    is_separate: |_, _, _| false,
};

/// Looks at the repository in `root`, for suites that this machine is to run.
///
/// What git ignores is not looked at, nor are other repositories inside of this one, hidden
/// directories, and those that hold dependencies or build results by custom.
pub fn detect(root: &Path, machine: &Machine) -> Detection {
    let tree = Tree::read(root);
    let tree = &tree;
    let context = Context { tree, machine };
    let mut found: Vec<(PathBuf, &'static Framework, Finding)> = Vec::new();
    for directory in tree.directories() {
        for framework in &FRAMEWORKS {
            let covered = found.iter().any(|(dir, other, finding)| {
                let is_below = directory.dir != *dir && directory.dir.starts_with(dir);
                other.name == framework.name
                    && match &finding.covers {
                        Covers::Nothing => false,
                        Covers::Below => {
                            is_below
                                && tree.get(dir).is_none_or(|suite| {
                                    !(framework.is_separate)(&context, suite, directory)
                                })
                        }
                        Covers::Directories(covered) => covered.contains(&directory.dir),
                    }
            });
            if covered {
                continue;
            }
            if let Some(finding) = (framework.find)(&context, directory) {
                found.push((directory.dir.clone(), framework, finding));
            }
        }
    }
    let mut detection = Detection::default();
    let makefiles: Vec<_> = tree
        .directories()
        .filter_map(|directory| {
            let finding = (MAKE.find)(&context, directory)?;
            Some((directory.dir.clone(), &MAKE, finding))
        })
        .collect();
    let targets: Vec<(PathBuf, String, Finding)> = tree
        .directories()
        .flat_map(|directory| {
            let all = rpc::find_all(&context, directory).into_iter();
            all.map(|(name, finding)| (directory.dir.clone(), name, finding))
        })
        .collect();
    let found_in = found.iter().map(|(dir, _, _)| dir.as_path());
    let found_in = found_in.chain(targets.iter().map(|(dir, _, _)| dir.as_path()));
    let mut names = naming::Names::new(found_in);
    let dirs: Vec<PathBuf> = found.iter().map(|(dir, _, _)| dir.clone()).collect();
    for (dir, framework, finding) in found {
        let name = names.name(&dir, framework.name);
        detection.suites.push(suite(name, dir, framework, finding));
    }
    for (dir, name, finding) in targets {
        let name = names.name(&dir, &name);
        detection
            .suites
            .push(suite(name, dir, &rpc::FRAMEWORK, finding));
    }
    let mut make_above: Vec<PathBuf> = Vec::new();
    for (dir, framework, finding) in makefiles {
        let inner = dirs.iter().find(|other| other.starts_with(&dir));
        let outer = make_above.iter().find(|other| dir.starts_with(other));
        let reason = match (inner, outer) {
            (Some(_), _) => Some("it most likely runs tests of other suites again".to_owned()),
            (None, Some(outer)) => Some(format!(
                "the Makefile of {} most likely runs it",
                shown(outer)
            )),
            (None, None) => None,
        };
        make_above.push(dir.clone());
        let name = names.name(&dir, framework.name);
        let suite = suite(name, dir, framework, finding);
        match reason {
            Some(reason) => detection.left_out.push((suite, reason)),
            None => detection.suites.push(suite),
        }
    }
    detection.suites.sort_by(|a, b| a.dir.cmp(&b.dir));
    detection
}

fn suite(name: String, dir: PathBuf, framework: &Framework, finding: Finding) -> DetectedSuite {
    let evidence = if dir.as_os_str().is_empty() {
        finding.evidence
    } else {
        format!("{}/{}", shown(&dir), finding.evidence)
    };
    let title = framework.title;
    DetectedSuite {
        name,
        framework: framework.name,
        how: finding.how,
        category: naming::category(&dir),
        description: if dir.as_os_str().is_empty() {
            title.to_owned()
        } else {
            format!("{title} in {}", shown(&dir))
        },
        evidence,
        missing: finding.missing,
        dir,
    }
}

/// A relative directory as messages show it.
fn shown(dir: &Path) -> String {
    if dir.as_os_str().is_empty() {
        return "the root".to_owned();
    }
    let parts: Vec<_> = dir.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
