use std::time::Duration;

use paceline_adapters::adapter::Interactive;
use paceline_engine::plan::{Constraints, Need, Plan, ResourceId, Selection, SuiteId, Work};
use serde_json::{Value, json};

use super::{Overrides, Query, Tools, select};
use crate::cli::GlobalArgs;
use crate::config::Config;
use crate::targets::TestQuery;
use crate::values::Name;

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
            interactive: Some(Interactive::Debugger),
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
