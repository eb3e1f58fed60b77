//! The names of tests as the frameworks print them: `test_x[label](TestFoo)` and `TestFoo#test_x`.

use super::Framework;

/// The class and the test in it.
pub(super) fn parts(framework: Framework, id: &str) -> Option<(&str, &str)> {
    let id = without_number(id);
    match framework {
        Framework::Minitest => id.split_once('#'),
        Framework::TestUnit => {
            let inner = id.strip_suffix(')')?;
            // Labels and the names of cases can have parentheses too: the class is what begins like
            // a constant and whose own parentheses are pairs.
            let starts = inner.match_indices('(').map(|(at, _)| at);
            let mut candidates = starts.filter_map(|at| {
                let (name, class) = (id.get(..at)?, inner.get(at + 1..)?);
                let is_constant = class.starts_with(|c: char| c.is_uppercase() || c == '#');
                let is_whole = name.matches('[').count() == name.matches(']').count();
                (is_constant && is_whole && has_pairs(class)).then_some((class, name))
            });
            candidates.next()
        }
    }
}

/// The class of a test.
pub(super) fn class(framework: Framework, id: &str) -> Option<&str> {
    parts(framework, id).map(|(class, _)| class)
}

/// The arguments by which test-unit runs a test.
pub(super) fn of_test_unit(id: &str, file: &str) -> Vec<String> {
    match parts(Framework::TestUnit, id) {
        Some((class, name)) => [file, "-n", name, "-t", class].map(str::to_owned).to_vec(),
        None => vec![file.to_owned()],
    }
}

/// The arguments by which minitest runs a test.
pub(super) fn of_minitest(id: &str, file: &str) -> Vec<String> {
    match parts(Framework::Minitest, id) {
        Some((class, name)) => vec![file.to_owned(), "-n".to_owned(), format!("{class}#{name}")],
        None => vec![file.to_owned()],
    }
}

/// Later tests of an id have a number: `test_x(TestFoo) #2`.
fn without_number(id: &str) -> &str {
    match id.rsplit_once(" #") {
        Some((plain, number))
            if !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) =>
        {
            plain
        }
        _ => id,
    }
}

fn has_pairs(text: &str) -> bool {
    let mut open = 0_u32;
    for char in text.chars() {
        match char {
            '(' => open += 1,
            ')' if open == 0 => return false,
            ')' => open -= 1,
            _ => {}
        }
    }
    open == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_apart() {
        let test_unit = |id| parts(Framework::TestUnit, id);
        assert_eq!(test_unit("test_x(TestFoo)"), Some(("TestFoo", "test_x")));
        assert_eq!(
            test_unit("test_x[a (b)](A::TestFoo) #12"),
            Some(("A::TestFoo", "test_x[a (b)]"))
        );
        assert_eq!(
            test_unit("test: it works (well)(TestFoo::with (pairs))"),
            Some(("TestFoo::with (pairs)", "test: it works (well)"))
        );
        assert_eq!(test_unit("test/test_broken.rb"), None);
        let minitest = |id| parts(Framework::Minitest, id);
        assert_eq!(
            minitest("Foo::when empty#test_0001_is # empty"),
            Some(("Foo::when empty", "test_0001_is # empty"))
        );
        assert_eq!(minitest("test/broken_test.rb"), None);
    }
}
