//! What the help looks like, and what it ends with.

use clap::builder::{Styles, styling::AnsiColor};

pub(super) const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// What the help of `paceline` and of `paceline run` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  paceline                              run every suite
  paceline run api web/unit             run two suites and what they depend on
  paceline run tests/test_a.py::test_x  run one test
  paceline -k login --failed            run what failed last time and matches
  paceline --fast -x                    leave out slow categories, stop at the first failure
  paceline --categories unit,lint -j 4  two categories, at most four slots
  paceline --dry-run                    what would run, in what order, and why
  paceline --report junit=junit.xml     write JUnit XML as well
  paceline list                         what there is to run
  paceline init                         write a first paceline.toml

Exit codes:
  0 passed, 1 tests failed, 2 usage or configuration, 3 internal error or a requested report
  could not be written, 4 nothing selected, 5 a suite could not be built or collected,
  130 and 143 interrupted";
