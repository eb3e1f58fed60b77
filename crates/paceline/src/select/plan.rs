//! Makes a plan of what was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use paceline_adapters::adapter::{Adapter, Request};
use paceline_adapters::command;
use paceline_engine::plan::{Plan, Selection, Suite, SuiteId, Work, plan_order};

use super::launch::{launch, prepare};
use super::names::check_names;
use super::query::{Overrides, Query};
use super::resources::{constraints, resources};
use super::suites::Suites;
use super::tools::Tools;
use crate::config::{Config, ConfigError, SuiteConfig};
use crate::diagnostic::Diagnostic;
use crate::targets::{self, Targets};
use crate::values::Name;

/// What was selected.
#[derive(Clone, Debug)]
pub struct Selected {
    /// What is to run.
    pub plan: Plan,
    /// With what each suite runs that a framework runs, and why with that, by the suite's name.
    pub evidence: BTreeMap<Arc<str>, String>,
}

/// Makes the plan: the suites that are asked for, what they depend on, all in plan order. It is
/// empty if nothing matches. [`Suite::expected`] is left for the history to fill.
///
/// # Errors
/// Names and categories that the configuration does not have, paths that do not exist, options that
/// no selected suite understands, and if it is to run, what is missing for that; all of one kind.
pub fn select(
    config: &Config,
    query: &Query,
    overrides: Overrides,
    tools: &Tools,
) -> Result<Selected, ConfigError> {
    let targets = Targets::find(config, &query.named, &query.suites, &query.tests)?;
    check_names(config, query, &targets.suites)?;
    let suites = Suites::new(config);
    let mut requests: BTreeMap<&str, Request> = BTreeMap::new();
    let mut selected: BTreeSet<&str> = BTreeSet::new();
    for name in suites.names.iter().copied() {
        let Some(suite) = suites.get(name) else {
            continue;
        };
        if !wanted(config, query, &targets.suites, name, suite) {
            continue;
        }
        let dir = config.dir_of(suite);
        let adapter = suite.adapter().map(|adapter| (adapter, dir.as_path()));
        if let Some(request) = targets.of(name, adapter, &query.tests) {
            requests.insert(name, request);
            selected.insert(name);
        }
    }
    let adapter_of = |name: &&str| suites.get(name).and_then(SuiteConfig::adapter);
    let adapters: Vec<Option<&'static dyn Adapter>> = selected.iter().map(adapter_of).collect();
    if !selected.is_empty() {
        ConfigError::refuse(targets::not_understood(&query.tests, &adapters))?;
    }
    selected.retain(|name| {
        let is_named = targets.suites.iter().any(|named| named == name);
        is_named || targets::can_be_narrowed(&query.tests, adapter_of(name))
    });
    let included = if query.no_deps {
        selected.clone()
    } else {
        suites.with_dependencies(&selected)
    };
    let names: Vec<&str> = suites
        .names
        .iter()
        .copied()
        .filter(|name| included.contains(name))
        .collect();
    let order = plan_order(&names, &suites.dependencies).map_err(|cycle| {
        // The configuration was checked for cycles; this is for configurations made otherwise.
        ConfigError::new(Diagnostic::new(cycle.to_string()))
    })?;

    let ids: BTreeMap<&str, SuiteId> = (0..)
        .map(SuiteId)
        .zip(&order)
        .map(|(id, name)| (*name, id))
        .collect();
    let resources = resources(config, &order, &suites);
    let arcs: Vec<Arc<str>> = order.iter().map(|name| Arc::from(*name)).collect();
    // The first dependent of each in plan order.
    let mut pulled_in_by: BTreeMap<&str, &Arc<str>> = BTreeMap::new();
    for (dependent, arc) in order.iter().zip(&arcs) {
        for dependency in suites.dependencies.get(dependent).into_iter().flatten() {
            pulled_in_by.entry(dependency).or_insert(arc);
        }
    }
    let mut plan = Plan {
        suites: Vec::with_capacity(order.len()),
        resources,
    };
    let mut evidence = BTreeMap::new();
    let mut missing = Vec::new();
    for (name, arc) in order.iter().zip(&arcs) {
        let Some(suite) = suites.get(name) else {
            continue;
        };
        let is_selected = selected.contains(name);
        let selection = match pulled_in_by.get(name) {
            Some(by) if !is_selected => Selection::PulledIn { by: Arc::clone(by) },
            _ => Selection::Selected,
        };
        // What is only depended on runs in full.
        let request = requests.get(name).filter(|_| is_selected);
        let request = request.cloned().unwrap_or_default();
        let mut constraints = constraints(suite, &plan.resources);
        let (framework, launch, work) = if let Some(adapter) = suite.adapter() {
            let prepared = prepare(config, suite, adapter, &request, tools);
            // There is one terminal.
            constraints.serial |= request.interactive.is_some();
            if let Some(what) = prepared.missing.filter(|_| tools.to_run) {
                let title = format!("suite `{name}` cannot start: {}", what.what);
                missing.push(Diagnostic::new(title).maybe_help(what.help));
            }
            evidence.insert(arc.clone(), prepared.evidence);
            let work = Work::Framework(Box::new(prepared.framework));
            (adapter.name(), prepared.launch, work)
        } else {
            let launch = launch(config, name, suite)?;
            (command::FRAMEWORK, launch, Work::Command)
        };
        let depends_on = suites.dependencies.get(name).into_iter().flatten();
        let retries = overrides.retries.unwrap_or(suite.retries);
        let timeout = suite.timeout.unwrap_or(config.file.timeout).get();
        plan.suites.push(Suite {
            name: arc.clone(),
            framework,
            description: suite.description.clone(),
            category: suite.category.as_ref().map(|name| name.as_str().to_owned()),
            launch,
            work,
            depends_on: depends_on
                .filter_map(|name| ids.get(name).copied())
                .collect(),
            constraints,
            group: suite.group.as_ref().map(|group| group.as_str().into()),
            timeout: overrides.timeout.unwrap_or(timeout),
            retries,
            allow_failure: suite.allow_failure,
            selection,
            expected: None,
        });
    }
    ConfigError::refuse(missing)?;
    Ok(Selected { plan, evidence })
}

fn wanted(
    config: &Config,
    query: &Query,
    named: &[String],
    name: &str,
    suite: &SuiteConfig,
) -> bool {
    let category = suite.category.as_ref();
    let is_in = |list: &[Name]| category.is_some_and(|category| list.contains(category));
    (named.is_empty() || named.iter().any(|wanted| wanted == name))
        && (query.categories.is_empty() || is_in(&query.categories))
        && !is_in(&query.exclude_categories)
        && !(query.fast && is_in(&config.file.slow_categories))
}
