//! The ways in which paceline can run a suite.

use std::fmt;

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Start {
    Fork,
    Spawn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Split {
    Fixture,
    File,
    Class,
    Test,
}

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    pub(crate) start: Start,
    pub(crate) jobs: u16,
    pub(crate) split: Split,
}

/// Every start with every number of workers as tests are split by default, and every start with
/// every other split at one number of workers: two, where that is among them.
pub(crate) fn modes(starts: &[Start], jobs: &[u16], splits: &[Split]) -> Vec<Mode> {
    let usual = if jobs.contains(&2) {
        Some(2)
    } else {
        jobs.last().copied()
    };
    let mut modes = Vec::new();
    for &split in splits {
        for &start in starts {
            for &jobs in jobs {
                if split == Split::Fixture || Some(jobs) == usual {
                    modes.push(Mode { start, jobs, split });
                }
            }
        }
    }
    modes
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fork => "fork",
            Self::Spawn => "spawn",
        })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixture => "fixture",
            Self::File => "file",
            Self::Class => "class",
            Self::Test => "test",
        })
    }
}

/// Also the name of its files: `fork-2` or `fork-2-class`.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.jobs)?;
        if self.split != Split::Fixture {
            write!(f, "-{}", self.split)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_splits_run_with_two_workers_only() {
        let names =
            |modes: Vec<Mode>| -> Vec<String> { modes.iter().map(ToString::to_string).collect() };
        assert_eq!(
            names(modes(
                &[Start::Fork, Start::Spawn],
                &[1, 2],
                &[Split::Fixture, Split::Test]
            )),
            [
                "fork-1",
                "fork-2",
                "spawn-1",
                "spawn-2",
                "fork-2-test",
                "spawn-2-test"
            ]
        );
        assert_eq!(
            names(modes(&[Start::Fork], &[1, 8], &[Split::File])),
            ["fork-8-file"]
        );
    }
}
