//! The options that say which suites.

use clap::Args;

use crate::values::Name;

/// Which suites. All conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Only these suites and what they depend on
    #[arg(long = "suites", value_name = "NAME,…", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Only suites of these categories
    #[arg(long, value_name = "CATEGORY,…", value_delimiter = ',')]
    pub categories: Vec<Name>,
    /// No suites of these categories
    #[arg(long, value_name = "CATEGORY,…", value_delimiter = ',')]
    pub exclude_categories: Vec<Name>,
    /// No suites of the configuration's `slow-categories` (acceptance and integration by default)
    #[arg(long)]
    pub fast: bool,
    /// Leave out what the selected suites depend on
    #[arg(long)]
    pub no_deps: bool,
}
