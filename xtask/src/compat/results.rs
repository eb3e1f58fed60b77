//! What a JUnit report says of each test.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// `classname` and `name`.
pub(crate) type Id = (String, String);

/// What is said of a test at one place: an element of its `testcase`, or that it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// `passed`, or the element's name.
    pub(crate) outcome: String,
    /// The attribute `type`.
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) text: String,
}

/// The findings of each test, sorted, whatever `testcase` elements they are spread over: pytest gives
/// a failure and the error of the same test's tear-down a `testcase` each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Results(pub(crate) BTreeMap<Id, Vec<Finding>>);

impl Results {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let document =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        Self::parse(&document).with_context(|| format!("reading {}", path.display()))
    }

    /// How many tests there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn parse(document: &str) -> Result<Self> {
        const ELEMENTS: [&str; 4] = ["failure", "error", "skipped", "warning"];
        let mut reader = Reader::from_str(document);
        reader.config_mut().expand_empty_elements = true;
        let mut results = Self::default();
        let mut is_whole = false;
        let mut case: Option<(Id, Vec<Finding>)> = None;
        // What is said of a test in attributes that only some frameworks write.
        let mut said = Finding::default();
        let mut open: Option<Finding> = None;
        loop {
            match reader.read_event()? {
                Event::Start(start) => match start.name().as_ref() {
                    "testcase" => {
                        let mut name = attribute(&start, "name")?;
                        let file = attribute(&start, "file")?;
                        // PHPUnit from 10 on leaves the directory out.
                        if Path::new(&name)
                            .extension()
                            .is_some_and(|extension| extension == "phpt")
                            && file.ends_with(&format!("/{name}"))
                        {
                            name = file;
                        }
                        let id = (attribute(&start, "classname")?, name);
                        said = Finding {
                            outcome: attribute(&start, "status")?,
                            message: attribute(&start, "assertions")?,
                            ..Finding::default()
                        };
                        case = Some((id, Vec::new()));
                    }
                    name if ELEMENTS.contains(&name) => {
                        open = Some(Finding {
                            outcome: name.to_owned(),
                            kind: attribute(&start, "type")?,
                            message: attribute(&start, "message")?,
                            text: String::new(),
                        });
                    }
                    _ => {}
                },
                Event::Text(text) => {
                    if let Some(finding) = &mut open {
                        finding.text.push_str(&text);
                    }
                }
                Event::CData(text) => {
                    if let Some(finding) = &mut open {
                        finding.text.push_str(&text);
                    }
                }
                Event::GeneralRef(reference) => {
                    if let Some(finding) = &mut open {
                        let name: &str = &reference;
                        finding.text.push_str(&unescape(&format!("&{name};"))?);
                    }
                }
                Event::End(end) => match end.name().as_ref() {
                    "testcase" => {
                        let (id, mut findings) =
                            case.take().context("a testcase ends that has not begun")?;
                        if findings.is_empty() {
                            let passed = || "passed".to_owned();
                            let outcome = Some(said.outcome.clone());
                            findings.push(Finding {
                                outcome: outcome
                                    .filter(|word| !word.is_empty())
                                    .unwrap_or_else(passed),
                                ..Finding::default()
                            });
                        }
                        if !said.message.is_empty() {
                            findings.push(Finding {
                                outcome: "assertions".to_owned(),
                                message: std::mem::take(&mut said.message),
                                ..Finding::default()
                            });
                        }
                        results.0.entry(id).or_default().extend(findings);
                    }
                    "testsuites" => is_whole = true,
                    name if ELEMENTS.contains(&name) => {
                        if let (Some(finding), Some((_, findings))) = (open.take(), &mut case) {
                            findings.push(finding);
                        }
                    }
                    _ => {}
                },
                Event::Eof => break,
                _ => {}
            }
        }
        ensure!(is_whole, "the report is cut off");
        for findings in results.0.values_mut() {
            findings.sort();
        }
        Ok(results)
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Result<String> {
    match start.try_get_attribute(name)? {
        Some(attribute) => Ok(unescape(&attribute.value)?.into_owned()),
        None => Ok(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_gathered_by_test() {
        let results = Results::parse(
            r#"<?xml version="1.0"?><testsuites><testsuite name="pytest">
              <testcase classname="a" name="x[&quot;]" time="0.1"/>
              <testcase classname="a" name="y"><failure message="assert 1&#10;two">E &gt; <![CDATA[<raw>]]></failure></testcase>
              <testcase classname="a" name="y"><error message="tear-down">E</error><system-out>no</system-out></testcase>
              <testcase classname="a" name="z"><skipped type="pytest.skip" message="why">a.py:1: why</skipped></testcase>
            </testsuite></testsuites>"#,
        )
        .unwrap();
        let finding = |outcome: &str, kind: &str, message: &str, text: &str| Finding {
            outcome: outcome.to_owned(),
            kind: kind.to_owned(),
            message: message.to_owned(),
            text: text.to_owned(),
        };
        let id = |name: &str| ("a".to_owned(), name.to_owned());
        assert_eq!(results.0[&id("x[\"]")], [finding("passed", "", "", "")]);
        assert_eq!(
            results.0[&id("y")],
            [
                finding("error", "", "tear-down", "E"),
                finding("failure", "", "assert 1\ntwo", "E > <raw>"),
            ]
        );
        assert_eq!(
            results.0[&id("z")],
            [finding("skipped", "pytest.skip", "why", "a.py:1: why")]
        );
        assert_eq!(results.len(), 3);
    }

    #[test]
    fn a_report_that_is_cut_off_is_refused() {
        assert!(Results::parse("<testsuites><testsuite>").is_err());
        assert!(Results::parse("").is_err());
    }
}
