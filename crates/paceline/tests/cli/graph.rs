//! `paceline graph`.

use insta::assert_snapshot;

use crate::environment::TestEnvironment;

const SUITES: &str = r#"
[suite.build]
command = "x"

[suite."web/unit"]
command = "x"
depends-on = ["build"]

[suite.e2e]
command = "x"
depends-on = ["web/unit", "build"]
group = "the \"one\" & only; #1"

[suite.load]
command = "x"
group = "the \"one\" & only; #1"
serial = true

[suite.lint]
command = "x"
"#;

#[test]
fn text_has_layers_and_groups() {
    let environment = TestEnvironment::with_config(SUITES);
    assert_snapshot!(environment.run(["graph"]), @r#"
    exit code 0
    ---- stdout
    at once
      build
      load      alone
      lint

    then
      web/unit  after build

    then
      e2e       after web/unit, build

    one at a time
      the "one" & only; #1: e2e, load
    "#);
}

#[test]
fn dot_is_quoted() {
    let environment = TestEnvironment::with_config(SUITES);
    assert_snapshot!(environment.run(["graph", "--format", "dot"]), @r#"
    exit code 0
    ---- stdout
    digraph suites {
      rankdir = LR;
      node [shape = box];
      "build";
      "web/unit";
      "lint";
      subgraph cluster_0 {
        label = "group the \"one\" & only; #1";
        "e2e";
        "load";
      }
      "build" -> "web/unit";
      "web/unit" -> "e2e";
      "build" -> "e2e";
    }
    "#);
}

#[test]
fn mermaid_is_escaped() {
    let environment = TestEnvironment::with_config(SUITES);
    assert_snapshot!(environment.run(["graph", "--format", "mermaid"]), @r#"
    exit code 0
    ---- stdout
    flowchart LR
      s0["build"]
      s1["web/unit"]
      s4["lint"]
      subgraph g0["group the #34;one#34; #38; only#59; #35;1"]
        s2["e2e"]
        s3["load"]
      end
      s0 --> s1
      s1 --> s2
      s0 --> s2
    "#);
}

#[test]
fn shows_a_selection_only() {
    let environment = TestEnvironment::with_config(SUITES);
    assert_snapshot!(environment.run(["graph", "web/unit"]), @"
    exit code 0
    ---- stdout
    at once
      build

    then
      web/unit  after build
    ");
    assert_snapshot!(environment.run(["graph", "web/unit", "--no-deps", "--format", "dot"]), @r#"
    exit code 0
    ---- stdout
    digraph suites {
      rankdir = LR;
      node [shape = box];
      "web/unit";
    }
    "#);
}
