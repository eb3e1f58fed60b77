//! Problems of frameworks that have words of their own for outcomes and kinds of failures.

use paceline_engine::event::{Problem, TestDetails, TestFinished};

use super::case::Element;

/// The element of a problem; `None` where readers would take it for a failure that it is not.
/// `message` is what the framework says of it, and `heading` goes before its text.
pub(super) fn element(
    test: &TestFinished,
    details: &TestDetails,
    problem: &Problem,
    message: Option<&str>,
    heading: &str,
) -> Option<Element> {
    let message = message.or(test.message.as_deref()).unwrap_or_default();
    let tag = match problem.outcome.as_str() {
        "skipped" => {
            let element = Element::new("skipped", message);
            return Some(match &details.native_outcome {
                Some(native) => element.kind(native),
                None => element,
            });
        }
        "failed" => "failure",
        "errored" | "crashed" | "timed-out" => "error",
        _ => return None,
    };
    let text = problem.text.as_deref().unwrap_or(message);
    let kind = problem.kind.as_deref().unwrap_or(&problem.outcome);
    let element = Element::new(tag, message).kind(kind);
    Some(element.text(format!("{heading}{text}")))
}
