//! How many slots a run has.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use thiserror::Error;

/// How many slots a run has: a number, or as many as there are CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jobs {
    /// As many as the CPUs that paceline may use.
    #[default]
    Cpus,
    /// This many.
    Count(NonZeroU32),
}

/// A text or number that is not a [`Jobs`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidJobs {
    /// It is 0, with which nothing would ever run.
    #[error("0 jobs would never run anything\nhelp: write a number from 1, or `cpus`")]
    Zero,
    /// It is something else.
    #[error("`{0}` is not a number of jobs\nhelp: write a number from 1, or `cpus`")]
    NotANumber(String),
}

impl Jobs {
    /// The number of slots: at least 1.
    ///
    /// For CPUs this is what [`std::thread::available_parallelism`] says: on Linux the smaller of the
    /// thread's affinity mask and the CPU quota of its cgroup, v2 or v1. In a v2 hierarchy it goes up
    /// from the process' own cgroup and takes the smallest quota on the way, so that the nested
    /// cgroups of CI containers count too. Quotas are rounded down, to 1 at least. A quota of the
    /// host that a container does not show inside cannot be seen from here; `--jobs` is for that.
    pub fn resolve(self) -> u32 {
        match self {
            Self::Count(count) => count.get(),
            Self::Cpus => std::thread::available_parallelism()
                .ok()
                .and_then(|cpus| u32::try_from(cpus.get()).ok())
                .unwrap_or(1),
        }
    }
}

impl FromStr for Jobs {
    type Err = InvalidJobs;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `auto` is what pytest-xdist calls it.
        if text == "cpus" || text == "auto" {
            return Ok(Self::Cpus);
        }
        let count: u32 = text
            .parse()
            .map_err(|_| InvalidJobs::NotANumber(text.to_owned()))?;
        NonZeroU32::new(count)
            .map(Self::Count)
            .ok_or(InvalidJobs::Zero)
    }
}

impl fmt::Display for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpus => f.pad("cpus"),
            Self::Count(count) => count.fmt(f),
        }
    }
}

impl Serialize for Jobs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Cpus => serializer.serialize_str("cpus"),
            Self::Count(count) => count.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Jobs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JobsVisitor;

        impl Visitor<'_> for JobsVisitor {
            type Value = Jobs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 1 or \"cpus\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                match text {
                    "cpus" => Ok(Jobs::Cpus),
                    _ => Err(E::custom(InvalidJobs::NotANumber(text.to_owned()))),
                }
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
                number.to_string().parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(JobsVisitor)
    }
}

impl JsonSchema for Jobs {
    fn schema_name() -> Cow<'static, str> {
        "Jobs".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "const": "cpus" },
                { "type": "integer", "minimum": 1, "maximum": u32::MAX },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_number_or_the_cpus() {
        assert_eq!("cpus".parse(), Ok(Jobs::Cpus));
        assert_eq!("auto".parse(), Ok(Jobs::Cpus));
        let four: Jobs = "4".parse().unwrap();
        assert_eq!(four.resolve(), 4);
        assert_eq!(four.to_string(), "4");
        assert_eq!(Jobs::Cpus.to_string(), "cpus");
    }

    #[test]
    fn refuses_zero_and_everything_else() {
        assert_eq!("0".parse::<Jobs>(), Err(InvalidJobs::Zero));
        for text in ["", "-1", "all", "1.5", "50%", "4294967296"] {
            let error = InvalidJobs::NotANumber(text.to_owned());
            assert_eq!(text.parse::<Jobs>(), Err(error));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_cpus_are_those_of_the_affinity_mask() {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

        // A thread of its own, as the mask stays.
        let jobs = std::thread::spawn(|| {
            let all = sched_getaffinity(None).unwrap();
            let first = (0..CpuSet::MAX_CPU).find(|cpu| all.is_set(*cpu)).unwrap();
            let mut one = CpuSet::new();
            one.set(first);
            sched_setaffinity(None, &one).unwrap();
            Jobs::Cpus.resolve()
        });
        assert_eq!(jobs.join().unwrap(), 1);
    }
}
