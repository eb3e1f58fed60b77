//! Documents are held against what Jenkins' schema says of elements and attributes.

use std::collections::BTreeMap;

use quick_xml::Reader;

use super::*;
use crate::test_events::{Script, crashed, errored, eventful, suite, timed_out};

pub(super) fn junit(events: &[Event]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out/junit.xml");
    let mut report = JunitReport::new(&path, Some("ci-1".to_owned()));
    for event in events {
        report.event(event).unwrap();
    }
    report.finish().unwrap();
    std::fs::read_to_string(path).unwrap()
}

/// An element with everything in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

fn parse(document: &str) -> Element {
    let mut reader = Reader::from_str(document);
    let mut open = vec![Element::default()];
    let element = |start: &BytesStart<'_>| Element {
        name: start.name().as_ref().to_owned(),
        attributes: start
            .attributes()
            .map(|attribute| {
                let attribute = attribute.unwrap();
                let name = attribute.key.as_ref().to_owned();
                let value = attribute.value.into_owned();
                (
                    name,
                    quick_xml::escape::unescape(&value).unwrap().into_owned(),
                )
            })
            .collect(),
        ..Element::default()
    };
    loop {
        match reader.read_event().unwrap() {
            Xml::Start(start) => open.push(element(&start)),
            Xml::Empty(start) => open.last_mut().unwrap().children.push(element(&start)),
            Xml::End(_) => {
                let done = open.pop().unwrap();
                open.last_mut().unwrap().children.push(done);
            }
            Xml::Text(text) => {
                open.last_mut().unwrap().text.push_str(&text);
            }
            Xml::GeneralRef(reference) => {
                let name: &str = &reference;
                let text = quick_xml::escape::unescape(&format!("&{name};"))
                    .unwrap()
                    .into_owned();
                open.last_mut().unwrap().text.push_str(&text);
            }
            Xml::Eof => break,
            _ => {}
        }
    }
    open.pop().unwrap().children.pop().unwrap()
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> usize {
        self.attribute(name).parse().unwrap()
    }

    fn count(&self, name: &str) -> usize {
        usize::from(self.name == name)
            + self
                .children
                .iter()
                .map(|child| child.count(name))
                .sum::<usize>()
    }

    pub(super) fn all<'a>(&'a self, name: &str, found: &mut Vec<&'a Element>) {
        if self.name == name {
            found.push(self);
        }
        for child in &self.children {
            child.all(name, found);
        }
    }
}

/// What Jenkins' schema says: for each element its attributes, of these the required ones, and
/// its children.
fn assert_schema(element: &Element) {
    const RERUN: (&[&str], &[&str], &[&str]) = (
        &["message", "type"],
        &["type"],
        &["stackTrace", "system-out", "system-err"],
    );
    let (attributes, required, children): (&[&str], &[&str], &[&str]) = match element.name.as_str()
    {
        "testsuites" => (
            &["name", "time", "tests", "failures", "errors"],
            &[],
            &["testsuite"],
        ),
        "testsuite" => (
            &[
                "name",
                "tests",
                "failures",
                "errors",
                "group",
                "time",
                "skipped",
                "timestamp",
                "hostname",
                "id",
                "package",
                "file",
                "log",
                "url",
                "version",
            ],
            &["name", "tests", "failures", "errors"],
            &[
                "testsuite",
                "properties",
                "testcase",
                "system-out",
                "system-err",
            ],
        ),
        "properties" => (&[], &[], &["property"]),
        "property" => (&["name", "value"], &["name", "value"], &[]),
        "testcase" => (
            &[
                "name",
                "time",
                "classname",
                "group",
                "class",
                "file",
                "line",
                "assertions",
                "status",
            ],
            &["name", "classname"],
            &[
                "skipped",
                "error",
                "failure",
                "rerunFailure",
                "rerunError",
                "flakyFailure",
                "flakyError",
                "system-out",
                "system-err",
            ],
        ),
        "failure" | "error" | "skipped" => (&["type", "message"], &[], &[]),
        "rerunFailure" | "rerunError" | "flakyFailure" | "flakyError" => RERUN,
        "stackTrace" | "system-out" | "system-err" => (&[], &[], &[]),
        other => panic!("no element of the schema: {other}"),
    };
    for name in element.attributes.keys() {
        assert!(
            attributes.contains(&name.as_str()),
            "{}@{name}",
            element.name
        );
    }
    for name in required {
        assert!(
            element.attributes.contains_key(*name),
            "{}@{name} is missing",
            element.name
        );
    }
    if let Some(time) = element.attributes.get("time") {
        let (whole, decimals) = time.split_once('.').unwrap();
        assert!(
            whole.parse::<u64>().is_ok() && decimals.len() == 3,
            "{time}"
        );
    }
    for child in &element.children {
        assert!(
            children.contains(&child.name.as_str()),
            "{} in {}",
            child.name,
            element.name
        );
        assert_schema(child);
    }
    if element.name == "testsuite" || element.name == "testsuites" {
        assert_eq!(element.number("tests"), element.count("testcase"));
        assert_eq!(element.number("failures"), element.count("failure"));
        assert_eq!(element.number("errors"), element.count("error"));
    }
    if element.name == "testsuite" {
        assert_eq!(element.number("skipped"), element.count("skipped"));
    }
}

pub(super) fn assert_valid(document: &str) -> Element {
    let root = parse(document);
    assert_eq!(root.name, "testsuites");
    assert_schema(&root);
    let mut cases = Vec::new();
    root.all("testcase", &mut cases);
    let names: HashSet<(&str, &str)> = cases
        .iter()
        .map(|case| (case.attribute("classname"), case.attribute("name")))
        .collect();
    assert_eq!(names.len(), cases.len(), "names are unique");
    root
}

#[test]
fn a_run_with_everything() {
    let document = junit(&eventful());
    assert_valid(&document);
    insta::assert_snapshot!(document, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="paceline" time="7.600" tests="9" failures="2" errors="3">
      <testsuite name="unit" tests="1" failures="0" errors="0" skipped="0" time="2.600" timestamp="2026-11-20T15:00:00Z" hostname="ci-1" id="0" package="command" log=".paceline/logs/unit.log">
        <properties>
          <property name="paceline.run_id" value="01K3F9"/>
          <property name="paceline.command" value="make unit"/>
          <property name="paceline.dir" value="."/>
        </properties>
        <testcase name="unit" classname="command.unit" time="1.400">
          <flakyFailure type="failed" message="exit code 1">
            <stackTrace>connection refused
    </stackTrace>
          </flakyFailure>
        </testcase>
      </testsuite>
      <testsuite name="lint" tests="1" failures="1" errors="0" skipped="0" time="0.410" timestamp="2026-11-20T15:00:00Z" hostname="ci-1" id="1" package="command" log=".paceline/logs/lint.log">
        <properties>
          <property name="paceline.run_id" value="01K3F9"/>
          <property name="paceline.command" value="make lint"/>
          <property name="paceline.dir" value="."/>
          <property name="paceline.allow_failure" value="true"/>
        </properties>
        <testcase name="lint" classname="command.lint" time="0.410">
          <failure type="failed" message="exit code 1">exit code 1
    E501 line too long
    </failure>
        </testcase>
      </testsuite>
      <testsuite name="integration" tests="1" failures="1" errors="0" skipped="0" time="3.790" timestamp="2026-11-20T15:00:00Z" hostname="ci-1" id="2" package="command" log=".paceline/logs/integration.log">
        <properties>
          <property name="paceline.run_id" value="01K3F9"/>
          <property name="paceline.command" value="go test ./..."/>
          <property name="paceline.dir" value="services/go proxy"/>
          <property name="paceline.category" value="integration"/>
        </properties>
        <testcase name="integration" classname="command.integration" time="2.200">
          <failure type="failed" message="exit code 1">exit code 1
    first try
    </failure>
          <rerunFailure type="failed" message="exit code 1">
            <stackTrace>--- FAIL: TestPut (0.10s)
        put_test.go:12: got 1, want 2
    FAIL
    </stackTrace>
          </rerunFailure>
        </testcase>
      </testsuite>
      <testsuite name="deploy" tests="1" failures="0" errors="0" skipped="1" time="0.000" timestamp="2026-11-20T15:00:00Z" hostname="ci-1" id="3" package="command" log=".paceline/logs/deploy.log">
        <properties>
          <property name="paceline.run_id" value="01K3F9"/>
          <property name="paceline.command" value="make deploy"/>
          <property name="paceline.dir" value="."/>
        </properties>
        <testcase name="deploy" classname="command.deploy" time="0.000">
          <skipped message="needs integration, which failed"/>
        </testcase>
      </testsuite>
      <testsuite name="smoke" tests="1" failures="0" errors="0" skipped="1" time="0.000" timestamp="2026-11-20T15:00:00Z" hostname="ci-1" id="4" package="command" log=".paceline/logs/smoke.log">
        <properties>
          <property name="paceline.run_id" value="01K3F9"/>
          <property name="paceline.command" value="make smoke"/>
          <property name="paceline.dir" value="."/>
        </properties>
        <testcase name="smoke" classname="command.smoke" time="0.000">
          <skipped message="needs deploy, which needs integration, which failed"/>
        </testcase>
      </testsuite>
      <testsuite name="hang" tests="1" failures="0" errors="1" skipped="0" time="5.000" timestamp="2026-11-20T15:00:02Z" hostname="ci-1" id="5" package="command" log=".paceline/logs/hang.log">
        <properties>
          <property name="paceline.run_id" value="01K3F9"/>
          <property name="paceline.command" value="make hang"/>
          <property name="paceline.dir" value="."/>
        </properties>
        <testcase name="hang" classname="command.hang" time="5.000">
          <error type="timed out" message="timed out after 5s">timed out after 5s
    </error>
        </testcase>
      </testsuite>
      <testsuite name="segv" tests="1" failures="0" errors="1" skipped="0" time="0.100" timestamp="2026-11-20T15:00:04Z" hostname="ci-1" id="6" package="command" log=".paceline/logs/segv.log">
        <properties>
          <property name="paceline.run_id" value="01K3F9"/>
          <property name="paceline.command" value="make segv"/>
          <property name="paceline.dir" value="."/>
        </properties>
        <testcase name="segv" classname="command.segv" time="0.100">
          <error type="crashed" message="signal 11 (SIGSEGV)">signal 11 (SIGSEGV)
    </error>
        </testcase>
      </testsuite>
      <testsuite name="missing" tests="1" failures="0" errors="1" skipped="0" time="0.000" timestamp="2026-11-20T15:00:04Z" hostname="ci-1" id="7" package="command" log=".paceline/logs/missing.log">
        <properties>
          <property name="paceline.run_id" value="01K3F9"/>
          <property name="paceline.command" value="make missing"/>
          <property name="paceline.dir" value="."/>
        </properties>
        <testcase name="missing" classname="command.missing" time="0.000">
          <error type="errored" message="cannot start gmake: no such file or directory">cannot start gmake: no such file or directory
    </error>
        </testcase>
      </testsuite>
      <testsuite name="quick" tests="1" failures="0" errors="0" skipped="0" time="0.050" timestamp="2026-11-20T15:00:04Z" hostname="ci-1" id="8" package="command" log=".paceline/logs/quick.log">
        <properties>
          <property name="paceline.run_id" value="01K3F9"/>
          <property name="paceline.command" value="make quick"/>
          <property name="paceline.dir" value="."/>
        </properties>
        <testcase name="quick" classname="command.quick" time="0.050"/>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn a_run_that_broke_off_at_any_point_makes_a_valid_document() {
    let events = eventful();
    for end in 1..=events.len() {
        let root = assert_valid(&junit(&events[..end]));
        assert_eq!(root.count("testsuite"), 9);
        assert_eq!(root.count("testcase"), 9);
    }
}

#[test]
fn what_never_passed_has_its_first_attempt_and_reruns_of_their_own_kinds() {
    let mut retried = suite("a");
    retried.retries = 3;
    let mut script = Script::new(1, vec![retried]);
    script
        .start("a")
        .fail_and_retry("a", "one\n")
        .fail_and_retry("a", "two\n");
    script
        .fail_and_retry("a", "three\n")
        .end("a", timed_out)
        .finish();
    let root = assert_valid(&junit(&script.events));
    let mut cases = Vec::new();
    root.all("testcase", &mut cases);
    let kinds: Vec<&str> = cases[0]
        .children
        .iter()
        .map(|child| child.name.as_str())
        .collect();
    assert_eq!(
        kinds,
        ["failure", "rerunFailure", "rerunFailure", "rerunError"]
    );
    assert_eq!(cases[0].children[0].text, "exit code 1\none\n");
    assert_eq!(
        cases[0].children[3].attribute("message"),
        "timed out after 5s"
    );
}

#[test]
fn crashes_and_what_cannot_start_are_errors() {
    let mut script = Script::new(1, vec![suite("a"), suite("b")]);
    script
        .start("a")
        .end("a", crashed)
        .start("b")
        .end("b", errored)
        .finish();
    let root = assert_valid(&junit(&script.events));
    assert_eq!((root.number("failures"), root.number("errors")), (0, 2));
}

#[test]
fn text_is_stripped_of_what_xml_cannot_have_and_escaped() {
    let mut script = Script::new(1, vec![suite("a<b>\"&'")]);
    script
        .start("a<b>\"&'")
        .fail(
            "a<b>\"&'",
            "\u{1b}[31m<&>\u{1b}[0m\0\u{c}\u{ffff}]]>\u{fffd}\n",
        )
        .finish();
    let document = junit(&script.events);
    let root = assert_valid(&document);
    let mut failures = Vec::new();
    root.all("failure", &mut failures);
    assert_eq!(failures[0].text, "exit code 1\n<&>]]>\u{fffd}\n");
    assert_eq!(root.children[0].attribute("name"), "a<b>\"&'");
    assert!(!document.contains("]]>"), "{document}");
}

#[test]
fn names_that_occur_twice_are_told_apart() {
    let mut script = Script::new(1, vec![suite("a")]);
    script.start("a").pass("a").finish();
    let mut events = script.events.clone();
    let test = events.iter().position(|event| {
        matches!(
            event.kind,
            paceline_engine::event::EventKind::TestFinished(_)
        )
    });
    let again = events[test.unwrap()].clone();
    events.insert(test.unwrap(), again);
    let root = assert_valid(&junit(&events));
    let mut cases = Vec::new();
    root.all("testcase", &mut cases);
    assert_eq!(cases[1].attribute("name"), "a (2)");
}
