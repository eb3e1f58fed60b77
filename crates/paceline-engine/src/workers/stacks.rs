//! What is shown of the stacks of a worker's threads.

use std::fmt::Write as _;

/// Leaves out what a framework and its worker have at the end of each stack: the lines, as many as
/// there are, that contain one of the texts of `own`. A stack that has nothing else stays whole.
///
/// Stacks are lines that are indented.
pub(super) fn without_own(text: &str, own: &[String]) -> String {
    let is_own = |line: &&&str| {
        // So ends a stack that was too deep to be written in full.
        line.trim() == "..." || own.iter().any(|part| line.contains(&**part))
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut shown = String::with_capacity(text.len());
    for stack in lines.chunk_by(|a, b| is_frame(a) && is_frame(b)) {
        let count = stack.iter().rev().take_while(is_own).count();
        let left_out = if count == stack.len() { 0 } else { count };
        shown.extend(stack.iter().take(stack.len() - left_out).copied());
        if left_out > 0 {
            // Writing to a string does not fail.
            let _ = writeln!(shown, "  ({left_out} more of the framework)");
        }
    }
    shown
}

fn is_frame(line: &str) -> bool {
    line.starts_with([' ', '\t']) && !line.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [&str; 2] = ["/lib/_pytest/", "<frozen runpy>"];

    fn shown(text: &str) -> String {
        without_own(text, &OWN.map(str::to_owned))
    }

    #[test]
    fn what_a_test_did_not_call_is_left_out() {
        let text = r#"Thread 0x01 (most recent call first):
  File "/lib/python/threading.py", line 982 in run

Current thread 0x02 (most recent call first):
  File "/lib/_pytest/recwarn.py", line 9 in warns
  File "/repo/test_a.py", line 3 in test_hangs
  File "/lib/_pytest/python.py", line 187 in pytest_pyfunc_call
  File "/lib/_pytest/runner.py", line 184 in pytest_runtest_call
  File "<frozen runpy>", line 88 in _run_code
"#;
        let expected = r#"Thread 0x01 (most recent call first):
  File "/lib/python/threading.py", line 982 in run

Current thread 0x02 (most recent call first):
  File "/lib/_pytest/recwarn.py", line 9 in warns
  File "/repo/test_a.py", line 3 in test_hangs
  (3 more of the framework)
"#;
        assert_eq!(shown(text), expected);
    }

    #[test]
    fn a_stack_that_is_cut_off_is_as_good_as_a_whole_one() {
        let text = r#"  File "/repo/test_a.py", line 3 in test_hangs
  File "/lib/_pytest/python.py", line 187 in pytest_pyfunc_call
  ...
"#;
        let expected = r#"  File "/repo/test_a.py", line 3 in test_hangs
  (2 more of the framework)
"#;
        assert_eq!(shown(text), expected);
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for text in [
            "",
            "what a test printed\n  /lib/_pytest/x\n",
            "  File \"/lib/_pytest/a.py\", line 1 in a\n  File \"/lib/_pytest/b.py\", line 2 in b\n",
            "/lib/_pytest/ is where it is\r\n\n  ...\nno end",
        ] {
            assert_eq!(shown(text), text);
        }
        assert_eq!(
            without_own("a\n  b /lib/_pytest/\n", &[]),
            "a\n  b /lib/_pytest/\n"
        );
    }
}
