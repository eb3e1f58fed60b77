//! Which tests run.

use crate::test::Test;

/// Which tests run. A test has to satisfy all that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selection {
    /// Globs, in which `*` stands for any text and `?` for one character: one has to match the whole
    /// name.
    pub globs: Vec<String>,
    /// Tags: the test has to have all of them.
    pub tags: Vec<String>,
    /// Texts: one has to occur in the name, or be the name if [`exact`](Self::exact) is set.
    pub names: Vec<String>,
    /// Whether names are whole names.
    pub exact: bool,
    /// Texts that must not occur in the name, or be the name if [`exact`](Self::exact) is set.
    pub skip: Vec<String>,
    /// What happens to ignored tests.
    pub ignored: Ignored,
}

/// What happens to ignored tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ignored {
    /// They are skipped.
    #[default]
    Skip,
    /// Only they run.
    Only,
    /// They run too.
    Include,
}

impl Selection {
    /// Whether a test is selected. One that is ignored can be selected, to be reported as skipped.
    pub fn selects<C>(&self, test: &Test<C>) -> bool {
        let name = test.name();
        let named = |text: &String| {
            if self.exact {
                name == text
            } else {
                name.contains(text.as_str())
            }
        };
        (self.names.is_empty() || self.names.iter().any(named))
            && !self.skip.iter().any(named)
            && (self.globs.is_empty() || self.globs.iter().any(|glob| matches(glob, name)))
            && self.tags.iter().all(|tag| test.tags().contains(tag))
            && (self.ignored != Ignored::Only || test.ignored.is_some())
    }

    /// Why a selected test is not run, if it is ignored.
    pub(crate) fn ignores<'a, C>(&self, test: &'a Test<C>) -> Option<&'a str> {
        match self.ignored {
            Ignored::Skip => test.ignored.as_deref(),
            Ignored::Only | Ignored::Include => None,
        }
    }
}

/// Whether a glob matches a whole text.
pub(crate) fn matches(glob: &str, text: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut from) = (0, 0);
    // Where the last star was, and how much of the text it stands for.
    let mut star = None;
    while from < text.len() {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == text[from] => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((star_at, star_from)) => {
                    star = Some((star_at, star_from + 1));
                    at = star_at + 1;
                    from = star_from + 1;
                }
                None => return false,
            },
        }
    }
    glob[at..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str) -> Test<()> {
        Test::new(name, |_| async { Ok(()) })
    }

    #[test]
    fn globs() {
        for (glob, text) in [
            ("*", ""),
            ("a*", "abc"),
            ("*c", "abc"),
            ("a*b*c", "axxbxbc"),
            ("a?c", "abc"),
            ("echo*", "echo returns"),
        ] {
            assert!(matches(glob, text), "{glob} {text}");
        }
        for (glob, text) in [("a", "ab"), ("a?", "a"), ("*b", "abc"), ("", "x")] {
            assert!(!matches(glob, text), "{glob} {text}");
        }
    }

    #[test]
    fn every_condition_has_to_hold() {
        let selection = Selection {
            globs: vec!["echo*".to_owned()],
            tags: vec!["fast".to_owned()],
            names: vec!["returns".to_owned()],
            skip: vec!["slowly".to_owned()],
            ..Selection::default()
        };
        assert!(selection.selects(&test("echo returns").tag("fast")));
        assert!(!selection.selects(&test("echo returns")));
        assert!(!selection.selects(&test("an echo returns").tag("fast")));
        assert!(!selection.selects(&test("echo").tag("fast")));
        assert!(!selection.selects(&test("echo returns slowly").tag("fast")));
    }

    #[test]
    fn exact_names() {
        let selection = Selection {
            names: vec!["echo".to_owned()],
            exact: true,
            ..Selection::default()
        };
        assert!(selection.selects(&test("echo")));
        assert!(!selection.selects(&test("echo returns")));
    }

    #[test]
    fn ignored_tests() {
        let ignored = test("a").ignore("slow");
        let mut selection = Selection::default();
        assert!(selection.selects(&ignored));
        assert_eq!(selection.ignores(&ignored), Some("slow"));
        selection.ignored = Ignored::Only;
        assert!(selection.selects(&ignored) && !selection.selects(&test("b")));
        assert_eq!(selection.ignores(&ignored), None);
    }
}
