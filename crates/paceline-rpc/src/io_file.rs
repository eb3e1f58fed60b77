//! `.io` files: requests and expected responses, without a line of Rust.
//!
//! ```text
//! // the balance of a new account is zero
//! >> {"jsonrpc":"2.0","id":1,"method":"open","params":["ada"]}
//! << {"jsonrpc":"2.0","id":1,"result":{"account":"<uuid>","balance":0}}
//! ```
//!
//! Lines that begin with `//` are comments; the first is the test's name. `>>` is sent as it is.
//! `<<` is what has to come next: the response to the request before it, or, if it has a `method`, a
//! notification. Expected responses are [patterns](crate::matching::Pattern), exact in their members,
//! so that a file without placeholders means what it says. Files of a directory are tests in the
//! order of their paths.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::client::Client;
use crate::context::Ctx;
use crate::failure::{Failure, TestResult};
use crate::human::shortened;
use crate::matching::Pattern;
use crate::test::Test;

/// Why a file is no test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IoFileError {
    /// It cannot be read.
    #[error("reading {path}: {error}")]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A line is not as it has to be.
    #[error("{path}:{line}: {why}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There is nothing to test.
    #[error("{path}: no `.io` file with a request")]
    Empty {
        /// The file or directory.
        path: PathBuf,
    },
}

/// One line that counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `>>`: sent as it is.
    Send {
        /// The line in the file.
        line: usize,
        /// The message.
        text: String,
    },
    /// `<<`: has to come.
    Expect {
        /// The line in the file.
        line: usize,
        /// What it has to match.
        pattern: Value,
    },
}

/// The content of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct IoFile {
    /// The first comment.
    pub name: Option<String>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

impl IoFile {
    /// Reads the text of a file; the path is for errors only.
    pub fn parse(text: &str, path: &Path) -> Result<Self, IoFileError> {
        let mut name = None;
        let mut steps = Vec::new();
        for (at, content) in text.lines().enumerate() {
            let line = at + 1;
            let wrong = |why: String| IoFileError::Line {
                path: path.to_owned(),
                line,
                why,
            };
            let content = content.trim();
            if let Some(comment) = content.strip_prefix("//") {
                let comment = comment.trim();
                if !comment.is_empty() {
                    name.get_or_insert_with(|| comment.to_owned());
                }
            } else if let Some(text) = content.strip_prefix(">>") {
                let text = text.trim().to_owned();
                steps.push(Step::Send { line, text });
            } else if let Some(expected) = content.strip_prefix("<<") {
                let pattern = serde_json::from_str(expected)
                    .map_err(|error| wrong(format!("the expected message is not JSON: {error}")))?;
                steps.push(Step::Expect { line, pattern });
            } else if !content.is_empty() {
                return Err(wrong(format!(
                    "expected `>>`, `<<` or `//`, got: {}",
                    shortened(content, 100)
                )));
            }
        }
        if !steps.iter().any(|step| matches!(step, Step::Send { .. })) {
            return Err(IoFileError::Empty {
                path: path.to_owned(),
            });
        }
        Ok(Self { name, steps })
    }

    /// Sends and expects what the file says.
    pub async fn run(&self, client: &Client, timeout: Duration) -> TestResult {
        for step in &self.steps {
            match step {
                Step::Send { line, text } => client
                    .send_raw(text)
                    .await
                    .map_err(|error| Failure::harness(format!("line {line}: {error}")))?,
                Step::Expect { line, pattern } => {
                    let got = next(client, pattern, timeout)
                        .await
                        .map_err(|why| Failure::harness(format!("line {line}: {why}")))?;
                    compare(*line, pattern, &got)?;
                }
            }
        }
        Ok(())
    }
}

/// The next notification of this method, or the next response.
async fn next(client: &Client, pattern: &Value, timeout: Duration) -> Result<Value, String> {
    let Some(method) = pattern.get("method").and_then(Value::as_str) else {
        // No call of the client's own is under way, so every response belongs to none.
        let response = client.next_unmatched(timeout).await;
        return response.map_err(|error| error.to_string());
    };
    let notification = client.wait_for(method, |_| true, timeout).await;
    let notification = notification.map_err(|error| error.to_string())?;
    let mut message = serde_json::json!({"jsonrpc": "2.0", "method": notification.method});
    if !notification.params.is_null() {
        message["params"] = notification.params;
    }
    Ok(message)
}

fn compare(line: usize, pattern: &Value, got: &Value) -> TestResult {
    let expected = Pattern::from(pattern.clone()).exact();
    let mismatches = expected.mismatches(got);
    if mismatches.is_empty() {
        return Ok(());
    }
    let mut message = format!("line {line}: the message is not as expected:");
    for mismatch in mismatches.iter().take(20) {
        let _ = write!(message, "\n  {mismatch}");
    }
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    Err(Failure::mismatch(message, pretty(pattern), pretty(got)))
}

/// The tests of a file, or of all files of a directory and those below it. Each is parallel, is
/// named by its path and its first comment, and has the tag `io`.
///
/// ```no_run
/// use paceline_rpc::{Harness, JsonRpc, io_tests};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let harness = Harness::new(JsonRpc::websocket("ws://127.0.0.1:9820/"))
///     .tests(io_tests("tests/io")?);
/// # drop(harness);
/// # Ok(())
/// # }
/// ```
pub fn io_tests(path: impl AsRef<Path>) -> Result<Vec<Test<Client>>, IoFileError> {
    let path = path.as_ref();
    let read = |path: &Path, error| IoFileError::Read {
        path: path.to_owned(),
        error,
    };
    let mut files = Vec::new();
    if path.is_dir() {
        let mut directories = vec![path.to_owned()];
        while let Some(directory) = directories.pop() {
            let entries = std::fs::read_dir(&directory).map_err(|error| read(&directory, error))?;
            for entry in entries {
                let found = entry.map_err(|error| read(&directory, error))?.path();
                if found.is_dir() {
                    directories.push(found);
                } else if found.extension().is_some_and(|extension| extension == "io") {
                    files.push(found);
                }
            }
        }
        files.sort();
    } else {
        files.push(path.to_owned());
    }
    if files.is_empty() {
        return Err(IoFileError::Empty {
            path: path.to_owned(),
        });
    }
    let mut tests = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|error| read(&file, error))?;
        let parsed = IoFile::parse(&text, &file)?;
        let shown = file.strip_prefix(path).unwrap_or(&file).with_extension("");
        let shown = if shown.as_os_str().is_empty() {
            file.file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        } else {
            shown.to_string_lossy().into_owned()
        };
        let name = match &parsed.name {
            Some(name) => format!("{shown}: {name}"),
            None => shown,
        };
        let body = move |cx: Ctx<Client>| {
            let parsed = parsed.clone();
            async move {
                let timeout = cx.client().inner.options.call_timeout;
                parsed.run(cx.client(), timeout).await
            }
        };
        tests.push(Test::new(name, body).in_file(&file).parallel().tag("io"));
    }
    Ok(tests)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<IoFile, IoFileError> {
        IoFile::parse(text, Path::new("a.io"))
    }

    #[test]
    fn a_file() {
        let file = parse("// adds\n//  more\n>> {\"id\":1}\n\n<< {\"id\":1}\n").unwrap();
        assert_eq!(file.name.as_deref(), Some("adds"));
        assert_eq!(
            file.steps,
            [
                Step::Send {
                    line: 3,
                    text: "{\"id\":1}".to_owned()
                },
                Step::Expect {
                    line: 5,
                    pattern: serde_json::json!({"id": 1})
                },
            ]
        );
    }

    #[test]
    fn mistakes_are_found_with_their_line() {
        let error = |text| parse(text).unwrap_err().to_string();
        assert_eq!(
            error(">> {}\n= 1"),
            "a.io:2: expected `>>`, `<<` or `//`, got: = 1"
        );
        assert!(error(">> {}\n<< {").starts_with("a.io:2: the expected message is not JSON:"));
        assert_eq!(error("// nothing"), "a.io: no `.io` file with a request");
    }
}
