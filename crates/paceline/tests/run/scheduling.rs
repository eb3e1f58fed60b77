//! What may run beside what, shown by suites that wait for one another.

use crate::environment::TestEnvironment;

/// A command that ends only if `other` has begun while it runs.
fn meets(own: &str, other: &str) -> String {
    format!("touch {own}; until test -e {other}; do sleep 0.01; done")
}

/// A command that fails if one of the same kind runs at the same time.
const ALONE: &str = "mkdir busy || exit 1; sleep 0.02; rmdir busy";

#[test]
fn suites_run_beside_each_other() {
    let env = TestEnvironment::with_config(&format!(
        "jobs = 2\n[suite.a]\ncommand = '{}'\n[suite.b]\ncommand = '{}'\n",
        meets("a", "b"),
        meets("b", "a"),
    ));
    env.expect(0, &[]);
}

#[test]
fn members_of_a_group_that_wait_hold_no_slot() {
    let env = TestEnvironment::with_config(&format!(
        r#"
        jobs = 2
        [suite.first]
        group = "g"
        command = "{}"
        [suite.second]
        group = "g"
        command = "true"
        [suite.third]
        group = "g"
        command = "true"
        [suite.free]
        command = "{}"
        "#,
        meets("first", "free"),
        meets("free", "first"),
    ));
    env.expect(0, &[]);
}

#[test]
fn members_of_a_group_run_one_at_a_time() {
    let suites: String = (0..8)
        .map(|i| format!("[suite.s{i}]\ngroup = 'g'\ncommand = '{ALONE}'\n"))
        .collect();
    let env = TestEnvironment::with_config(&format!("jobs = 4\n{suites}"));
    env.expect(0, &[]);
}

#[test]
fn a_resource_is_shared_by_those_that_share_it_and_by_nobody_else() {
    let env = TestEnvironment::with_config(&format!(
        r#"
        jobs = 4
        [resources]
        db = 1
        [suite.reader-a]
        needs = {{ db = "shared" }}
        command = "{}"
        [suite.reader-b]
        needs = {{ db = "shared" }}
        command = "{}"
        [suite.writer-a]
        needs = ["db"]
        command = "{ALONE}"
        [suite.writer-b]
        needs = ["db"]
        command = "{ALONE}"
        "#,
        meets("a", "b"),
        meets("b", "a"),
    ));
    env.expect(0, &[]);
}

#[test]
fn a_serial_suite_runs_beside_nothing() {
    let others: String = (0..6)
        .map(|i| format!("[suite.s{i}]\ncommand = 'touch run.{i}; sleep 0.02; rm run.{i}'\n"))
        .collect();
    let env = TestEnvironment::with_config(&format!(
        "jobs = 4\n{others}[suite.alone]\nserial = true\ncommand = '! ls run.*'\n"
    ));
    env.expect(0, &[]);
}

#[test]
fn a_heavy_suite_takes_as_many_slots_as_it_weighs() {
    let env = TestEnvironment::with_config(&format!(
        r#"
        jobs = 2
        [suite.heavy-a]
        weight = 2
        command = "{ALONE}"
        [suite.heavy-b]
        weight = 7
        command = "{ALONE}"
        "#
    ));
    env.expect(0, &[]);
}

#[test]
fn the_longest_of_the_last_run_starts_first() {
    let env = TestEnvironment::with_config(
        r#"
        jobs = 1
        [suite.short]
        command = "true"
        [suite.long]
        command = "sleep 0.3"
        "#,
    );
    env.expect(0, &[]);
    let run = env.expect(0, &["--dry-run"]);
    let at = |suite: &str| run.stdout.find(suite).unwrap_or_else(|| panic!("{run}"));
    assert!(at(" long ") < at(" short "), "{run}");
}

#[test]
fn a_framework_is_expected_to_take_its_boot_and_its_tests() {
    let Some(env) = crate::ruby::suite(
        "minitest",
        "",
        &[(
            "test/test_a.rb",
            "require 'minitest/autorun'\nclass TestA < Minitest::Test\ndef test_it; end\nend\n",
        )],
    ) else {
        return;
    };
    let config = env.read("paceline.toml");
    env.write(
        "paceline.toml",
        &format!("jobs = 1\n{config}[suite.long]\ncommand = 'sleep 3'\n"),
    );
    // Not known, it is tried first.
    let order = |text: &str| text.find(" unit ") < text.find(" long ");
    assert!(order(&env.expect(0, &["--dry-run"]).stdout));
    env.expect(0, &[]);
    let run = env.expect(0, &["--dry-run"]);
    assert!(!order(&run.stdout), "{run}");
    let unit = run.stdout.lines().find(|line| line.contains(" unit "));
    assert!(!unit.unwrap().contains('?'), "{run}");
}

#[test]
fn a_dry_run_tells_a_suite_that_never_ended_by_itself_and_quotes_directories() {
    let env = TestEnvironment::with_config(
        r#"
        [suite.hangs]
        dir = "a b"
        timeout = "10ms"
        command = "sleep 60"
        [suite.ends]
        command = "exit 1"
        "#,
    );
    env.write("a b/here", "");
    env.expect(1, &[]);
    let run = env.expect(0, &["--dry-run", "-v"]);
    let head = "would run 2 suites on ";
    let tail = "; 1 of them has never run to its end and is taken to be long\n";
    let line = run.stdout.split_inclusive('\n').next().unwrap_or_default();
    assert!(line.starts_with(head) && line.ends_with(tail), "{run}");
    assert!(run.stdout.contains("(cd '[DIR]/a b' && sleep 60)"), "{run}");
}

#[test]
fn a_thousand_suites_are_all_reported() {
    let suites: String = (0..1000)
        .map(|i| format!("[suite.s{i}]\ncommand = ['true']\n"))
        .collect();
    let env = TestEnvironment::with_config(&suites);
    env.expect(0, &["-j", "8"]);
    let report = env.report();
    assert_eq!(report.summary(), [1000, 1000, 0, 0]);
    let names: Vec<String> = report.0["suites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|suite| suite["name"].as_str().unwrap().to_owned())
        .collect();
    let configured: Vec<String> = (0..1000).map(|i| format!("s{i}")).collect();
    assert_eq!(names, configured);
}
