//! What tests of Ruby suites can do to their workers, and what becomes of the others.

use crate::following::{await_death, is_alive};
use crate::kills::lose_no_test_and_report_none_twice;
use crate::ruby::{assert_outcomes, ruby, suite, tests};

#[test]
fn workers_killed_at_random_moments_lose_no_test_and_report_none_twice() {
    let test_unit = "require 'test/unit'\nclass Test%s < Test::Unit::TestCase\n\
        15.times { |i| define_method(\"test_#{i}\") { sleep 0.001 } }\nend\n";
    let minitest = test_unit
        .replace("test/unit", "minitest/autorun")
        .replace("Test::Unit::TestCase", "Minitest::Test");
    for (framework, text) in [("test-unit", test_unit), ("minitest", &minitest)] {
        // One of the classes stays together, the others can be split.
        let heavy =
            "  def self.startup; end\n  def self.run_suite(*) = super\n  def self.run(*) = super\n";
        let files = ["A", "B", "C", "D"].map(|name| {
            let mut text = text.replace("%s", name);
            if name == "B" {
                let end = text.rfind("end").unwrap();
                text.insert_str(end, heavy);
            }
            (format!("test/test_{name}.rb"), text)
        });
        let files = files
            .each_ref()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        if suite(framework, "", &[]).is_none() {
            return;
        }
        lose_no_test_and_report_none_twice(4, 60, |start| suite(framework, start, &files).unwrap());
    }
}

#[test]
fn a_test_that_ends_its_process_hurts_nobody_else() {
    let text = "require 'test/unit'\nrequire 'fiddle'\nclass TestCrash < Test::Unit::TestCase\n\
        def test_a; end\n\
        def test_b_exit; exit!(3); end\n\
        def test_c_zero; exit!(0); end\n\
        def test_d_kill; Process.kill(:KILL, Process.pid); sleep; end\n\
        def test_e_segv; Process.kill(:SEGV, Process.pid); sleep; end\n\
        def test_f_abort; Kernel.exit!(1) if false; Process.kill(:ABRT, Process.pid); sleep; end\n\
        def test_g; end\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_crash.rb", text)]) else {
        return;
    };
    env.expect(1, &["-j", "2"]);
    assert_outcomes(
        &env,
        &[
            ("test_a(TestCrash)", "passed"),
            ("test_b_exit(TestCrash)", "crashed"),
            ("test_c_zero(TestCrash)", "crashed"),
            ("test_d_kill(TestCrash)", "crashed"),
            ("test_e_segv(TestCrash)", "crashed"),
            ("test_f_abort(TestCrash)", "crashed"),
            ("test_g(TestCrash)", "passed"),
        ],
    );
    let tests = tests(&env);
    assert_eq!(tests[1]["message"], "the worker died: exit code 3");
    assert_eq!(tests[3]["message"], "the worker died: killed by SIGKILL");
}

#[test]
fn an_exit_within_a_minitest_test_is_never_green() {
    let text = "require 'minitest/autorun'\nclass ExitTest < Minitest::Test\n\
        def test_exit; exit!(0); end\ndef test_other; end\nend\n";
    let Some(env) = suite("minitest", "", &[("test/exit_test.rb", text)]) else {
        return;
    };
    env.expect(1, &["-j", "2"]);
    let counts = env.report().0["counts"].clone();
    assert_eq!(
        (&counts["passed"], &counts["crashed"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn a_test_that_hangs_is_timed_out_with_the_stacks_of_its_threads() {
    let text = "require 'test/unit'\nclass TestHang < Test::Unit::TestCase\n\
        def in_a_thread; sleep; end\ndef where_it_hangs; Thread.new { in_a_thread }; sleep; end\n\
        def test_a; end\ndef test_hang; where_it_hangs; end\ndef test_z; end\nend\n";
    let Some(env) = suite(
        "test-unit",
        "timeout = '1s'",
        &[("test/test_hang.rb", text)],
    ) else {
        return;
    };
    let run = env.expect(1, &[]);
    assert_outcomes(
        &env,
        &[
            ("test_a(TestHang)", "passed"),
            ("test_hang(TestHang)", "timed-out"),
            ("test_z(TestHang)", "passed"),
        ],
    );
    assert!(run.stdout.contains("where_it_hangs"), "{run}");
    assert!(run.stdout.contains("in_a_thread"), "{run}");
}

#[test]
fn files_that_cannot_be_loaded_are_errors_and_the_rest_runs() {
    for framework in ["test-unit", "minitest"] {
        let ok = match framework {
            "test-unit" => {
                "require 'test/unit'\nclass TestOk < Test::Unit::TestCase\ndef test_ok; end\nend\n"
            }
            _ => {
                "require 'minitest/autorun'\nclass TestOk < Minitest::Test\ndef test_ok; end\nend\n"
            }
        };
        let files = [
            ("test/test_load.rb", "require 'nothing_of_this_name'\n"),
            ("test/test_ok.rb", ok),
            ("test/test_syntax.rb", "class Broken\n"),
        ];
        let Some(env) = suite(framework, "", &files) else {
            return;
        };
        let run = env.expect(5, &["-j", "2"]);
        let counts = env.report().0["counts"].clone();
        assert_eq!(
            (&counts["passed"], &counts["errored"]),
            (&1.into(), &2.into()),
            "{framework}: {run}"
        );
        assert!(run.stdout.contains("nothing_of_this_name"), "{run}");
        assert!(run.stdout.contains("test_syntax.rb"), "{run}");
    }
}

#[test]
fn an_abort_at_the_end_fails_the_suite() {
    let text = "require 'test/unit'\nmain = Process.pid\n\
        at_exit { abort 'not enough coverage' if Process.pid == main }\n\
        class TestA < Test::Unit::TestCase\ndef test_a; end\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_a.rb", text)]) else {
        return;
    };
    let run = env.run(&["-j", "1"]);
    assert_ne!(run.code, Some(0), "{run}");
    assert_eq!(tests(&env)[0]["outcome"], "passed");
}

#[test]
fn a_missing_ruby_and_a_missing_framework_are_named_with_what_to_do() {
    let Some(env) = suite("test-unit", "", &[("test/test_a.rb", "")]) else {
        return;
    };
    let config = env.read("paceline.toml");
    let ruby = format!("ruby = '{}'", ruby().unwrap().display());
    env.write("paceline.toml", &config.replace(&ruby, "ruby = 'ruby-9.9'"));
    let run = env.run([""; 0]);
    assert_eq!(run.code, Some(2), "{run}");
    let told = "suite `unit` cannot start: the interpreter `ruby-9.9` is not on PATH";
    assert!(run.stderr.contains(told), "{run}");

    env.write(
        "hidden/test/unit.rb",
        "raise LoadError, 'no test-unit here'\n",
    );
    env.write(
        "paceline.toml",
        &format!("{config}env = {{ RUBYLIB = 'hidden' }}\n"),
    );
    let run = env.expect(5, &[]);
    assert!(run.stdout.contains("test-unit"), "{run}");
    assert!(run.stdout.contains("gem install test-unit"), "{run}");
}

#[test]
fn tests_that_fork_and_start_threads_stay_one_test() {
    let text = "require 'test/unit'\nclass TestFork < Test::Unit::TestCase\n\
        def test_a_fork; pid = fork { exit 7 }; Process.wait(pid); assert_equal 7, $?.exitstatus; end\n\
        def test_b_raise; pid = fork { raise 'in the child' }; Process.wait(pid); assert_equal 1, $?.exitstatus; end\n\
        def test_c_thread; Thread.new { sleep }; assert true; end\n\
        def test_d_output; system('echo from a child'); assert false; end\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_fork.rb", text)]) else {
        return;
    };
    let run = env.expect(1, &["-j", "2"]);
    assert_outcomes(
        &env,
        &[
            ("test_a_fork(TestFork)", "passed"),
            ("test_b_raise(TestFork)", "passed"),
            ("test_c_thread(TestFork)", "passed"),
            ("test_d_output(TestFork)", "failed"),
        ],
    );
    assert!(run.stdout.contains("from a child"), "{run}");
}

#[test]
fn a_killed_host_ends_the_suite_and_nothing_is_left() {
    let text = "require 'test/unit'\nclass TestA < Test::Unit::TestCase\ndef test_a\n\
        File.write('host', Process.ppid.to_s)\nFile.write('worker', Process.pid.to_s)\n\
        Process.kill(:KILL, Process.ppid)\nsleep\nend\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_a.rb", text)]) else {
        return;
    };
    env.expect(5, &["-j", "2"]);
    assert!(!is_alive(env.process("host")));
    await_death(env.process("worker"));
}

#[test]
fn an_interrupt_ends_workers_and_reports_what_ran() {
    let text = "require 'test/unit'\nclass TestA < Test::Unit::TestCase\ndef test_a; end\n\
        def test_b; File.write('pid', Process.pid.to_s); File.rename('pid', 'worker'); sleep; end\ndef test_c; end\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_a.rb", text)]) else {
        return;
    };
    env.interrupt_in("unit::test_b(TestA)");
    assert_outcomes(
        &env,
        &[
            ("test_a(TestA)", "passed"),
            ("test_b(TestA)", "not-run"),
            ("test_c(TestA)", "not-run"),
        ],
    );
    await_death(env.process("worker"));
}

#[test]
fn loops_that_never_end_are_timed_out_wherever_they_are() {
    // The second one waits in C code that keeps the interpreter's lock: it has no stacks to show.
    let text = "require 'test/unit'\nrequire 'fiddle'\n\
        MUTEX = Fiddle::Pointer.malloc(64)\nMUTEX[0, 64] = \"\\0\" * 64\n\
        LOCK = Fiddle::Function.new(Fiddle::Handle::DEFAULT['pthread_mutex_lock'], [Fiddle::TYPE_VOIDP], \
                                    Fiddle::TYPE_INT, need_gvl: true)\n\
        class TestLoops < Test::Unit::TestCase\n\
        def test_a_ruby; nil while true; end\n\
        def test_b_in_c; 2.times { LOCK.call(MUTEX) }; end\n\
        def test_c_regexp; /\\A(?:(a)|a)*\\1(?=[^a])/ =~ 'a' * 60; end\n\
        def test_d; end\nend\n";
    let keys = "timeout = '700ms'";
    let Some(env) = suite("test-unit", keys, &[("test/test_loops.rb", text)]) else {
        return;
    };
    let run = env.expect(1, &["-j", "1"]);
    assert_outcomes(
        &env,
        &[
            ("test_a_ruby(TestLoops)", "timed-out"),
            ("test_b_in_c(TestLoops)", "timed-out"),
            ("test_c_regexp(TestLoops)", "timed-out"),
            ("test_d(TestLoops)", "passed"),
        ],
    );
    let has_stack = |name: &str| run.stdout.contains(&format!("{name}'"));
    assert!(
        has_stack("test_a_ruby") && has_stack("test_c_regexp"),
        "{run}"
    );
    assert!(!has_stack("test_b_in_c"), "{run}");
    assert!(
        run.stdout.contains("the worker did not write them"),
        "{run}"
    );
}

#[test]
fn a_hundred_megabytes_of_output_are_cut_and_fill_no_memory() {
    let text = "require 'minitest/autorun'\nclass BigTest < Minitest::Test\n\
        i_suck_and_my_tests_are_order_dependent!\n\
        def test_a_prints; 100.times { print 'x' * (1 << 20) }; assert false; end\n\
        def test_b; File.read('go-on'); end\nend\n";
    let Some(env) = suite("minitest", "", &[("test/big_test.rb", text)]) else {
        return;
    };
    env.expect_little_memory_for("unit::BigTest#test_a_prints");
    assert_outcomes(
        &env,
        &[
            ("BigTest#test_a_prints", "failed"),
            ("BigTest#test_b", "passed"),
        ],
    );
}

#[test]
fn whoever_prints_where_the_protocol_is_not_disturbs_nothing() {
    let text = "require 'test/unit'\n\
        puts '{\"kind\":\"goodbye\",\"exit_status\":0}'\n\
        IO.new(1).syswrite(%({\"kind\":\"unit_finished\",\"unit\":0}\\n))\n\
        at_exit { puts 'a last word' }\n\
        class TestA < Test::Unit::TestCase\n\
        def test_a; puts \"\\xff\\xfe not text\"; $stderr.puts '{\"kind\":\"test_finished\"}'; end\nend\n";
    for start in ["fork", "spawn"] {
        let keys = format!("start = '{start}'");
        let Some(env) = suite("test-unit", &keys, &[("test/test_a.rb", text)]) else {
            return;
        };
        env.expect(0, &["-j", "2"]);
        assert_outcomes(&env, &[("test_a(TestA)", "passed")]);
    }
}
