//! From a configuration and what was asked for to a [`Plan`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use paceline_adapters::adapter::{self, Adapter, Prepared, Request, Settings};
use paceline_adapters::{Machine, Workers, command};
use paceline_engine::plan::{
    Constraints, Launch, Need, Plan, Resource, ResourceId, Selection, Suite, SuiteId, Work,
    plan_order,
};
use serde_json::{Map, Value, json};

use crate::cli::SelectionArgs;
use crate::config::{Config, ConfigError, OverrideConfig, Start, SuiteConfig};
use crate::diagnostic::Diagnostic;
use crate::suggest::closest;
use crate::targets::{self, Targets, TestQuery};
use crate::values::{Count, Name};

/// Which suites are wanted. All conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only these suites, and those that hold what is named here of tests; all if empty.
    pub named: Vec<String>,
    /// Only these; all if empty.
    pub suites: Vec<String>,
    /// Only these categories; all if empty.
    pub categories: Vec<Name>,
    /// None of these categories.
    pub exclude_categories: Vec<Name>,
    /// None of the slow categories.
    pub fast: bool,
    /// Without what they depend on.
    pub no_deps: bool,
    /// Which of their tests, and how they run.
    pub tests: TestQuery,
}

impl Query {
    /// What the command line asks for: names as arguments and as an option add up.
    pub fn new(named: &[String], selection: &SelectionArgs, tests: TestQuery) -> Self {
        Self {
            named: named.to_vec(),
            suites: selection.only.clone(),
            tests,
            categories: selection.categories.clone(),
            exclude_categories: selection.exclude_categories.clone(),
            fast: selection.fast,
            no_deps: selection.no_deps,
        }
    }
}

/// What the command line says in place of the configuration, for every suite.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides {
    /// How long an attempt may take.
    pub timeout: Option<Duration>,
    /// How many more attempts a failure gets.
    pub retries: Option<u32>,
}

/// With what a plan is to be carried out.
#[derive(Clone, Debug)]
pub struct Tools {
    machine: Machine,
    workers: Workers,
    /// Whether it is going to be carried out, so that nothing may be missing.
    to_run: bool,
}

impl Tools {
    /// For a plan that is only shown.
    pub fn to_show(root: &Path) -> Self {
        Self {
            machine: Machine::of_process(),
            workers: Workers::named(cache(root)),
            to_run: false,
        }
    }

    /// For a plan that is going to be run.
    pub fn to_run(root: &Path) -> Self {
        Self {
            workers: Workers::unpacked(cache(root)),
            to_run: true,
            ..Self::to_show(root)
        }
    }
}

fn cache(root: &Path) -> std::path::PathBuf {
    root.join(".paceline").join("cache")
}

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
        let dir = targets::dir(config, suite);
        let adapter = targets::adapter(suite).map(|adapter| (adapter, dir.as_path()));
        if let Some(request) = targets.of(name, adapter, &query.tests) {
            requests.insert(name, request);
            selected.insert(name);
        }
    }
    let adapter_of = |name: &&str| suites.get(name).and_then(targets::adapter);
    let adapters: Vec<Option<&'static dyn Adapter>> = selected.iter().map(adapter_of).collect();
    if !selected.is_empty() {
        refuse(targets::not_understood(&query.tests, &adapters))?;
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
        let (framework, launch, work) = if let Some(adapter) = targets::adapter(suite) {
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
    refuse(missing)?;
    Ok(Selected { plan, evidence })
}

/// Mistakes that are in no file.
fn refuse(mistakes: Vec<Diagnostic>) -> Result<(), ConfigError> {
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(ConfigError {
        source_text: None,
        diagnostics: mistakes,
    })
}

/// The suites of a configuration, by name.
struct Suites<'a> {
    /// As configured.
    names: Vec<&'a str>,
    by_name: BTreeMap<&'a str, &'a SuiteConfig>,
    dependencies: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Suites<'a> {
    fn new(config: &'a Config) -> Self {
        let suites = || {
            config
                .file
                .suite
                .iter()
                .map(|(name, suite)| (name.as_str(), suite))
        };
        let dependencies = |suite: &'a SuiteConfig| {
            let names = suite.depends_on.iter();
            names.map(|name| name.get_ref().as_str()).collect()
        };
        Self {
            names: suites().map(|(name, _)| name).collect(),
            by_name: suites().collect(),
            dependencies: suites()
                .map(|(name, suite)| (name, dependencies(suite)))
                .collect(),
        }
    }

    fn get(&self, name: &str) -> Option<&'a SuiteConfig> {
        self.by_name.get(name).copied()
    }

    /// These suites and everything that they need to have passed.
    fn with_dependencies(&self, selected: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
        let mut included = selected.clone();
        let mut queue: Vec<&str> = selected.iter().copied().collect();
        while let Some(name) = queue.pop() {
            for dependency in self.dependencies.get(name).into_iter().flatten() {
                if included.insert(dependency) {
                    queue.push(dependency);
                }
            }
        }
        included
    }
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

/// The declared resources, then one for each group of the plan's suites.
fn resources(config: &Config, order: &[&str], suites: &Suites<'_>) -> Vec<Resource> {
    let declared = config
        .file
        .resources
        .iter()
        .map(|(name, capacity)| Resource {
            name: name.as_str().into(),
            capacity: capacity.get(),
            is_group: false,
        });
    let mut resources: Vec<Resource> = declared.collect();
    let mut seen = BTreeSet::new();
    for name in order {
        let group = suites.get(name).and_then(|suite| suite.group.as_ref());
        if let Some(group) = group
            && seen.insert(group)
        {
            resources.push(Resource {
                name: group.as_str().into(),
                capacity: 1,
                is_group: true,
            });
        }
    }
    resources
}

fn constraints(suite: &SuiteConfig, resources: &[Resource]) -> Constraints {
    let find = |name: &Name, is_group: bool| {
        let place = resources
            .iter()
            .position(|resource| &*resource.name == name.as_str() && resource.is_group == is_group);
        place.map(ResourceId)
    };
    let needs = suite.needs.iter();
    let needs = needs.filter_map(|(name, need)| Some((find(name, false)?, need)));
    let group = suite.group.as_ref();
    let group = group.and_then(|group| Some((find(group, true)?, Need::Amount(1))));
    Constraints {
        weight: suite.weight.map_or(1, Count::get),
        needs: needs.chain(group).collect(),
        serial: suite.serial,
    }
}

fn launch(config: &Config, name: &str, suite: &SuiteConfig) -> Result<Launch, ConfigError> {
    // The configuration was checked for this; here it is for configurations made otherwise.
    let missing = || ConfigError::new(Diagnostic::new(format!("suite `{name}` has no command")));
    let command = suite.command.as_ref().ok_or_else(missing)?;
    Ok(command.0.launch(targets::dir(config, suite), env(suite)))
}

fn env(suite: &SuiteConfig) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    let env = suite.env.iter();
    env.map(|(name, value)| (name.as_str().into(), value.as_str().into()))
        .collect()
}

fn prepare(
    config: &Config,
    suite: &SuiteConfig,
    adapter: &dyn Adapter,
    request: &Request,
    tools: &Tools,
) -> Prepared {
    let suite = adapter::Suite {
        root: &config.root,
        dir: targets::dir(config, suite),
        env: env(suite),
        settings: settings(suite),
        workers: &tools.workers,
    };
    adapter.prepare(&suite, request, &tools.machine)
}

/// What a suite's table says to its framework.
fn settings(suite: &SuiteConfig) -> Settings {
    let mut options = Map::new();
    let mut say = |key: &str, value: Option<Value>| {
        options.extend(value.map(|value| (key.to_owned(), value)));
    };
    say(
        "split",
        suite.split.as_ref().map(|split| json!(split.get_ref())),
    );
    say(
        "isolation",
        suite
            .isolation
            .as_ref()
            .map(|isolation| json!(isolation.get_ref())),
    );
    say(
        "collect",
        suite
            .collect
            .as_ref()
            .map(|collect| json!(collect.get_ref())),
    );
    let start = suite.start.as_ref().map(|start| *start.get_ref());
    Settings {
        interpreter: suite.interpreter().map(str::to_owned),
        test: suite.test.as_ref().map(|test| test.get_ref().clone()),
        cargo_args: suite
            .cargo_args
            .as_ref()
            .map(|args| args.get_ref().clone())
            .unwrap_or_default(),
        program: suite
            .program
            .as_ref()
            .map(|program| program.get_ref().clone()),
        args: suite
            .args
            .as_ref()
            .map(|args| args.get_ref().clone())
            .unwrap_or_default(),
        spawn: start == Some(Start::Spawn),
        workers: suite
            .workers
            .as_ref()
            .map(|workers| workers.get_ref().get()),
        options,
        overrides: suite.overrides.iter().map(override_of).collect(),
    }
}

/// An override in the words of a test's own `paceline` marker; durations are seconds.
fn override_of(one: &OverrideConfig) -> Value {
    let mut said = Map::new();
    let mut say = |key: &str, value: Option<Value>| {
        said.extend(value.map(|value| (key.to_owned(), value)));
    };
    say("tests", Some(json!(one.tests.get_ref())));
    say("needs", (!one.needs.is_empty()).then(|| json!(one.needs)));
    say("serial", one.serial.map(Value::from));
    say("weight", one.weight.map(|weight| json!(weight.get())));
    say(
        "timeout",
        one.timeout
            .map(|timeout| json!(timeout.get().as_secs_f64())),
    );
    say("retries", one.retries.map(Value::from));
    say("isolation", one.isolation.map(|isolation| json!(isolation)));
    Value::Object(said)
}

/// Every name and category that was asked for has to exist.
fn check_names(config: &Config, query: &Query, suites: &[String]) -> Result<(), ConfigError> {
    let names: Vec<&str> = config
        .file
        .suite
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let categories = categories(config);
    let mut mistakes = Vec::new();
    for wanted in suites {
        if !names.contains(&wanted.as_str()) {
            let mistake = Diagnostic::new(format!("no suite is called `{wanted}`"));
            mistakes.push(match closest(wanted, names.iter().copied()) {
                Some(name) => mistake.help(format!("did you mean `{name}`?")),
                None => mistake.note(format!("the suites are {}", some_of(&names))),
            });
        }
    }
    for wanted in query.categories.iter().chain(&query.exclude_categories) {
        if !categories.contains(&wanted.as_str()) {
            let mistake = Diagnostic::new(format!("no suite is of the category `{wanted}`"));
            let known = if categories.is_empty() {
                "no suite has a category".to_owned()
            } else {
                format!("the categories are {}", categories.join(", "))
            };
            let similar = closest(wanted.as_str(), categories.iter().copied());
            let similar = similar.map(|name| format!("did you mean `{name}`?"));
            mistakes.push(mistake.note(known).maybe_help(similar));
        }
    }
    refuse(mistakes)
}

/// Names in a row; only the first of many.
fn some_of(names: &[&str]) -> String {
    const MOST: usize = 20;
    let shown = names
        .iter()
        .take(MOST)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().checked_sub(MOST) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more; see `paceline list`"),
    }
}

/// The categories of a configuration, in the order of the file.
pub(crate) fn categories(config: &Config) -> Vec<&str> {
    let mut categories: Vec<&str> = Vec::new();
    for (_, suite) in config.file.suite.iter() {
        if let Some(category) = &suite.category
            && !categories.contains(&category.as_str())
        {
            categories.push(category.as_str());
        }
    }
    categories
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::GlobalArgs;

    const CONFIG: &str = r#"
[resources]
ports = 4
unused = 1

[suite.e2e]
command = "x"
category = "acceptance"
depends-on = ["api", "web"]
group = "cluster"

[suite.web]
command = ["npm", "test"]
dir = "."
category = "unit"
depends-on = ["build"]
env = { B = "2", A = "1" }

[suite.api]
command = "x"
category = "integration"
depends-on = ["build"]
needs = { ports = 2 }
group = "cluster"
weight = 3
timeout = "7s"
retries = 2

[suite.build]
command = "x"
"#;

    fn config() -> Config {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("paceline.toml"), CONFIG).unwrap();
        crate::config::load(dir.path(), &GlobalArgs::default())
            .unwrap()
            .unwrap()
    }

    fn plan(query: &Query) -> Plan {
        plan_with(query, Overrides::default())
    }

    fn plan_with(query: &Query, overrides: Overrides) -> Plan {
        let config = config();
        let tools = Tools::to_show(&config.root);
        select(&config, query, overrides, &tools).unwrap().plan
    }

    /// Names in plan order; what was pulled in with the suite that did it.
    fn names(query: &Query) -> Vec<String> {
        let suites = plan(query).suites;
        let shown = suites.iter().map(|suite| match &suite.selection {
            Selection::Selected => suite.name.to_string(),
            Selection::PulledIn { by } => format!("{}<-{by}", suite.name),
        });
        shown.collect()
    }

    fn named(names: &[&str]) -> Query {
        Query {
            suites: names.iter().map(|&name| name.to_owned()).collect(),
            ..Query::default()
        }
    }

    fn categories(names: &[&str]) -> Vec<Name> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn everything_comes_in_plan_order() {
        assert_eq!(names(&Query::default()), ["build", "api", "web", "e2e"]);
    }

    #[test]
    fn a_suite_pulls_in_what_it_depends_on() {
        assert_eq!(names(&named(&["web"])), ["build<-web", "web"]);
        assert_eq!(
            names(&named(&["e2e"])),
            ["build<-api", "api<-e2e", "web<-e2e", "e2e"]
        );
        // What was asked for is not pulled in, even if something depends on it.
        assert_eq!(names(&named(&["web", "build"])), ["build", "web"]);
    }

    #[test]
    fn without_dependencies_the_others_are_left_out_of_the_plan_and_of_their_dependents() {
        let query = Query {
            no_deps: true,
            ..named(&["e2e", "web"])
        };
        assert_eq!(names(&query), ["web", "e2e"]);
        let plan = plan(&query);
        assert_eq!(plan.suites[0].depends_on, []);
        assert_eq!(plan.suites[1].depends_on, [SuiteId(0)]);
    }

    #[test]
    fn all_conditions_must_hold() {
        let unit = Query {
            categories: categories(&["unit", "acceptance"]),
            exclude_categories: categories(&["acceptance"]),
            ..Query::default()
        };
        assert_eq!(names(&unit), ["build<-web", "web"]);
        let fast = Query {
            fast: true,
            ..Query::default()
        };
        assert_eq!(names(&fast), ["build", "web"]);
        let nothing = Query {
            fast: true,
            ..named(&["e2e"])
        };
        assert_eq!(names(&nothing), Vec::<String>::new());
    }

    #[test]
    fn groups_and_resources_are_constraints() {
        let plan = plan(&named(&["api"]));
        let resources: Vec<String> = plan.resources.iter().map(ToString::to_string).collect();
        assert_eq!(
            resources,
            ["resource ports", "resource unused", "group cluster"]
        );
        let api = &plan.suites[1];
        let needs = vec![
            (ResourceId(0), Need::Amount(2)),
            (ResourceId(2), Need::Amount(1)),
        ];
        let constraints = Constraints {
            weight: 3,
            needs,
            serial: false,
        };
        assert_eq!(api.constraints, constraints);
        assert_eq!(api.group.as_deref(), Some("cluster"));
        assert_eq!(plan.suites[0].constraints, Constraints::default());
    }

    #[test]
    fn the_command_line_overrides_every_suite() {
        let times = |overrides| -> Vec<(Duration, u32)> {
            let plan = plan_with(&named(&["api"]), overrides);
            let suites = plan.suites.iter();
            suites.map(|suite| (suite.timeout, suite.retries)).collect()
        };
        let secs = Duration::from_secs;
        assert_eq!(times(Overrides::default()), [(secs(300), 0), (secs(7), 2)]);
        let overrides = Overrides {
            timeout: Some(secs(9)),
            retries: Some(1),
        };
        assert_eq!(times(overrides), [(secs(9), 1), (secs(9), 1)]);
    }

    #[test]
    fn a_suite_starts_in_its_directory_with_its_environment_in_the_order_of_the_file() {
        let web = &plan(&named(&["web"])).suites[1].launch;
        assert_eq!(web.argv, ["npm", "test"]);
        assert!(web.dir.is_absolute());
        assert_eq!(
            web.env,
            [("B".into(), "2".into()), ("A".into(), "1".into())]
        );
    }

    /// What the engine and the worker get of a suite that a framework runs.
    #[test]
    fn a_framework_gets_its_options_and_overrides() {
        let dir = tempfile::tempdir().unwrap();
        let text = r#"
[resources]
ports = 4
db = 1
[suite.api]
framework = "pytest"
python = "missing/python"
args = ["-q"]
split = "class"
isolation = "file"
collect = "whole"
start = "spawn"
workers = 3
retries = 1
[[suite.api.override]]
tests = "a[*::x"
needs = { ports = 2, db = "shared" }
serial = true
weight = 2
timeout = "1m30s"
retries = 0
isolation = "test"
"#;
        std::fs::write(dir.path().join("paceline.toml"), text).unwrap();
        let config = crate::config::load(dir.path(), &GlobalArgs::default())
            .unwrap()
            .unwrap();
        let query = Query::default();
        let tools = Tools::to_show(&config.root);
        let selected = select(&config, &query, Overrides::default(), &tools).unwrap();
        let [suite] = &selected.plan.suites[..] else {
            panic!("{:?}", selected.plan);
        };
        assert_eq!((suite.framework, suite.retries), ("pytest", 1));
        let Work::Framework(framework) = &suite.work else {
            panic!("{:?}", suite.work);
        };
        assert!(!framework.fork);
        assert_eq!(framework.workers, Some(3));
        let mut options = framework.options.clone();
        options.remove("interpreter");
        assert_eq!(
            Value::Object(options),
            json!({
                "args": ["-q"],
                "split": "class",
                "isolation": "file",
                "collect": "whole",
                "cwd_on_path": true,
                "interactive": false,
                "overrides": [{
                    "tests": "a[*::x",
                    "needs": { "ports": 2, "db": "shared" },
                    "serial": true,
                    "weight": 2,
                    "timeout": 90.0,
                    "retries": 0,
                    "isolation": "test",
                }],
            })
        );
        // What is missing is a mistake only where it is going to run.
        let tools = Tools::to_run(&config.root);
        let error = select(&config, &query, Overrides::default(), &tools).unwrap_err();
        assert_eq!(error.diagnostics.len(), 1);
    }

    #[test]
    fn a_person_at_the_terminal_has_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        let text = "[suite.a]\nframework = \"pytest\"\n[suite.b]\ncommand = \"x\"\n";
        std::fs::write(dir.path().join("paceline.toml"), text).unwrap();
        let config = crate::config::load(dir.path(), &GlobalArgs::default())
            .unwrap()
            .unwrap();
        let query = Query {
            tests: TestQuery {
                interactive: Some(adapter::Interactive::Debugger),
                ..TestQuery::at(dir.path())
            },
            ..Query::default()
        };
        let tools = Tools::to_show(&config.root);
        let selected = select(&config, &query, Overrides::default(), &tools).unwrap();
        let suites = selected.plan.suites.iter();
        let serial: Vec<bool> = suites.map(|suite| suite.constraints.serial).collect();
        assert_eq!(serial, [true, false]);
    }
}
