//! Annotations for GitHub Actions, which Forgejo and Gitea understand too.

use std::fmt::Write as _;

use super::failures::{failed, last_lines};
use super::words;
use crate::model::Model;
use crate::naming;
use crate::sanitize::{self, Styles};

/// GitHub shows so many for each step and drops the rest without a word.
const ANNOTATIONS: usize = 10;
/// So many of the last lines of output go into an annotation.
const LINES: usize = 5;

/// An annotation for each failure, as far as they are shown.
pub(super) fn annotations(model: &Model) -> String {
    // Those that fail the run first: there may not be room for all.
    let (allowed, blocking): (Vec<_>, Vec<_>) =
        failed(model).partition(|(suite, test)| suite.is_allowed(test.outcome));
    let all: Vec<_> = blocking.into_iter().chain(allowed).collect();
    let mut text = String::new();
    for (number, (suite, test)) in all.iter().take(ANNOTATIONS).enumerate() {
        let level = if suite.is_allowed(test.outcome) {
            "warning"
        } else {
            "error"
        };
        let (status, _) = words::test_status(suite, test);
        let at = model
            .run
            .as_ref()
            .and_then(|run| naming::location(&run.root, &suite.info, test));
        let mut place = String::new();
        // A file outside of the repository has no place in it to show the annotation at.
        if let Some((file, line)) = at.filter(|(file, _)| !file.starts_with('/')) {
            // Writing to a string does not fail.
            let _ = write!(place, "file={},", property(&file));
            if let Some(line) = line {
                let _ = write!(place, "line={line},");
            }
        }
        let mut message = sanitize::plain(test.message.as_deref().unwrap_or_default().as_bytes());
        if let Some(attempt) = test.attempts.last() {
            for line in last_lines(attempt, LINES, Styles::Strip).0 {
                message.push('\n');
                message.push_str(&line);
            }
        }
        if number + 1 == ANNOTATIONS && all.len() > ANNOTATIONS {
            let more = all.len() - ANNOTATIONS;
            // Writing to a string does not fail.
            let _ = write!(message, "\nand {more} more failures in the job summary");
        }
        let name = naming::test(&suite.info, test);
        let title = property(&format!("{status} {name}"));
        let _ = writeln!(text, "::{level} {place}title={title}::{}", data(&message));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Keep;
    use crate::test_events::{Script, eventful, suite};

    fn annotations_of(events: &[paceline_engine::event::Event]) -> String {
        let mut model = Model::new(Keep::Notable);
        for event in events {
            model.event(event);
        }
        annotations(&model)
    }

    #[test]
    fn each_failure_is_annotated_and_allowed_ones_come_last_as_warnings() {
        insta::assert_snapshot!(annotations_of(&eventful()), @"
        ::error title=FAIL integration::exit code 1%0A--- FAIL: TestPut (0.10s)%0A    put_test.go:12: got 1, want 2%0AFAIL
        ::error title=TIMEOUT hang::timed out after 5s
        ::error title=SIGSEGV segv::signal 11 (SIGSEGV)
        ::error title=ERROR missing::cannot start gmake: no such file or directory
        ::warning title=FAIL lint::exit code 1%0AE501 line too long
        ");
    }

    #[test]
    fn at_most_ten_and_the_tenth_says_how_many_are_missing() {
        let names: Vec<String> = (0..14).map(|i| format!("s{i}")).collect();
        let mut script = Script::new(1, names.iter().map(|name| suite(name)).collect());
        for name in &names {
            script.start(name).fail(name, "");
        }
        let text = annotations_of(&script.finish().events);
        assert_eq!(text.lines().count(), 10);
        assert!(
            text.ends_with("%0Aand 4 more failures in the job summary\n"),
            "{text}"
        );
    }

    #[test]
    fn what_has_a_meaning_in_commands_is_escaped() {
        let mut script = Script::new(1, vec![suite("a:b,c")]);
        script
            .start("a:b,c")
            .fail("a:b,c", "100 %\n::error::fake\n")
            .finish();
        assert_eq!(
            annotations_of(&script.events),
            "::error title=FAIL a%3Ab%2Cc::exit code 1%0A100 %25%0A::error::fake\n"
        );
    }
}
