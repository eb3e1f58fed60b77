//! `paceline list`.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use paceline_engine::dispatch::suite_info;
use paceline_engine::event::SuiteInfo;
use paceline_engine::plan::Plan;
use paceline_report::environment::Environment;
use serde::Serialize;

use crate::Context;
use crate::cli::{ListArgs, ListFormat};
use crate::exit::ExitCode;
use crate::select::{Overrides, Query, Tools, select};
use crate::targets::TestQuery;
use crate::terminal::print_result;
use crate::values::HumanDuration;

/// Shows the suites.
pub fn list(context: &Context, args: &ListArgs) -> ExitCode {
    let config = match context.config() {
        Ok(config) => config,
        Err(error) => return context.refuse(&error),
    };
    let query = Query::new(&args.suites, &args.selection, TestQuery::at(&context.cwd));
    let tools = Tools::to_show(&config.root);
    let selected = match select(&config, &query, Overrides::default(), &tools) {
        Ok(selected) => selected,
        Err(error) => return context.refuse(&error),
    };
    let plan = &selected.plan;
    if plan.suites.is_empty() {
        context.stderr.print("no suite is selected\n");
    }
    let suites = infos(plan, &config.root);
    let text = match args.format {
        ListFormat::Text => {
            let is_terminal = io::stdout().is_terminal();
            let color = context
                .global
                .color
                .decide(&Environment::from_process(), is_terminal);
            let default_timeout = config.file.timeout.get();
            Text {
                suites: &suites,
                evidence: &selected.evidence,
                default_timeout: HumanDuration(default_timeout),
                color,
            }
            .to_string()
        }
        ListFormat::Json => match serde_json::to_string_pretty(&Json { suites: &suites }) {
            Ok(json) => json + "\n",
            Err(error) => {
                context
                    .stderr
                    .print(&format!("error: cannot write JSON: {error}\n"));
                return ExitCode::Internal;
            }
        },
    };
    print_result(context.stderr, &text)
}

/// What `--format json` prints: the suites as the events of a run have them.
#[derive(Serialize)]
struct Json<'a> {
    suites: &'a [SuiteInfo],
}

/// The suites of a plan in the words of the events.
fn infos(plan: &Plan, root: &Path) -> Vec<SuiteInfo> {
    plan.suites
        .iter()
        .map(|suite| suite_info(plan, suite, root, None))
        .collect()
}

/// What `--format text` prints.
struct Text<'a> {
    suites: &'a [SuiteInfo],
    evidence: &'a BTreeMap<Arc<str>, String>,
    default_timeout: HumanDuration,
    color: bool,
}

const CATEGORY: Style = AnsiColor::Cyan.on_default().bold();
const DETAILS: Style = Style::new().dimmed();

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut categories: Vec<Option<&str>> = Vec::new();
        for suite in self.suites {
            let category = suite.category.as_deref();
            if category.is_some() && !categories.contains(&category) {
                categories.push(category);
            }
        }
        // Those without a category come last.
        categories.push(None);
        let names = self.suites.iter().map(|suite| suite.name.chars().count());
        let width = names.max().unwrap_or(0);
        let mut first = true;
        for category in categories {
            let of_category = |suite: &&SuiteInfo| suite.category.as_deref() == category;
            let mut suites = self.suites.iter().filter(of_category).peekable();
            if suites.peek().is_none() {
                continue;
            }
            if !first {
                writeln!(f)?;
            }
            first = false;
            let title = category.unwrap_or("(no category)");
            writeln!(f, "{}", self.painted(CATEGORY, title))?;
            for suite in suites {
                self.suite(f, suite, width)?;
            }
        }
        Ok(())
    }
}

impl Text<'_> {
    fn suite(&self, f: &mut fmt::Formatter<'_>, suite: &SuiteInfo, width: usize) -> fmt::Result {
        let about = suite.description.as_deref().unwrap_or(&suite.command);
        let mut lines = about.lines();
        let about = lines.next().unwrap_or_default();
        let more = if lines.next().is_some() { " ..." } else { "" };
        writeln!(f, "  {:width$}  {about}{more}", suite.name)?;
        let details = self.details(suite);
        if !details.is_empty() {
            let details = details.join("; ");
            writeln!(f, "  {:width$}  {}", "", self.painted(DETAILS, &details))?;
        }
        Ok(())
    }

    /// What is particular about a suite.
    fn details(&self, suite: &SuiteInfo) -> Vec<String> {
        let mut details = Vec::new();
        if let Some(evidence) = self.evidence.get(&suite.name) {
            details.push(format!("{} with {evidence}", suite.framework));
        }
        if !suite.depends_on.is_empty() {
            details.push(format!("after {}", suite.depends_on.join(", ")));
        }
        details.extend(suite.group.as_ref().map(|group| format!("group {group}")));
        if !suite.needs.is_empty() {
            details.push(format!("needs {}", suite.needs.join(", ")));
        }
        if suite.weight > 1 {
            details.push(format!("weight {}", suite.weight));
        }
        if suite.serial {
            details.push("serial".to_owned());
        }
        if suite.allow_failure {
            details.push("may fail".to_owned());
        }
        match suite.retries {
            0 => {}
            1 => details.push("1 retry".to_owned()),
            retries => details.push(format!("{retries} retries")),
        }
        let timeout = HumanDuration(suite.timeout);
        if timeout != self.default_timeout {
            details.push(format!("timeout {timeout}"));
        }
        if let Some(by) = &suite.pulled_in_by {
            details.push(format!("pulled in by {by}"));
        }
        details
    }

    fn painted(&self, style: Style, text: &str) -> String {
        if self.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}
