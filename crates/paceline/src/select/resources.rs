//! The named locks of a plan, and what a suite needs of them.

use std::collections::BTreeSet;

use paceline_engine::plan::{Constraints, Need, Resource, ResourceId};

use super::suites::Suites;
use crate::config::{Config, SuiteConfig};
use crate::values::{Count, Name};

/// The declared resources, then one for each group of the plan's suites.
pub(super) fn resources(config: &Config, order: &[&str], suites: &Suites<'_>) -> Vec<Resource> {
    let declared = config
        .file
        .resources
        .iter()
        .map(|(name, capacity)| Resource {
            name: name.as_str().into(),
            capacity: capacity.get(),
            is_group: false,
        });
    let mut resources: Vec<Resource> = declared.collect();
    let mut seen = BTreeSet::new();
    for name in order {
        let group = suites.get(name).and_then(|suite| suite.group.as_ref());
        if let Some(group) = group
            && seen.insert(group)
        {
            resources.push(Resource {
                name: group.as_str().into(),
                capacity: 1,
                is_group: true,
            });
        }
    }
    resources
}

pub(super) fn constraints(suite: &SuiteConfig, resources: &[Resource]) -> Constraints {
    let find = |name: &Name, is_group: bool| {
        let place = resources
            .iter()
            .position(|resource| &*resource.name == name.as_str() && resource.is_group == is_group);
        place.map(ResourceId)
    };
    let needs = suite.needs.iter();
    let needs = needs.filter_map(|(name, need)| Some((find(name, false)?, need)));
    let group = suite.group.as_ref();
    let group = group.and_then(|group| Some((find(group, true)?, Need::Amount(1))));
    Constraints {
        weight: suite.weight.map_or(1, Count::get),
        needs: needs.chain(group).collect(),
        serial: suite.serial,
    }
}
