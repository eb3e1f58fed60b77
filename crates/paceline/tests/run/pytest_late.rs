//! Tests that have to run after all others of their suite: what pytest-django does to the database.

use crate::environment::TestEnvironment;
use crate::pytest::{outcomes, suite};

/// Stands for pytest-django: workers look for a plugin of this name.
const CONFTEST: &str = r#"
import pytest

def pytest_configure(config):
    config.addinivalue_line("markers", "django_db(transaction): as pytest-django has it")
    if not config.pluginmanager.hasplugin("django"):
        config.pluginmanager.register(object(), "django")

@pytest.fixture(autouse=True)
def noted(request):
    late = request.node.get_closest_marker("django_db") is not None
    with open("order", "a") as order:
        order.write("L" if late else "e")
"#;

const TESTS: &str = r"
import os, pytest

@pytest.mark.django_db(transaction=True)
def test_late_one(): pass

@pytest.mark.parametrize('n', range(5))
def test_early(n): pass

@pytest.mark.django_db(transaction=True)
class TestLate:
    def test_two(self): pass
    def test_three(self): pass

@pytest.mark.paceline(serial=True)
def test_serial(): pass
";

/// Six files with seven tests that are early and three that are late, which leave behind in what order
/// they have run.
fn late_suite(keys: &str, files: &[(&str, &str)]) -> TestEnvironment {
    // The real one, where it is installed, skips tests that have no Django.
    let keys = format!("{keys}\nenv = {{ PYTEST_DISABLE_PLUGIN_AUTOLOAD = '1' }}");
    let env = suite(&keys, files);
    env.write("pytest.ini", "[pytest]\n");
    env.write("conftest.py", CONFTEST);
    for name in ["a", "b", "c", "d", "e", "f"] {
        env.write(&format!("test_{name}.py"), TESTS);
    }
    env
}

#[track_caller]
fn assert_order(env: &TestEnvironment, early: usize, late: usize) {
    let order = env.read("order");
    assert_eq!(
        order,
        format!("{}{}", "e".repeat(early), "L".repeat(late)),
        "an early test has run after a late one"
    );
}

#[test]
fn late_tests_run_after_all_others_of_the_suite() {
    for start in ["fork", "spawn"] {
        for jobs in ["1", "3"] {
            let env = late_suite(&format!("start = '{start}'"), &[]);
            env.expect(0, &["-j", jobs]);
            assert_order(&env, 36, 18);
            let found = outcomes(&env);
            assert_eq!(found.len(), 54);
            assert_eq!(
                found[0].0, "test_a.py::test_late_one",
                "reported in plan order"
            );
        }
    }
}

#[test]
fn late_tests_wait_for_retries_and_for_what_a_dead_worker_has_left() {
    let fails_once = "
import os

def test_fails_once():
    if not os.path.exists('once'):
        open('once', 'w').close()
        assert False

def test_dies():
    if not os.path.exists('died'):
        open('died', 'w').close()
        os._exit(9)

def test_after(): pass
";
    let env = late_suite("retries = 1", &[("test_g.py", fails_once)]);
    env.expect(0, &["-j", "3"]);
    // Two of the file's three tests have run twice.
    assert_order(&env, 36 + 5, 18);
}

#[test]
fn late_tests_alone_run_at_once() {
    let env = late_suite("", &[]);
    env.expect(0, &["-j", "2", "--", "-m", "django_db"]);
    assert_order(&env, 0, 18);
}

#[test]
fn late_tests_do_not_run_when_the_suite_has_ended_before() {
    let env = late_suite("", &[("test_g.py", "def test_fails(): assert False\n")]);
    env.expect(1, &["run", "-j", "2", "--fail-fast"]);
    assert!(!env.read("order").contains('L'), "{}", env.read("order"));
    let found = outcomes(&env);
    let late = |(id, outcome): &(String, String)| id.contains("ate") && outcome != "not-run";
    assert!(!found.iter().any(late), "{found:?}");
}
