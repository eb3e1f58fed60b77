//! `--dry-run`: what would run, in what order, and why.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use paceline_adapters::shell;
use paceline_engine::dispatch::tasks;
use paceline_engine::plan::{Plan, Selection, Suite, SuiteId};
use paceline_engine::schedule::{Scheduler, TaskId, Waiting};
use paceline_report::human::HumanDuration;

use crate::Context;
use crate::exit::ExitCode;
use crate::terminal::print_result;

/// What a suite is taken to last that has never run, where no other has either.
const GUESS: Duration = Duration::from_secs(1);

/// One suite's start in the simulated run.
struct Step {
    suite: SuiteId,
    at: Duration,
    /// The last thing that it waited for; `None` where it starts at once.
    waited_for: Option<Waiting>,
}

/// Explains the plan.
///
/// With `evidence` it shows for each suite what would be started, and for suites that are in it, with
/// what and why.
pub(super) fn explain(
    context: &Context,
    plan: &Plan,
    jobs: u32,
    evidence: Option<&BTreeMap<Arc<str>, String>>,
) -> ExitCode {
    let durations = durations(plan);
    let (steps, makespan) = simulate(plan, jobs, &durations);
    let text = DryRun {
        plan,
        jobs,
        steps,
        makespan,
        evidence,
    };
    print_result(context.stderr, &text.to_string())
}

/// What history expects of each suite; the longest of that where it knows nothing.
fn durations(plan: &Plan) -> Vec<Duration> {
    let longest = plan
        .suites
        .iter()
        .filter_map(|suite| suite.expected)
        .max()
        .unwrap_or(GUESS);
    let duration = |suite: &Suite| suite.expected.unwrap_or(longest);
    plan.suites.iter().map(duration).collect()
}

/// Runs the plan in simulated time: every start with its reason, and the time of the last end.
fn simulate(plan: &Plan, jobs: u32, durations: &[Duration]) -> (Vec<Step>, Duration) {
    let mut scheduler = Scheduler::new(jobs, &plan.resources, tasks(plan));
    let mut waited_for = vec![None; plan.suites.len()];
    let mut steps = Vec::new();
    let mut ends = BinaryHeap::new();
    let mut now = Duration::ZERO;
    loop {
        while let Some(TaskId(task)) = scheduler.start_next() {
            ends.push(Reverse((now + durations[task], task)));
            steps.push(Step {
                suite: SuiteId(task),
                at: now,
                waited_for: waited_for[task],
            });
        }
        for (task, last) in waited_for.iter_mut().enumerate() {
            *last = scheduler.why_waiting(TaskId(task)).or(*last);
        }
        let Some(Reverse((end, task))) = ends.pop() else {
            return (steps, now);
        };
        now = end;
        scheduler.finish(TaskId(task), true);
    }
}

/// The explanation as text.
struct DryRun<'a> {
    plan: &'a Plan,
    jobs: u32,
    steps: Vec<Step>,
    makespan: Duration,
    evidence: Option<&'a BTreeMap<Arc<str>, String>>,
}

impl fmt::Display for DryRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.plan.suites.len();
        let unknown = self
            .plan
            .suites
            .iter()
            .filter(|suite| suite.expected.is_none())
            .count();
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        write!(f, "would run {count} suite{}", plural(count))?;
        writeln!(
            f,
            " on {} slot{}{}",
            self.jobs,
            plural(self.jobs as usize),
            match unknown {
                0 => format!(", in about {}", HumanDuration(self.makespan)),
                n if n == count =>
                    "; none has run to its end before, so all are taken to be equally long"
                        .to_owned(),
                1 => "; 1 of them has never run to its end and is taken to be long".to_owned(),
                n => format!("; {n} of them have never run to their end and are taken to be long"),
            }
        )?;
        writeln!(f)?;
        let name = |step: &Step| &self.plan.suite(step.suite).name;
        let width = self
            .steps
            .iter()
            .map(|step| name(step).chars().count())
            .max()
            .unwrap_or(0);
        let width = width.max("suite".len());
        writeln!(
            f,
            "  {:>4}  {:<width$}  {:>8}  {:>8}  why then",
            "", "suite", "expected", "at about"
        )?;
        for (number, step) in (1..).zip(&self.steps) {
            let suite = self.plan.suite(step.suite);
            let expected = suite.expected.map(|time| HumanDuration(time).to_string());
            let at = if unknown == count {
                String::new()
            } else {
                HumanDuration(step.at).to_string()
            };
            writeln!(
                f,
                "  {number:>4}  {:<width$}  {:>8}  {at:>8}  {}",
                suite.name,
                expected.as_deref().unwrap_or("?"),
                self.reason(step),
            )?;
            if let Some(evidence) = self.evidence {
                let dir = shell::quote(&suite.launch.dir.display().to_string());
                writeln!(
                    f,
                    "        {:width$}  (cd {dir} && {})",
                    "", suite.launch.display
                )?;
                if let Some(evidence) = evidence.get(&suite.name) {
                    let framework = suite.framework;
                    writeln!(f, "        {:width$}  {framework} with {evidence}", "")?;
                }
            }
        }
        Ok(())
    }
}

impl DryRun<'_> {
    fn reason(&self, step: &Step) -> String {
        let suite = self.plan.suite(step.suite);
        let mut text = match step.waited_for {
            None if suite.constraints.serial => "at once, alone".to_owned(),
            None => "at once".to_owned(),
            Some(Waiting::Dependency(TaskId(task))) => {
                format!("after {}", self.plan.suite(SuiteId(task)).name)
            }
            Some(Waiting::Resource(id)) => format!("when {} is free", self.plan.resources[id.0]),
            Some(Waiting::Slots) => match suite.constraints.weight {
                1 => "when a slot is free".to_owned(),
                n => format!("when {} slots are free", n.min(self.jobs)),
            },
            Some(Waiting::Serial) if suite.constraints.serial => {
                "when nothing else runs".to_owned()
            }
            Some(Waiting::Serial) => "when the serial suites are done".to_owned(),
            Some(Waiting::Reserved) => "when one that waited longer has started".to_owned(),
        };
        if let Selection::PulledIn { by } = &suite.selection {
            let _ = write!(text, "; pulled in by {by}");
        }
        text
    }
}
