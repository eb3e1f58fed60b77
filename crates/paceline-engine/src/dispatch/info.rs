//! What is told of a suite before it runs.

use std::path::Path;

use crate::event::SuiteInfo;
use crate::plan::{Need, Plan, Selection, Suite};

/// Describes a suite; paths are relative to `root` where they are below it. `log` is where people
/// find its log.
pub fn suite_info(plan: &Plan, suite: &Suite, root: &Path, log: Option<String>) -> SuiteInfo {
    let needs = suite.constraints.needs.iter().filter_map(|(id, need)| {
        let resource = &plan.resources[id.0];
        let name = &resource.name;
        (!resource.is_group).then(|| match need {
            Need::Amount(1) => name.to_string(),
            Need::Amount(n) => format!("{name} = {n}"),
            Need::Shared => format!("{name} = shared"),
            Need::Exclusive => format!("{name} = exclusive"),
        })
    });
    let depends_on = suite
        .depends_on
        .iter()
        .map(|id| plan.suite(*id).name.clone());
    SuiteInfo {
        name: suite.name.clone(),
        framework: suite.framework.to_owned(),
        description: suite.description.clone(),
        category: suite.category.clone(),
        command: suite.launch.display.clone(),
        dir: below(root, &suite.launch.dir),
        depends_on: depends_on.collect(),
        group: suite.group.clone(),
        needs: needs.collect(),
        weight: suite.constraints.weight,
        serial: suite.constraints.serial,
        allow_failure: suite.allow_failure,
        retries: suite.retries,
        timeout: suite.timeout,
        pulled_in_by: match &suite.selection {
            Selection::Selected => None,
            Selection::PulledIn { by } => Some(by.clone()),
        },
        expected: suite.expected,
        log,
    }
}

fn below(root: &Path, path: &Path) -> String {
    match path.strip_prefix(root) {
        Ok(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Ok(below) => below.display().to_string(),
        Err(_) => path.display().to_string(),
    }
}
