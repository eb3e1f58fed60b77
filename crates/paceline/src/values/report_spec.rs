//! A report that was asked for: `junit=FILE`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// A report to write, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSpec {
    /// What to write.
    pub kind: ReportKind,
    /// The file, relative to the working directory.
    pub path: PathBuf,
}

/// The kinds of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportKind {
    /// JUnit XML.
    Junit,
    /// The JSON report, as in the log directory.
    Json,
}

/// A text that is not a [`ReportSpec`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidReportSpec {
    /// There is no `=`.
    #[error("`{0}` does not say what to write and where; write it like `junit=report.xml`")]
    NoFile(String),
    /// The kind does not exist.
    #[error("`{0}` is not a kind of report; the kinds are `junit` and `json`")]
    UnknownKind(String),
    /// Nothing follows the `=`.
    #[error("the file for the `{0}` report is missing")]
    EmptyFile(ReportKind),
}

impl FromStr for ReportKind {
    type Err = InvalidReportSpec;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "junit" => Ok(Self::Junit),
            "json" => Ok(Self::Json),
            other => Err(InvalidReportSpec::UnknownKind(other.to_owned())),
        }
    }
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Junit => "junit",
            Self::Json => "json",
        })
    }
}

impl FromStr for ReportSpec {
    type Err = InvalidReportSpec;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((kind, path)) = text.split_once('=') else {
            return Err(InvalidReportSpec::NoFile(text.to_owned()));
        };
        let kind = kind.parse()?;
        if path.is_empty() {
            return Err(InvalidReportSpec::EmptyFile(kind));
        }
        Ok(Self {
            kind,
            path: path.into(),
        })
    }
}

impl fmt::Display for ReportSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.kind, self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_kind_and_a_file() {
        let spec: ReportSpec = "junit=out/a=b.xml".parse().unwrap();
        assert_eq!(spec.kind, ReportKind::Junit);
        assert_eq!(spec.path, PathBuf::from("out/a=b.xml"));
        assert_eq!(spec.to_string(), "junit=out/a=b.xml");
    }

    #[test]
    fn refuses_what_is_incomplete() {
        let parse = |text: &str| text.parse::<ReportSpec>().unwrap_err();
        assert_eq!(parse("junit"), InvalidReportSpec::NoFile("junit".into()));
        assert_eq!(parse("xml=f"), InvalidReportSpec::UnknownKind("xml".into()));
        assert_eq!(
            parse("json="),
            InvalidReportSpec::EmptyFile(ReportKind::Json)
        );
    }
}
