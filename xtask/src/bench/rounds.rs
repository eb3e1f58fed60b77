//! Interleaved rounds and what is said of them.

use std::fmt;

use anyhow::Result;

/// Measurements of one thing, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The middle value; of an even number, the mean of the two in the middle. NaN for none.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let middle = sorted.len() / 2;
        match (sorted.get(middle), sorted.len() % 2) {
            (None, _) => f64::NAN,
            (Some(&upper), 1) => upper,
            (Some(&upper), _) => f64::midpoint(upper, sorted[middle - 1]),
        }
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// The range: `12-15`.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(0);
        write!(f, "{:.digits$}-{:.digits$}", self.min(), self.max())
    }
}

/// Measures each of `count` things once a round, for `rounds` rounds after one that is not counted.
///
/// The things take turns, and each round begins with another one, so that a machine that slows down
/// or speeds up does so for all of them.
pub(crate) fn interleaved(
    count: usize,
    rounds: usize,
    mut measure: impl FnMut(usize) -> Result<f64>,
) -> Result<Vec<Sample>> {
    let mut samples = vec![Sample::default(); count];
    for (round, which) in turns(count, rounds) {
        let value = measure(which)?;
        if round > 0 {
            samples[which].push(value);
        }
    }
    Ok(samples)
}

/// What came of one thing that may fail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried {
    /// The counted rounds in which it did not fail.
    pub(crate) sample: Sample,
    /// What was said of each failure, in the round that is not counted too.
    pub(crate) failures: Vec<String>,
}

impl Tried {
    /// What came of one run that is counted.
    pub(crate) fn once(result: Result<f64>) -> Self {
        let mut tried = Self::default();
        tried.add(result, true);
        tried
    }

    fn add(&mut self, result: Result<f64>, is_counted: bool) {
        match result {
            Ok(value) if is_counted => self.sample.push(value),
            Ok(_) => {}
            Err(error) => self.failures.push(format!("{error:#}")),
        }
    }
}

/// As [`interleaved`], where a thing that fails in one round is not measured in that round, and
/// everything else is.
pub(crate) fn interleaved_tries(
    count: usize,
    rounds: usize,
    mut measure: impl FnMut(usize) -> Result<f64>,
) -> Vec<Tried> {
    let mut tried = vec![Tried::default(); count];
    for (round, which) in turns(count, rounds) {
        tried[which].add(measure(which), round > 0);
    }
    tried
}

/// Rounds, from 0, and what is measured next in each.
fn turns(count: usize, rounds: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..=rounds).flat_map(move |round| (0..count).map(move |turn| (round, (round + turn) % count)))
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn sample(values: &[f64]) -> Sample {
        Sample(values.to_vec())
    }

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert!((sample(&[9.0, 1.0, 4.0]).median() - 4.0).abs() < 1e-9);
        assert!((sample(&[9.0, 1.0, 4.0, 2.0]).median() - 3.0).abs() < 1e-9);
        assert!(Sample::default().median().is_nan());
    }

    #[test]
    fn shows_its_range() {
        assert_eq!(format!("{:.1}", sample(&[2.25, 1.0])), "1.0-2.2");
    }

    #[test]
    fn rounds_rotate_and_the_first_is_not_counted() {
        let mut order = Vec::new();
        let samples = interleaved(3, 2, |which| {
            order.push(which);
            Ok(order.len() as f64)
        })
        .unwrap();
        assert_eq!(order, [0, 1, 2, 1, 2, 0, 2, 0, 1]);
        assert!((samples[0].min() - 6.0).abs() < 1e-9 && (samples[0].max() - 8.0).abs() < 1e-9);
    }

    #[test]
    fn what_fails_in_some_rounds_is_measured_in_the_others() {
        let mut order = Vec::new();
        let tried = interleaved_tries(3, 3, |which| {
            order.push(which);
            let round = (order.len() - 1) / 3;
            match which {
                0 => Ok(1.0),
                1 if round == 0 || round == 2 => bail!("round {round}"),
                1 => Ok(2.0),
                _ => bail!("never"),
            }
        });
        assert_eq!(order, [0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 1, 2]);
        let samples: Vec<&[f64]> = tried.iter().map(|tried| &*tried.sample.0).collect();
        assert_eq!(samples, [&[1.0; 3][..], &[2.0; 2], &[]]);
        assert_eq!(tried[0].failures, [""; 0]);
        assert_eq!(tried[1].failures, ["round 0", "round 2"]);
        assert_eq!(tried[2].failures, ["never"; 4]);
    }
}
