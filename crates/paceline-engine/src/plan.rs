//! What a run is going to do: suites in plan order, what they need, what they depend on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

/// The place of a suite in its plan, counted from 0 in plan order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SuiteId(pub usize);

/// The place of a resource in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId(pub usize);

/// A named lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What configuration and messages call it.
    pub name: Arc<str>,
    /// How many units of it can be held at once; at least 1.
    pub capacity: u32,
    /// Whether it stands for a `group` of suites and not for a declared resource.
    pub is_group: bool,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_group { "group" } else { "resource" };
        write!(f, "{kind} {}", self.name)
    }
}

/// How much of a resource is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// This many units of its capacity.
    Amount(u32),
    /// Beside any number of others that share it, and nobody else.
    Shared,
    /// All of it.
    Exclusive,
}

/// What a suite or unit takes while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraints {
    /// Slots it takes; at least 1. More than there are counts as all of them.
    pub weight: u32,
    /// Resources it holds, each named once.
    pub needs: Vec<(ResourceId, Need)>,
    /// Whether nothing else may run beside it.
    pub serial: bool,
}

impl Default for Constraints {
    fn default() -> Self {
        Self {
            weight: 1,
            needs: Vec::new(),
            serial: false,
        }
    }
}

/// A program to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program and its arguments; never empty.
    pub argv: Vec<OsString>,
    /// The command as a user would type it in `dir`.
    pub display: String,
    /// The directory to run it in.
    pub dir: PathBuf,
    /// Environment variables to set on top of paceline's own environment.
    pub env: Vec<(OsString, OsString)>,
}

/// Why a suite is in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// It was asked for.
    Selected,
    /// A suite that was asked for depends on it.
    PulledIn {
        /// The suite that depends on it, the first in plan order.
        by: Arc<str>,
    },
}

/// Who runs the tests of a suite.
#[derive(Clone, Debug)]
pub enum Work {
    /// The command is the one test.
    Command,
    /// Workers that drive a framework; the suite's `launch` starts one.
    Framework(Box<Framework>),
}

/// The arguments by which a framework's own command names a test, from the test's id and its file.
pub type NameTest = fn(id: &str, file: &str) -> Vec<String>;

/// How a suite's workers are run. `docs/protocol.md` says how one talks to them.
#[derive(Clone, Debug, Default)]
pub struct Framework {
    /// Whether workers are forked from a booted host where that is possible.
    pub fork: bool,
    /// Whether a host that can fork workers can, as a rule, be the only one itself.
    pub stays: bool,
    /// What a worker's `welcome` holds besides what the engine itself puts there.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// At most so many workers at once; `None` for as many as there are slots.
    pub workers: Option<u32>,
    /// Whether a person is at the terminal: one worker is started, which has paceline's own stdin,
    /// stdout, stderr and process group, and no timeout.
    pub interactive: bool,
    /// What people should know where its host cannot start: what was started, and what to try.
    pub start_hint: Option<String>,
    /// The framework's own command for a test, without what names the test, in the suite's directory.
    pub rerun: String,
    /// What names a test in that command; `None` where it is the test's id.
    pub rerun_names: Option<NameTest>,
    /// The class of a test by its native id, where that does not begin with it.
    pub class_of: Option<fn(&str) -> Option<&str>>,
    /// How long its host may take to boot, where that is longer than usual: it may have to be built.
    pub boot_patience: Option<Duration>,
    /// How long each test is expected to take, from history, by its native id.
    pub expected_tests: HashMap<String, Duration>,
}

/// One suite of a plan.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Unique in its plan.
    pub name: Arc<str>,
    /// The framework that runs its tests; `command` for a command.
    pub framework: &'static str,
    /// A line for people.
    pub description: Option<String>,
    /// What `--categories` selects by.
    pub category: Option<String>,
    /// What to start: the command, or a worker.
    pub launch: Launch,
    /// Who runs its tests.
    pub work: Work,
    /// Suites that must have passed before this one starts.
    pub depends_on: Vec<SuiteId>,
    /// What it takes while it runs, its group's lock among it.
    pub constraints: Constraints,
    /// The group it is in, for display; the lock itself is in `constraints`.
    pub group: Option<Arc<str>>,
    /// How long an attempt of a test may take.
    pub timeout: Duration,
    /// How many more attempts a failure gets.
    pub retries: u32,
    /// Whether a failure leaves the run green.
    pub allow_failure: bool,
    /// Why it is in the plan.
    pub selection: Selection,
    /// How long it is expected to take, from history.
    pub expected: Option<Duration>,
}

/// What a run is going to do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In plan order: dependencies before their dependents, else as configured.
    pub suites: Vec<Suite>,
    /// Every resource that a suite of the plan can need.
    pub resources: Vec<Resource>,
}

impl Plan {
    /// The suite with this id.
    ///
    /// # Panics
    /// If the id is of another plan.
    pub fn suite(&self, id: SuiteId) -> &Suite {
        &self.suites[id.0]
    }

    /// The ids of all suites, in plan order.
    pub fn ids(&self) -> impl Iterator<Item = SuiteId> + use<> {
        (0..self.suites.len()).map(SuiteId)
    }
}

/// Dependencies that lead back to where they began.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("dependency cycle: {}", path.join(" -> "))]
pub struct Cycle {
    /// The names along the cycle; the first is repeated at the end.
    pub path: Vec<String>,
}

/// Sorts names so that each comes after what it depends on, and else stays where it was.
///
/// `depends_on` maps a name to the names it depends on; names that are not in `names` are
/// passed over.
pub fn plan_order<'a>(
    names: &[&'a str],
    depends_on: &BTreeMap<&'a str, Vec<&'a str>>,
) -> Result<Vec<&'a str>, Cycle> {
    let known: BTreeSet<&str> = names.iter().copied().collect();
    let mut order = Vec::with_capacity(names.len());
    let mut placed = BTreeSet::new();
    // Depth first with an explicit stack: a chain of dependencies can be as long as the plan.
    for &root in names {
        if placed.contains(root) {
            continue;
        }
        let mut path: Vec<(&str, usize)> = vec![(root, 0)];
        let mut on_path = BTreeSet::from([root]);
        while let Some((name, next)) = path.last_mut() {
            let dependency = depends_on.get(name).and_then(|all| all.get(*next).copied());
            *next += 1;
            match dependency {
                Some(name) if placed.contains(name) || !known.contains(name) => {}
                Some(name) if on_path.contains(name) => {
                    let from = path.iter().position(|(n, _)| *n == name).unwrap_or(0);
                    let cycle = path[from..].iter().map(|(n, _)| *n).chain([name]);
                    return Err(Cycle {
                        path: cycle.map(str::to_owned).collect(),
                    });
                }
                Some(name) => {
                    on_path.insert(name);
                    path.push((name, 0));
                }
                None => {
                    on_path.remove(*name);
                    placed.insert(*name);
                    order.push(*name);
                    path.pop();
                }
            }
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(
        names: &[&'static str],
        edges: &[(&'static str, &'static str)],
    ) -> Result<Vec<&'static str>, Cycle> {
        let mut map: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (from, to) in edges {
            map.entry(from).or_default().push(to);
        }
        plan_order(names, &map)
    }

    #[test]
    fn keeps_the_configured_order_where_nothing_speaks_against_it() {
        assert_eq!(order(&["c", "a", "b"], &[]), Ok(vec!["c", "a", "b"]));
    }

    #[test]
    fn puts_dependencies_first() {
        assert_eq!(
            order(&["a", "b", "c"], &[("a", "c"), ("c", "b")]),
            Ok(vec!["b", "c", "a"])
        );
    }

    #[test]
    fn names_the_cycle_and_only_the_cycle() {
        let cycle = order(
            &["x", "a", "b", "c"],
            &[("x", "a"), ("a", "b"), ("b", "c"), ("c", "a")],
        );
        assert_eq!(
            cycle.unwrap_err().to_string(),
            "dependency cycle: a -> b -> c -> a"
        );
    }

    #[test]
    fn a_suite_that_depends_on_itself_is_a_cycle() {
        assert_eq!(order(&["a"], &[("a", "a")]).unwrap_err().path, ["a", "a"]);
    }

    #[test]
    fn a_chain_as_long_as_a_large_plan_does_not_overflow_the_stack() {
        let names: Vec<String> = (0..50_000).map(|i| format!("s{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let edges = names.windows(2).map(|w| (w[0], vec![w[1]])).collect();
        let ordered = plan_order(&names, &edges).unwrap();
        assert_eq!(ordered.first(), names.last());
    }
}
