//! `paceline graph`: which suite depends on which.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use paceline_engine::plan::{Plan, Suite, SuiteId};

use crate::Context;
use crate::cli::{GraphArgs, GraphFormat};
use crate::exit::ExitCode;
use crate::select::{Overrides, Query, Tools, select};
use crate::targets::TestQuery;
use crate::terminal::print_result;

/// Shows the graph.
pub fn graph(context: &Context, args: &GraphArgs) -> ExitCode {
    let config = match context.config() {
        Ok(config) => config,
        Err(error) => return context.refuse(&error),
    };
    let query = Query::new(&args.suites, &args.selection, TestQuery::at(&context.cwd));
    let tools = Tools::to_show(&config.root);
    let plan = match select(&config, &query, Overrides::default(), &tools) {
        Ok(selected) => selected.plan,
        Err(error) => return context.refuse(&error),
    };
    if plan.suites.is_empty() {
        context.stderr.print("no suite is selected\n");
    }
    let text = match args.format {
        GraphFormat::Text => Layers(&plan).to_string(),
        GraphFormat::Dot => Dot(&plan).to_string(),
        GraphFormat::Mermaid => Mermaid(&plan).to_string(),
    };
    print_result(context.stderr, &text)
}

/// The groups of a plan with their suites, in plan order.
fn groups(plan: &Plan) -> Vec<(Arc<str>, Vec<SuiteId>)> {
    let mut groups: Vec<(Arc<str>, Vec<SuiteId>)> = Vec::new();
    for (id, suite) in plan.ids().zip(&plan.suites) {
        let Some(group) = &suite.group else { continue };
        match groups.iter_mut().find(|(name, _)| name == group) {
            Some((_, members)) => members.push(id),
            None => groups.push((group.clone(), vec![id])),
        }
    }
    groups
}

/// How many suites have to pass one after another before each.
fn depths(plan: &Plan) -> BTreeMap<SuiteId, usize> {
    let mut depths = BTreeMap::new();
    // Plan order has dependencies first.
    for (id, suite) in plan.ids().zip(&plan.suites) {
        let before = suite.depends_on.iter().filter_map(|id| depths.get(id));
        let depth = before.max().map_or(0, |depth: &usize| depth + 1);
        depths.insert(id, depth);
    }
    depths
}

/// For people: a layer holds what can start once the layers before it are done.
struct Layers<'a>(&'a Plan);

impl fmt::Display for Layers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.0;
        let depths = depths(plan);
        let layers = depths.values().max().map_or(0, |deepest| deepest + 1);
        let names = plan.suites.iter().map(|suite| suite.name.chars().count());
        let width = names.max().unwrap_or(0);
        for layer in 0..layers {
            match layer {
                0 => writeln!(f, "at once")?,
                _ => writeln!(f, "\nthen")?,
            }
            for (id, suite) in plan.ids().zip(&plan.suites) {
                if depths.get(&id) != Some(&layer) {
                    continue;
                }
                let line = format!("  {:width$}  {}", suite.name, notes(plan, suite));
                writeln!(f, "{}", line.trim_end())?;
            }
        }
        let groups = groups(plan);
        if !groups.is_empty() {
            writeln!(f, "\none at a time")?;
        }
        for (group, members) in groups {
            let names: Vec<&str> = members.iter().map(|id| &*plan.suite(*id).name).collect();
            writeln!(f, "  {group}: {}", names.join(", "))?;
        }
        Ok(())
    }
}

/// What is to say of a suite in the text.
fn notes(plan: &Plan, suite: &Suite) -> String {
    let after: Vec<&str> = suite
        .depends_on
        .iter()
        .map(|id| &*plan.suite(*id).name)
        .collect();
    let mut notes = Vec::new();
    if !after.is_empty() {
        notes.push(format!("after {}", after.join(", ")));
    }
    if suite.constraints.serial {
        notes.push("alone".to_owned());
    }
    notes.join("; ")
}

/// For Graphviz. An arrow leads from a suite to what waits for it.
struct Dot<'a>(&'a Plan);

impl fmt::Display for Dot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.0;
        writeln!(f, "digraph suites {{")?;
        writeln!(f, "  rankdir = LR;")?;
        writeln!(f, "  node [shape = box];")?;
        for suite in plan.suites.iter().filter(|suite| suite.group.is_none()) {
            writeln!(f, "  {};", quoted(&suite.name))?;
        }
        for (number, (group, members)) in groups(plan).iter().enumerate() {
            // Graphviz draws a subgraph as a box if its name begins with `cluster`.
            writeln!(f, "  subgraph cluster_{number} {{")?;
            writeln!(f, "    label = {};", quoted(&format!("group {group}")))?;
            for id in members {
                writeln!(f, "    {};", quoted(&plan.suite(*id).name))?;
            }
            writeln!(f, "  }}")?;
        }
        for suite in &plan.suites {
            for dependency in &suite.depends_on {
                let dependency = quoted(&plan.suite(*dependency).name);
                writeln!(f, "  {dependency} -> {};", quoted(&suite.name))?;
            }
        }
        writeln!(f, "}}")
    }
}

/// A string of the DOT language.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// For Mermaid. Suites are numbered, as many characters of names mean something there.
struct Mermaid<'a>(&'a Plan);

impl fmt::Display for Mermaid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.0;
        let node = |id: SuiteId| {
            let name = escaped(&plan.suite(id).name);
            format!("s{}[\"{name}\"]", id.0)
        };
        writeln!(f, "flowchart LR")?;
        for (id, suite) in plan.ids().zip(&plan.suites) {
            if suite.group.is_none() {
                writeln!(f, "  {}", node(id))?;
            }
        }
        for (number, (group, members)) in groups(plan).iter().enumerate() {
            writeln!(f, "  subgraph g{number}[\"group {}\"]", escaped(group))?;
            for id in members {
                writeln!(f, "    {}", node(*id))?;
            }
            writeln!(f, "  end")?;
        }
        for (id, suite) in plan.ids().zip(&plan.suites) {
            for dependency in &suite.depends_on {
                writeln!(f, "  s{} --> s{}", dependency.0, id.0)?;
            }
        }
        Ok(())
    }
}

/// Text within the quotes of a Mermaid label: entities for what has a meaning there.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | ';' | '`' | '\\' | '[' | ']' | '{' | '}' | '@' => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            _ => escaped.push(c),
        }
    }
    escaped
}
