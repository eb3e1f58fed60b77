//! Counts the words of texts.

use std::collections::BTreeMap;
use std::fmt;
use std::thread;

/// The words of a text, in lower case: runs of letters and digits, with apostrophes inside.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
        .map(|word| word.trim_matches(['\'', '’']))
        .filter(|word| !word.is_empty())
        .map(|word| word.replace('’', "'").to_lowercase())
}

/// How often each word occurs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<String, u64>);

impl Counts {
    /// Counts the words of `text`.
    pub fn of(text: &str) -> Self {
        let mut counts = Self::default();
        for word in words(text) {
            *counts.0.entry(word).or_default() += 1;
        }
        counts
    }

    /// Counts the words of `text` on `threads` threads.
    pub fn of_parallel(text: &str, threads: usize) -> Self {
        let mut total = Self::default();
        thread::scope(|scope| {
            let parts: Vec<_> = split(text, threads)
                .into_iter()
                .map(|part| scope.spawn(move || Self::of(part)))
                .collect();
            for part in parts {
                total.merge(part.join().expect("counting does not panic"));
            }
        });
        total
    }

    /// Adds the counts of another text.
    pub fn merge(&mut self, other: Self) {
        for (word, count) in other.0 {
            *self.0.entry(word).or_default() += count;
        }
    }

    /// How often `word` occurs.
    pub fn get(&self, word: &str) -> u64 {
        self.0.get(word).copied().unwrap_or(0)
    }

    /// How many words there are, repeated ones among them.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Words with their counts, the most frequent first, equally frequent ones by the alphabet.
    pub fn ranked(&self) -> Vec<(&str, u64)> {
        let mut ranked: Vec<_> = self.0.iter().map(|(w, n)| (w.as_str(), *n)).collect();
        ranked.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        ranked
    }
}

/// A line for each word: its count, a tab, the word.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (word, count) in self.ranked() {
            writeln!(f, "{count}\t{word}")?;
        }
        Ok(())
    }
}

/// Cuts `text` into at most `parts` pieces of about the same size, only where there is white space.
fn split(text: &str, parts: usize) -> Vec<&str> {
    let size = text.len() / parts.max(1) + 1;
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > size {
        let Some(start) = (size..rest.len()).find(|&i| rest.is_char_boundary(i)) else {
            break;
        };
        let Some(gap) = rest[start..].find(char::is_whitespace) else {
            break;
        };
        let (piece, tail) = rest.split_at(start + gap);
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_run_of_letters_and_digits() {
        let found: Vec<_> = words("Night-train No. 42, at 3am!").collect();
        assert_eq!(found, ["night", "train", "no", "42", "at", "3am"]);
    }

    #[test]
    fn apostrophes_belong_to_a_word_inside_it_only() {
        let found: Vec<_> = words("'Don’t,' said the ferryman's dog").collect();
        assert_eq!(found, ["don't", "said", "the", "ferryman's", "dog"]);
    }

    #[test]
    fn letters_of_any_script_count() {
        assert_eq!(Counts::of("ÉTÉ été Καλημέρα").get("été"), 2);
    }

    #[test]
    fn ranks_by_count_and_then_by_the_alphabet() {
        let counts = Counts::of("b a b c a d");
        assert_eq!(counts.to_string(), "2\ta\n2\tb\n1\tc\n1\td\n");
    }

    #[test]
    fn merging_adds() {
        let mut counts = Counts::of("one two");
        counts.merge(Counts::of("two three"));
        assert_eq!((counts.get("two"), counts.total()), (2, 4));
    }

    #[test]
    fn pieces_end_between_words_and_lose_nothing() {
        let text = "ünü ärger öl übung ".repeat(40);
        for parts in 1..30 {
            let pieces = split(&text, parts);
            assert_eq!(pieces.concat(), text);
            assert!(pieces.len() <= parts, "{} of {parts}", pieces.len());
            let parted: Vec<_> = pieces.iter().flat_map(|piece| words(piece)).collect();
            assert_eq!(parted, words(&text).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_text_without_white_space_is_one_piece() {
        assert_eq!(split("aaaaaaaaaa", 4), ["aaaaaaaaaa"]);
    }
}
