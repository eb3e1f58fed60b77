//! "Did you mean": the known name that is closest to a wrong one.

/// The candidate that is closest to `wrong`, if one is close enough to be meant.
pub(crate) fn closest<'a>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = wrong.to_lowercase();
    // A third of the word may be wrong, as in rustc.
    let limit = (wrong.chars().count().max(3)) / 3;
    let by_distance = candidates
        .into_iter()
        .map(|name| (distance(&folded, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance);
    by_distance.map(|(_, name)| name)
}

/// How many characters have to be inserted, removed, replaced or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &y) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(x != y))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        assert_eq!(distance("timeout", "timeout"), 0);
        assert_eq!(distance("timuot", "timeout"), 2);
        assert_eq!(distance("timoeut", "timeout"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("größe", "grösse"), 2);
    }

    #[test]
    fn suggests_what_is_close_and_nothing_else() {
        let keys = ["timeout", "command", "dir"];
        assert_eq!(closest("timout", keys), Some("timeout"));
        assert_eq!(closest("Command", keys), Some("command"));
        assert_eq!(closest("dri", keys), Some("dir"));
        assert_eq!(closest("weight", keys), None);
        assert_eq!(closest("x", keys), None);
    }
}
