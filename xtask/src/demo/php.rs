//! PHP-Parser with its tests, from Debian's source package.

use anyhow::{Context, Result};

use super::{Package, Prepared};
use crate::{compat, setup};

pub(super) const PACKAGE: Package = Package {
    language: "php",
    tools: setup::PHP_PACKAGES,
    prepare,
};

fn prepare() -> Result<Prepared> {
    let names = ["php-parser".to_owned()];
    let mut packages = compat::php_packages::named(&names)?;
    let package = packages.pop().context("there is no package")?;
    Ok(Prepared {
        directory: package.prepare()?,
        environment: Vec::new(),
    })
}
