//! Published packages in Ruby with their tests: rss for test-unit, from the gems that Debian's Ruby has,
//! and Rack for minitest, from Debian's source package.

use std::path::PathBuf;

use super::{Package, Prepared};
use crate::{compat, debian, setup};

pub(super) const TEST_UNIT: Package = Package {
    language: "ruby",
    tools: setup::RUBY_PACKAGES,
    // A copy: what is installed is not ours to write to.
    prepare: || compat::ruby::copy_of_gem("rss").map(prepared),
};

pub(super) const MINITEST: Package = Package {
    language: "ruby-minitest",
    tools: setup::RUBY_PACKAGES,
    prepare: || debian::newest_source("ruby-rack").map(prepared),
};

fn prepared(directory: PathBuf) -> Prepared {
    Prepared {
        directory,
        environment: Vec::new(),
    }
}
