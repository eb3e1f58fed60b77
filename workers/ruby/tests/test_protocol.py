"""Single rules of docs/protocol.md, with an engine that says one thing at a time."""

import os
import subprocess
import unittest

from support import RUBY, SuiteCase, outcomes

THREE = """
    require "test/unit"
    class TestThree < Test::Unit::TestCase
      def test_a; end
      def test_b; end
      def test_c; end
    end
    class TestTwo < Test::Unit::TestCase
      def test_a; end
      def test_b; end
    end
"""


class Greeting(SuiteCase):
    def test_hello(self):
        self.write("test/test_x.rb", THREE)
        worker = self.talk()
        hello = worker.hello
        self.assertEqual(hello["protocol"], 1)
        self.assertEqual(hello["token"], "secret")
        self.assertEqual((hello["role"], hello["worker"]), ("worker", 3))
        self.assertEqual(hello["pid"], worker.process.pid)
        self.assertEqual(hello["framework"]["name"], "test-unit")
        self.assertRegex(hello["framework"]["version"], r"^3\.")
        self.assertEqual(hello["language"]["name"], "ruby")
        self.assertTrue(hello["claims"])
        worker.say(kind="shutdown")
        self.assertEqual(worker.hear("goodbye")["exit_status"], 0)

    def test_the_secret_is_kept_from_tests(self):
        self.write(
            "test/test_x.rb",
            """
            require "test/unit"
            class TestX < Test::Unit::TestCase
              def test_environment
                assert_equal(["PACELINE_WORKER_ID"], ENV.keys.grep(/PACELINE/))
              end
            end
            """,
        )
        for start in "fork", "spawn":
            self.assertEqual(set(outcomes(self.run_suite(start=start)).values()), {"passed"})

    def test_numbers_for_the_tests(self):
        self.write(
            "test/test_x.rb",
            """
            require "test/unit"
            class TestX < Test::Unit::TestCase
              def test_a
                print [ENV["TEST_ENV_NUMBER"], ENV["PARALLEL_TEST_GROUPS"]].inspect
                print worker_id if respond_to?(:worker_id)
              end
            end
            """,
        )
        worker = self.talk(welcome={"workers": 7})
        worker.say(kind="run", unit=0, key="TestX", tests=None)
        ((_, text),) = worker.hear("test_finished")["sections"]
        self.assertIn(text, ('["4", "7"]', '["4", "7"]4'))
        worker.say(kind="shutdown")
        for start in "fork", "spawn":
            engine = self.run_suite(start=start)
            ((_, _, result),) = engine.results()
            self.assertIn(result["sections"][0][1], ('["", "2"]', '["", "2"]1'))

    def test_a_framework_that_is_missing(self):
        self.write("lib/minitest.rb", 'raise LoadError, "there is none"')
        with self.assertRaises(AssertionError) as raised:
            host = self.talk(framework="minitest", role="host", ruby_options=("-I", "lib"))
            self.assertIsNone(host.hello["framework"]["version"])
            host.hear("ready")
        self.assertIn("minitest cannot be loaded: there is none", str(raised.exception))

    def test_no_library_is_there_that_a_plain_run_does_not_have(self):
        self.write(
            "test/test_x.rb",
            """
            require "test/unit"
            class TestX < Test::Unit::TestCase
              def test_libraries
                names = %i[JSON Set Tempfile FileUtils Timeout Digest Zlib YAML Open3 StringIO]
                File.write("names", names.select { |name| Object.const_defined?(name) }.inspect)
              end
            end
            """,
        )
        names = self.directory / "names"
        script = 'require "test/unit"; exit(Test::Unit::AutoRunner.run(true))'
        subprocess.run(
            [RUBY, "-e", script, "--", "test"], cwd=self.directory, capture_output=True, check=True
        )
        plain = names.read_text()
        for start in "fork", "spawn":
            self.run_suite(start=start)
            self.assertEqual(set(names.read_text()) - set(plain), set())


class Units(SuiteCase):
    def setUp(self):
        super().setUp()
        self.write("test/test_x.rb", THREE)

    def test_a_unit_is_announced_collected_and_run(self):
        worker = self.talk()
        worker.say(kind="run", unit=4, key="TestTwo", tests=None)
        self.assertEqual(worker.hear("unit_started")["unit"], 4)
        collected = worker.hear("collected")
        self.assertEqual(
            [test["id"] for test in collected["tests"]], ["test_a(TestTwo)", "test_b(TestTwo)"]
        )
        self.assertEqual(collected["tests"][0]["line"], 9)
        self.assertEqual((collected["count"], collected["first"]), (2, 0))
        for index in 0, 1:
            self.assertEqual(worker.hear("test_started")["test"], index)
            finished = worker.hear("test_finished")
            self.assertEqual((finished["test"], finished["outcome"]), (index, "passed"))
        self.assertEqual(worker.hear("unit_finished")["unit"], 4)
        worker.say(kind="run", unit=4, key="TestTwo", tests=[1], known=collected["digest"])
        self.assertEqual(worker.hear("test_started", "unit_finished")["test"], 1)
        worker.hear("unit_finished")
        worker.say(kind="run", unit=4, key="TestTwo", tests=[])
        worker.hear("unit_finished")
        worker.say(kind="shutdown")
        worker.hear("goodbye")

    def test_what_is_known_is_not_told_again(self):
        first = self.talk()
        first.say(kind="run", unit=0, key="TestTwo", tests=[])
        digest = first.hear("collected")["digest"]
        first.say(kind="shutdown")
        second = self.talk()
        second.say(kind="run", unit=0, key="TestTwo", tests=[], known=digest)
        collected = second.hear("collected")
        self.assertNotIn("tests", collected)
        self.assertEqual(collected["count"], 2)
        second.say(kind="shutdown")

    def test_ids_select(self):
        worker = self.talk()
        worker.say(kind="run", unit=0, key="TestThree", tests=None, ids=["test_b(TestThree)"])
        self.assertEqual(worker.hear("test_started")["test"], 1)
        worker.hear("test_finished")
        worker.hear("unit_finished")
        worker.say(kind="shutdown")

    def test_indexes_that_there_are_none(self):
        worker = self.talk()
        worker.say(kind="run", unit=0, key="TestTwo", tests=[7])
        finished = worker.hear("test_finished")
        self.assertEqual((finished["test"], finished["outcome"]), (7, "errored"))
        worker.say(kind="shutdown")

    def test_a_unit_that_there_is_none(self):
        worker = self.talk()
        worker.say(kind="run", unit=0, key="TestNone", tests=None)
        self.assertIn("TestNone", worker.hear("collect_error")["text"])
        worker.hear("unit_finished")
        worker.say(kind="shutdown")

    def test_a_claim(self):
        worker = self.talk()
        free, taken = self.directory / "free", self.directory / "taken"
        taken.write_text("")
        worker.say(kind="run", unit=0, key="TestTwo", tests=None, claim=str(taken))
        worker.say(kind="run", unit=1, key="TestThree", tests=[0], claim=str(free))
        self.assertEqual(
            worker.hear("taken_back", "unit_started"),
            {"kind": "taken_back", "unit": 0, "ok": True},
        )
        self.assertEqual(worker.hear("unit_started")["unit"], 1)
        self.assertTrue(free.exists())
        worker.hear("unit_finished")
        worker.say(kind="shutdown")

    def test_units_are_taken_back_between_tests(self):
        worker = self.waiting()
        worker.say(kind="run", unit=1, key="TestTwo", tests=None)
        worker.say(kind="take_back", unit=1)
        worker.say(kind="take_back", unit=0, tests=[2])
        worker.say(kind="take_back", unit=9)
        self.go_on()
        self.assertEqual(worker.hear("taken_back"), {"kind": "taken_back", "unit": 1, "ok": True})
        self.assertEqual(
            worker.hear("taken_back"), {"kind": "taken_back", "unit": 0, "ok": True, "tests": [2]}
        )
        self.assertFalse(worker.hear("taken_back")["ok"])
        self.assertEqual(worker.hear("test_started", "unit_finished")["test"], 1)
        self.assertEqual(worker.hear("test_started", "unit_finished")["kind"], "unit_finished")
        worker.say(kind="shutdown")
        worker.hear("goodbye")

    def test_now_means_after_the_running_test(self):
        worker = self.waiting()
        worker.say(kind="shutdown", now=True)
        self.go_on()
        self.assertEqual(worker.hear("test_started", "unit_finished")["kind"], "unit_finished")
        worker.hear("goodbye")

    def test_an_engine_that_goes_away_ends_the_worker(self):
        worker = self.waiting()
        worker.file.close()
        worker.socket.close()
        self.go_on()
        worker.process.wait(60)
        self.assertFalse((self.directory / "second").exists())

    def waiting(self):
        """A worker in a test that waits for `go_on`."""
        os.mkfifo(self.directory / "gate")
        self.write(
            "test/test_x.rb",
            THREE
            + """
    class TestThree
      undef_method :test_a, :test_b
      def test_a; File.read("gate"); end
      def test_b; File.write("second", ""); end
    end
            """,
        )
        worker = self.talk()
        worker.say(kind="run", unit=0, key="TestThree", tests=[0, 1, 2])
        worker.hear("test_started")
        return worker

    def go_on(self):
        (self.directory / "gate").write_text("")


class Messages(SuiteCase):
    def test_a_long_journal_goes_on_in_another_file(self):
        tests = "\n".join("def test_%s; flunk(%r * 700_000); end" % (name, name) for name in "abc")
        text = "require 'test/unit'\nclass TestLong < Test::Unit::TestCase\n%s\ndef test_d; end\nend\n"
        self.write("test/test_x.rb", text % tests)
        engine = self.run_suite(workers=1)
        expected = {"test_%s(TestLong)" % name: "failed" for name in "abc"}
        self.assertEqual(outcomes(engine), {**expected, "test_d(TestLong)": "passed"})
        self.assertIn(True, [message.get("next") for message in engine.of_kind("journal")])

    def setUp(self):
        super().setUp()
        self.write("test/test_x.rb", THREE)

    def test_what_is_not_understood_is_said(self):
        worker = self.talk()
        for line, word in (
            (b'{"kind":"no_such_kind"}\n', "no_such_kind"),
            (b"{]\n", "not JSON"),
            (b"[1]\n", "no object"),
            (b'{"kind":"run"} x\n', "not JSON"),
            (b"[" * 1000 + b"\n", "deep"),
        ):
            with self.subTest(line=line[:20]):
                worker.say_line(line)
                with self.assertRaises(AssertionError) as raised:
                    worker.hear("goodbye")
                self.assertIn(word, str(raised.exception))
                self.assertIn("'fatal': False", str(raised.exception))
        worker.say_line(b'\n{"kind":"run","unit":0,"key":"Test\\u0054wo","tests":[0],"x":[1.5e3,-2,null,true]}\n')
        worker.hear("unit_finished")
        worker.say(kind="shutdown")

    def test_ids_of_any_text(self):
        self.write(
            "test/test_x.rb",
            """
            require "test/unit"
            class TestX < Test::Unit::TestCase
              data("quote \\" and \\\\" => 1, "line\\nbreak" => 2, "\\u{1F600}" => 3, "\\u0001" => 4)
              def test_x(_); end
            end
            """,
        )
        for start in "fork", "spawn":
            engine = self.run_suite(start=start)
            self.assertEqual(
                list(outcomes(engine)),
                [
                    'test_x[quote " and \\](TestX)',
                    "test_x[line\nbreak](TestX)",
                    "test_x[\U0001f600](TestX)",
                    "test_x[\x01](TestX)",
                ],
            )

    def test_many_tests_come_in_parts(self):
        self.write(
            "test/test_x.rb",
            """
            require "test/unit"
            class TestX < Test::Unit::TestCase
              4500.times { |n| define_method("test_%04d" % n) {} }
            end
            """,
        )
        engine = self.run_suite(workers=1)
        self.assertEqual(len(outcomes(engine)), 4500)
        self.assertEqual(len(engine.of_kind("collected")), 3)


class Settings(SuiteCase):
    SUITE = """
        require "test/unit"
        class TestAlone < Test::Unit::TestCase
          def self.parallel_safe?; false; end
          def test_a; end
        end
        class TestMarked < Test::Unit::TestCase
          def self.paceline; { needs: { db: :shared }, timeout: "9s", together: true }; end
          def test_a; end
          attribute :paceline, { timeout: 3, needs: nil }
          def test_b; end
          attribute :paceline, { weight: 0 }
          def test_c; end
        end
        class TestPlain < Test::Unit::TestCase
          def test_a; end
          def test_b; end
        end
    """

    def test_what_classes_tests_and_overrides_say(self):
        self.write("test/test_x.rb", self.SUITE)
        overrides = [
            {"tests": "*(TestPlain)", "retries": 1, "weight": 2},
            {"tests": "test_?(TestPlain)", "retries": 2},
            {"tests": "test_a*", "serial": False, "timeout": 1},
        ]
        engine = self.run_suite(overrides=overrides)
        said = {t["id"]: t.get("paceline") for unit in engine.units for t in unit.tests}
        self.assertEqual(
            said,
            {
                "test_a(TestAlone)": {"serial": True, "timeout": 1},
                "test_a(TestMarked)": {"needs": {"db": "shared"}, "serial": False, "timeout": "9s"},
                "test_b(TestMarked)": {"timeout": 3},
                "test_c(TestMarked)": None,
                "test_a(TestPlain)": {
                    "serial": False, "weight": 2, "timeout": 1, "retries": 2,
                },
                "test_b(TestPlain)": {"weight": 2, "retries": 2},
            },
        )
        (error,) = engine.collect_errors
        self.assertEqual(error["id"], "test_c(TestMarked)")
        self.assertIn("weight cannot be 0", error["text"])
        self.assertEqual(set(outcomes(engine).values()), {"passed"})
        self.assertEqual(len(outcomes(engine)), 6)
        groups = {t["id"]: t.get("group") for unit in engine.units for t in unit.tests}
        self.assertEqual(groups["test_a(TestMarked)"], "class")
        self.assertIsNone(groups["test_a(TestPlain)"])

    def test_splits(self):
        self.write("test/test_x.rb", self.SUITE)
        for split, group in ("test", None), ("class", "class"), ("file", "group:test/test_x.rb"):
            with self.subTest(split=split):
                engine = self.run_suite(split=split)
                groups = {t.get("group") for unit in engine.units for t in unit.tests}
                self.assertEqual(groups, {group})


class Hooks(SuiteCase):
    def test_worker_setup_and_teardown(self):
        self.write(
            "test/test_x.rb",
            """
            require "minitest/autorun"
            Paceline.worker_setup { |id| $id = id }
            Paceline.worker_teardown { |id| File.write("teardown-#{id}", $id.to_s) }
            class TestX < Minitest::Test
              def test_x; assert_equal ENV["PACELINE_WORKER_ID"], $id.to_s; end
            end
            """,
        )
        for start in "fork", "spawn":
            with self.subTest(start=start):
                engine = self.run_suite(framework="minitest", start=start)
                self.assertEqual(set(outcomes(engine).values()), {"passed"})
                path = self.directory / "teardown-0"
                self.assertEqual(path.read_text(), "0")
                path.unlink()

    # The parts of Rails that are looked at, as they are in it: 6 forks by what it makes at once, 7 by
    # what it makes when tests run.
    RAILS = """
        require "minitest/autorun"
        module ActiveSupport
          module Testing
            class Parallelization
              singleton_class.attr_accessor :before_fork_hooks, :after_fork_hooks, :run_cleanup_hooks
              self.before_fork_hooks = [-> { File.write("before", "x", mode: "a") }]
              self.after_fork_hooks = [->(worker) { $database = "test-#{worker}" }]
              self.run_cleanup_hooks = [->(worker) { File.write("cleanup-#{worker}", "") }]
              attr_reader :size
              def start; raise "it forks by itself"; end
              def shutdown; end
            end
            class ParallelizeExecutor
              attr_reader :size, :parallelize_with
              def initialize(with); @size = 2; @parallelize_with = with; end
              def start; raise "it forks by itself"; end
              def shutdown; end
            end
          end
        end
        Thread.new { sleep } # such as a database's
        module DRb
          def self.stop_service; $server&.kill&.join; end
        end
        %s
        class TestX < Minitest::Test
          parallelize_me!
          def test_x; assert($database == %s); end
        end
    """

    def test_rails_hooks(self):
        six = "$server = Thread.new { sleep }\nMinitest.parallel_executor = ActiveSupport::Testing::Parallelization.new"
        seven = "Minitest.parallel_executor = ActiveSupport::Testing::ParallelizeExecutor.new(:processes)"
        for asking in (six, seven):
            self.write("test/test_x.rb", self.RAILS % (asking, '"test-0"'))
            engine = self.run_suite(framework="minitest")
            self.assertTrue(engine.ready["can_fork"], engine.ready)
            self.assertEqual(outcomes(engine), {"TestX#test_x": "passed"})
            self.assertEqual((self.directory / "before").read_text(), "x")
            (self.directory / "before").unlink()
            (self.directory / "cleanup-0").unlink()

    def test_rails_threads_have_no_hooks(self):
        asking = "Minitest.parallel_executor = ActiveSupport::Testing::ParallelizeExecutor.new(:threads)"
        self.write("test/test_x.rb", self.RAILS % (asking, "nil"))
        engine = self.run_suite(framework="minitest")
        self.assertEqual(outcomes(engine), {"TestX#test_x": "passed"})
        self.assertFalse((self.directory / "before").exists())

    def test_a_plugin_of_minitest(self):
        self.write(
            "lib/minitest/marking_plugin.rb",
            """
            module Minitest
              def self.plugin_marking_options(opts, options)
                opts.on("--mark TEXT") { |text| options[:mark] = text }
              end
              def self.plugin_marking_init(options)
                $mark = options[:mark]
                reporter.reporters.clear
              end
            end
            """,
        )
        self.write(
            "test/test_x.rb",
            """
            require "minitest/autorun"
            class TestX < Minitest::Test
              def test_x; assert_equal "it", $mark; end
            end
            """,
        )
        if self.talk(framework="minitest").hello["framework"]["version"] >= "6":
            self.skipTest("from 6 plugins are loaded when a suite asks for them")
        engine = self.run_suite(
            "--mark=it", "test", framework="minitest", ruby_options=("-I", "lib")
        )
        self.assertEqual(outcomes(engine), {"TestX#test_x": "passed"})


class Forking(SuiteCase):
    def test_threads_are_in_the_way(self):
        self.write("test/test_x.rb", THREE + "\nThread.new { sleep }.name = 'ticker'\n")
        engine = self.run_suite()
        self.assertFalse(engine.ready["can_fork"])
        self.assertIn("ticker", engine.ready["why_not"])
        self.assertEqual(len(outcomes(engine)), 5)

    def test_a_worker_number_that_is_looked_at_while_loading_is_too(self):
        self.write("test/helper.rb", 'DATABASE = "test#{ENV["TEST_ENV_NUMBER"]}"\n')
        self.write(
            "test/test_x.rb",
            """
            require "test/unit"
            require_relative "helper"
            class TestX < Test::Unit::TestCase
              def test_database; print DATABASE; end
            end
            """,
        )
        engine = self.run_suite()
        self.assertFalse(engine.ready["can_fork"])
        self.assertIn("test/helper.rb:1", engine.ready["why_not"])
        ((_, _, result),) = engine.results()
        self.assertEqual(result["sections"], [["Captured stdout", "test"]])
        worker = self.talk()
        worker.say(kind="run", unit=0, key="TestX", tests=None)
        self.assertEqual(worker.hear("test_finished")["sections"], [["Captured stdout", "test4"]])
        worker.say(kind="shutdown")

    def test_the_thread_of_timeout_is_not(self):
        self.write(
            "test/test_x.rb", THREE + '\nrequire "timeout"\nTimeout.timeout(60) { Thread.pass }\n'
        )
        self.assertTrue(self.run_suite().ready["can_fork"])

    def test_random_numbers_differ_between_workers(self):
        self.write(
            "test/test_x.rb",
            """
            require "test/unit"
            2.times do |n|
              Object.const_set("Test#{n}", Class.new(Test::Unit::TestCase) do
                define_method(:test_x) { print rand(1 << 60) }
              end)
            end
            """,
        )
        for start in "fork", "spawn":
            with self.subTest(start=start):
                engine = self.run_suite(prefetch=False, start=start)
                printed = {result["sections"][0][1] for _, _, result in engine.results()}
                self.assertEqual(len(printed), 2)


class Autorun(SuiteCase):
    def test_nothing_runs_twice_or_by_itself(self):
        self.write("lib/early.rb", 'require "minitest/autorun"\nrequire "test/unit"\n')
        self.write(
            "test/test_x.rb",
            """
            require "minitest/autorun"
            Minitest.after_run { puts "after run" }
            class TestX < Minitest::Test
              def test_x; File.write("ran", "x", mode: "a"); end
            end
            """,
        )
        for start in "fork", "spawn":
            with self.subTest(start=start):
                engine = self.run_suite(
                    framework="minitest", start=start, ruby_options=("-I", "lib", "-r", "early")
                )
                self.assertEqual(outcomes(engine), {"TestX#test_x": "passed"})
                self.assertEqual((self.directory / "ran").read_text(), "x")
                (self.directory / "ran").unlink()
                printed = engine.host_output + engine.log_of(0)
                self.assertEqual(printed.split("\n"), ["after run", ""])


if __name__ == "__main__":
    unittest.main()
