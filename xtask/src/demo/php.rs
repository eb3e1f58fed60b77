//! PHP-Parser with its tests, from Debian's source package.

use anyhow::Result;

use super::{Package, Prepared};
use crate::{debian, setup};

pub(super) const PACKAGE: Package = Package {
    language: "php",
    tools: setup::PHP_PACKAGES,
    prepare,
};

fn prepare() -> Result<Prepared> {
    Ok(Prepared {
        directory: debian::source("php-parser")?,
        environment: Vec::new(),
    })
}
