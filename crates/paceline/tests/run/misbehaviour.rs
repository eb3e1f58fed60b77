//! Hosts and workers that do not keep to the protocol: each test has an outcome all the same, the run
//! ends, and it is not green.

use std::os::unix::fs::PermissionsExt;

use crate::environment::TestEnvironment;
use crate::pytest::python;

/// A suite whose worker program misbehaves in this way, in unit `u1` of `u0`, `u1` and `u2`.
fn suite(case: &str) -> TestEnvironment {
    let python = python();
    let env = TestEnvironment::with_config(&format!(
        "kill-grace = '100ms'\n[suite.unit]\nframework = 'phpunit'\nphp = './php'\n\
         timeout = '1s'\nenv = {{ CASE = '{case}' }}\n"
    ));
    let text = include_str!("misbehaviour.py");
    env.write("php", &format!("#!{}\n{text}", python.display()));
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(env.root().join("php"), executable).unwrap();
    env.write("vendor/bin/phpunit", "");
    env
}

/// The outcomes of what is of a unit: its test, or the unit itself where nothing is known of that.
fn outcomes(env: &TestEnvironment) -> Vec<String> {
    let tests = crate::ruby::tests(env).into_iter();
    let of_units = tests.filter(|test| test["native_id"] != "unit" && test["id"] != "unit");
    let word = |test: serde_json::Value| test["outcome"].as_str().unwrap().to_owned();
    of_units.map(word).collect()
}

#[test]
fn a_message_that_does_not_fit_ends_the_worker_and_loses_no_test() {
    for (case, what) in [
        ("wrong-test", "the end of a test that has not begun"),
        ("two-starts", "which it was not to run"),
        ("nonsense", "does not keep to the protocol"),
    ] {
        for jobs in ["1", "2"] {
            let env = suite(case);
            let run = env.run(&["-j", jobs]);
            assert_ne!(run.code, Some(0), "{case} {jobs}: {run}");
            assert!(run.stderr.contains(what), "{case} {jobs}: {run}");
            assert_eq!(
                outcomes(&env),
                ["passed", "errored", "passed"],
                "{case} {jobs}: {run}"
            );
        }
    }
}

#[test]
fn what_is_not_run_is_never_green() {
    for jobs in ["1", "2"] {
        // A goodbye before anything has run, again and again.
        let env = suite("goodbye");
        let run = env.expect(5, &["-j", jobs]);
        assert!(run.stdout.contains("3 workers died"), "{jobs}: {run}");
    }
    // Of a host that is its own worker, and is given a unit that it does not begin with.
    let env = suite("dies-idle");
    let run = env.expect(5, &["-j", "1"]);
    assert!(run.stdout.contains("its host died: exit code 3"), "{run}");
    assert_eq!(outcomes(&env)[..2], ["passed", "not-run"], "{run}");
    // Units that come after all that there were.
    let env = suite("units");
    let run = env.expect(5, &["-j", "1"]);
    assert!(run.stderr.contains("`discovered` after `ready`"), "{run}");
}

#[test]
fn where_no_fork_is_had_workers_boot_by_themselves() {
    let env = suite("nothing");
    let run = env.expect(0, &["-j", "2"]);
    assert!(
        run.stderr
            .contains("each worker boots by itself: no more processes"),
        "{run}"
    );
    assert_eq!(outcomes(&env), ["passed"; 3], "{run}");
}

#[test]
fn a_worker_that_tells_no_process_of_its_own_is_ended_all_the_same() {
    for jobs in ["1", "2"] {
        let env = suite("pid");
        let run = env.expect(1, &["-j", jobs]);
        assert_eq!(
            outcomes(&env),
            ["passed", "timed-out", "passed"],
            "{jobs}: {run}"
        );
    }
}
