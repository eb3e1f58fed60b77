//! Packages of the Python package index with their tests, from their source distributions.

use anyhow::{Context, Result};

use super::{Package, Prepared};
use crate::{compat, setup};

pub(super) const JINJA: Package = package("python", || prepare("jinja2"));
pub(super) const MARSHMALLOW: Package = package("python-marshmallow", || prepare("marshmallow"));
pub(super) const PLUGGY: Package = package("python-pluggy", || prepare("pluggy"));

const fn package(language: &'static str, prepare: fn() -> Result<Prepared>) -> Package {
    Package {
        language,
        tools: setup::REAL,
        prepare,
    }
}

fn prepare(name: &str) -> Result<Prepared> {
    let python = compat::packages::environment()?;
    let environment = python.ancestors().nth(2);
    let environment = environment.with_context(|| format!("finding {}", python.display()))?;
    let mut packages = compat::packages::named(&[name.to_owned()])?;
    let package = packages.pop().context("there is no package")?;
    Ok(Prepared {
        directory: package.prepare()?,
        environment: vec![("VIRTUAL_ENV", environment.into())],
    })
}
