//! Jinja with its tests, from its source distribution.

use anyhow::{Context, Result};

use super::{Package, Prepared};
use crate::{compat, setup};

pub(super) const PACKAGE: Package = Package {
    language: "python",
    tools: setup::REAL,
    prepare,
};

fn prepare() -> Result<Prepared> {
    let python = compat::packages::environment()?;
    let environment = python.ancestors().nth(2);
    let environment = environment.with_context(|| format!("finding {}", python.display()))?;
    let names = ["jinja2".to_owned()];
    let mut packages = compat::packages::named(&names)?;
    let package = packages.pop().context("there is no package")?;
    Ok(Prepared {
        directory: package.prepare()?,
        environment: vec![("VIRTUAL_ENV", environment.into())],
    })
}
