//! Options about tests that the selected suites may not have.

use paceline_adapters::adapter::{Adapter, TestOption};

use super::query::TestQuery;
use crate::diagnostic::Diagnostic;

/// Options that no suite among `adapters`, those of the selected suites, understands.
pub(crate) fn not_understood(
    query: &TestQuery,
    adapters: &[Option<&'static dyn Adapter>],
) -> Vec<Diagnostic> {
    let understands = |adapter: &dyn Adapter, option| adapter.options().contains(&option);
    let of_nobody = query.used().into_iter().filter(|(option, _)| {
        let mut known = adapters.iter().copied().flatten();
        !known.any(|adapter| understands(adapter, *option))
    });
    let mistake = |(_, written): (TestOption, &str)| {
        let title = match written {
            "--" => "no selected suite takes arguments after `--`".to_owned(),
            _ => format!("no selected suite understands `{written}`"),
        };
        let all_commands = adapters.iter().all(Option::is_none);
        let mistake = Diagnostic::new(title);
        if all_commands {
            mistake.note("suites with a `command` run as a whole")
        } else {
            mistake
        }
    };
    of_nobody.map(mistake).collect()
}

/// Whether a suite can be narrowed as the query asks. What cannot is left out, as it would run in
/// full.
pub(crate) fn can_be_narrowed(query: &TestQuery, adapter: Option<&'static dyn Adapter>) -> bool {
    let options = adapter.map_or(&[][..], Adapter::options);
    (query.keyword.is_none() || options.contains(&TestOption::Keyword))
        && (query.markers.is_none() || options.contains(&TestOption::Markers))
}
