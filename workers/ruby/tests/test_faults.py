"""Tests that end their process, hang, print, fork; files that cannot be loaded."""

import os
import re
import signal
import unittest

from support import SuiteCase, outcomes


class Deaths(SuiteCase):
    def setUp(self):
        super().setUp()
        self.write(
            "test/test_deaths.rb",
            """
            require "test/unit"
            class TestDeaths < Test::Unit::TestCase
              def test_1_before; puts "one"; end
              def test_2_exit_bang; $stdout.puts "last words"; $stdout.flush; exit!(7); end
              def test_3_exit; exit(0); end
              def test_4_abort; abort("enough"); end
              def test_5_kill; Process.kill(:KILL, Process.pid); sleep; end
              def test_6_interrupt; Process.kill(:TERM, Process.pid); sleep; end
              def test_7_after; assert(true); end
            end
            """,
        )

    WANTED = ["passed", *["crashed"] * 5, "passed"]

    def test_each_death_is_its_tests_and_no_others(self):
        for start in "fork", "spawn":
            with self.subTest(start=start):
                engine = self.run_suite(start=start, workers=1)
                self.assertEqual(list(outcomes(engine).values()), self.WANTED)
                self.assertEqual(engine.errors, [])
                if start == "fork":
                    exited = sorted(engine.exited, key=lambda end: end["worker"])
                    self.assertEqual(
                        [end.get("code", -end.get("signal", 0)) for end in exited],
                        [7, 0, 1, -9, -15, 0],
                    )

    def test_isolated_tests_die_alone(self):
        for isolation in "file", "test":
            with self.subTest(isolation=isolation):
                engine = self.run_suite(workers=1, isolation=isolation)
                self.assertEqual(list(outcomes(engine).values()), self.WANTED)
                results = [result for _, _, result in engine.results()]
                self.assertEqual(results[1]["exit"], {"code": 7})
                self.assertEqual(results[2]["exit"], {"code": 0})
                self.assertEqual(results[4]["exit"], {"signal": signal.SIGKILL})
                self.assertEqual(results[1]["sections"], [["Captured stdout", "last words\n"]])
                self.assertEqual(results[3]["sections"], [["Captured stderr", "enough\n"]])
                self.assertEqual(len(engine.exited), 1)

    def test_a_signal_in_minitest(self):
        self.write(
            "test/test_deaths.rb",
            """
            require "minitest/autorun"
            class TestDeaths < Minitest::Test
              i_suck_and_my_tests_are_order_dependent!
              def test_1; assert true; end
              def test_2; exit(0); end
              def test_3; assert true; end
            end
            """,
        )
        engine = self.run_suite(framework="minitest", workers=1)
        self.assertEqual(list(outcomes(engine).values()), ["passed", "crashed", "passed"])


class Ends(SuiteCase):
    """Blocks that run at the end run once, where they belong."""

    SUITE = """
        require "%s"
        at_exit { File.write("load-%%d" %% Process.pid, "") }
        class TestEnds < %s
          def test_a; at_exit { File.write("test-%%d" %% Process.pid, "") }; end
          def test_b; end
          def test_c; Process.wait(fork { exit!(0) }); end
        end
        class TestMore < %s
          def test_a; end
        end
    """

    def left(self, prefix):
        return sorted(int(p.name[len(prefix) :]) for p in self.directory.glob(prefix + "*"))

    def test_once_in_the_process_where_they_were_registered(self):
        for framework, library, parent in (
            ("test-unit", "test/unit", "Test::Unit::TestCase"),
            ("minitest", "minitest/autorun", "Minitest::Test"),
        ):
            with self.subTest(framework=framework):
                for old in self.directory.glob("*-*"):
                    old.unlink()
                self.write("test/test_ends.rb", self.SUITE % (library, parent, parent))
                engine = self.run_suite(framework=framework)
                self.assertEqual(self.left("load-"), [engine.host.pid])
                (pid,) = self.left("test-")
                self.assertNotEqual(pid, engine.host.pid)
                self.assertEqual([m["exit_status"] for m in engine.of_kind("goodbye")], [0, 0, 0])

    def test_the_frameworks_own_hooks(self):
        self.write(
            "test/test_hooks.rb",
            """
            require "test/unit"
            Test::Unit.at_start { $started = Process.pid; File.write("start-#{Process.pid}", "") }
            Test::Unit.at_exit { File.write("exit-#{Process.pid}", "") }
            class TestHooks < Test::Unit::TestCase
              def test_a; assert_not_nil($started); end
              def test_b; assert_not_nil($started); end
            end
            """,
        )
        engine = self.run_suite()
        self.assertEqual(set(outcomes(engine).values()), {"passed"})
        self.assertEqual(self.left("start-"), [engine.host.pid])
        self.assertEqual(self.left("exit-"), [engine.host.pid])
        for old in self.directory.glob("*-*"):
            old.unlink()
        engine = self.run_suite(start="spawn", workers=1)
        self.assertEqual(set(outcomes(engine).values()), {"passed"})
        self.assertEqual(self.left("start-"), self.left("exit-"))
        self.assertNotIn(engine.host.pid, self.left("start-"))

    def test_after_run(self):
        self.write(
            "test/test_hooks.rb",
            """
            require "minitest/autorun"
            Minitest.after_run { File.write("after-#{Process.pid}", "") }
            class TestHooks < Minitest::Test
              def test_a; end
            end
            class TestHooks2 < Minitest::Test
              def test_a; end
            end
            """,
        )
        engine = self.run_suite(framework="minitest")
        self.assertEqual(self.left("after-"), [engine.host.pid])

    def test_an_abort_at_the_end_is_no_success(self):
        self.write(
            "test/test_abort.rb",
            """
            require "test/unit"
            class TestAbort < Test::Unit::TestCase
              def test_a; at_exit { abort("after all") }; end
            end
            """,
        )
        for options in {}, {"start": "spawn"}, {"isolation": "test"}:
            with self.subTest(**options):
                engine = self.run_suite(workers=1, **options)
                self.assertEqual(list(outcomes(engine).values()), ["passed"])
                (error,) = engine.collect_errors
                self.assertEqual(error["id"], "at_exit")
                self.assertIn("exit code 1", error["message"])

    def test_an_abort_of_the_host_is_its_exit_status(self):
        self.write(
            "test/test_abort.rb",
            """
            require "test/unit"
            at_exit { abort("coverage is too low") }
            class TestAbort < Test::Unit::TestCase
              def test_a; end
            end
            """,
        )
        engine = self.run_suite()
        self.assertEqual(engine.host.goodbye["exit_status"], 1)
        self.assertIn("coverage is too low", engine.host_output)


class Loading(SuiteCase):
    def test_a_file_that_cannot_be_loaded_is_one_error(self):
        self.write("test/test_syntax.rb", "class TestSyntax; def")
        self.write(
            "test/test_half.rb",
            """
            require "test/unit"
            class TestHalf < Test::Unit::TestCase
              def test_half; end
            end
            raise "half way"
            """,
        )
        self.write("test/test_exit.rb", "exit")
        self.write("test/test_missing.rb", 'require "no/such/library"')
        self.write(
            "test/test_good.rb",
            """
            require "test/unit"
            class TestGood < Test::Unit::TestCase
              def test_good; end
            end
            """,
        )
        engine = self.run_suite()
        errors = {error["id"]: error for error in engine.collect_errors}
        self.assertEqual(
            sorted(errors), ["test/test_exit.rb", "test/test_half.rb", "test/test_syntax.rb"]
        )
        self.assertEqual(errors["test/test_half.rb"]["message"], "RuntimeError: half way")
        self.assertEqual(errors["test/test_half.rb"]["location"]["line"], 6)
        self.assertEqual(
            errors["test/test_syntax.rb"]["location"],
            {"file": str(self.directory / "test/test_syntax.rb"), "line": 1},
        )
        found = outcomes(engine)
        self.assertEqual(found.pop("test_good(TestGood)"), "passed")
        # test-unit's own way with a library that is missing.
        self.assertEqual(list(found.values()), ["errored"])

    def test_in_minitest_too(self):
        self.write("test/test_syntax.rb", "class TestSyntax; def")
        self.write("test/test_missing.rb", 'require "no/such/library"')
        self.write(
            "test/test_good.rb",
            'require "minitest/autorun"\nclass TestGood < Minitest::Test\n  def test_a; end\nend\n',
        )
        engine = self.run_suite(framework="minitest")
        self.assertEqual(
            sorted(error["id"] for error in engine.collect_errors),
            ["test/test_missing.rb", "test/test_syntax.rb"],
        )
        self.assertEqual(outcomes(engine), {"TestGood#test_a": "passed"})

    def test_bad_arguments_end_the_host_with_words(self):
        self.write("test/test_a.rb", "")
        for framework in "test-unit", "minitest":
            with self.subTest(framework=framework):
                host = self.talk("--no-such-option", framework=framework, role="host")
                with self.assertRaises(AssertionError) as raised:
                    host.hear("ready")
                self.assertIn("arguments", str(raised.exception))
                self.assertIn("no-such-option", host.log.read_text())

    def test_no_files_are_no_tests(self):
        for framework in "test-unit", "minitest":
            engine = self.run_suite(framework=framework)
            self.assertEqual(engine.units, [])


class Output(SuiteCase):
    def test_what_a_test_and_its_children_print_is_its_own(self):
        self.write(
            "test/test_output.rb",
            """
            require "test/unit"
            puts "while loading"
            class TestOutput < Test::Unit::TestCase
              def self.startup; puts "startup"; end
              def self.shutdown; puts "shutdown"; end
              def test_a; puts "from ruby"; system("echo from a child; echo aside >&2"); end
              def test_b; end
              def test_c; STDERR.puts "caf\\u00e9"; STDOUT.write("\\xff\\0".b); end
              def test_d; $stdout.close; STDERR.close; end
              def test_e; end
            end
            """,
        )
        engine = self.run_suite(workers=1)
        sections = {id: result.get("sections") for id, _, result in engine.results()}
        self.assertEqual(
            sections,
            {
                "test_a(TestOutput)": [
                    ["Captured stdout", "startup\nfrom ruby\nfrom a child\n"],
                    ["Captured stderr", "aside\n"],
                ],
                "test_b(TestOutput)": None,
                "test_c(TestOutput)": [
                    ["Captured stdout", "\\xFF\0"],
                    ["Captured stderr", "café\n"],
                ],
                "test_d(TestOutput)": None,
                "test_e(TestOutput)": None,
            },
        )
        self.assertIn("while loading", engine.host_output)

    def test_between_tests_it_goes_to_the_log(self):
        self.write(
            "test/test_output.rb",
            """
            require "test/unit"
            class TestOutput < Test::Unit::TestCase
              def self.shutdown; puts "shutdown"; end
              def test_a; at_exit { puts "at the end" }; end
            end
            """,
        )
        engine = self.run_suite(workers=1)
        self.assertEqual(engine.log_of(0), "shutdown\nat the end\n")

    def test_large_output_is_cut_in_its_middle(self):
        self.write(
            "test/test_output.rb",
            """
            require "test/unit"
            class TestOutput < Test::Unit::TestCase
              def test_a; puts "first"; print("x" * 20_000_000); puts "last"; end
            end
            """,
        )
        engine = self.run_suite(workers=1)
        ((_, _, result),) = engine.results()
        ((_, text),) = result["sections"]
        self.assertTrue(text.startswith("first\nxx"))
        self.assertTrue(text.endswith("xxlast\n"))
        self.assertIn("characters cut", text)
        self.assertLess(len(text), 3_000_000)


class Hangs(SuiteCase):
    HANGING = """
        require "test/unit"
        class TestHangs < Test::Unit::TestCase
          def test_hangs
            other = Thread.new { wait_for_nothing }
            other.name = "the other"
            Thread.pass until other.stop?
            File.write("hanging", "")
            %s
          end
          def wait_for_nothing; Queue.new.pop; end
        end
    """

    def stacks_of(self, statement):
        self.write("test/test_hangs.rb", self.HANGING % statement)
        worker = self.talk()
        worker.say(kind="run", unit=0, key="TestHangs", tests=None)
        worker.hear("test_started")
        stacks = worker.hello["stacks"]
        wait_until((self.directory / "hanging").exists)
        (self.directory / "hanging").unlink()
        told = 0
        while True:
            os.kill(worker.process.pid, stacks["signal"])
            text = wait_until(lambda: read_beyond(stacks["file"], told))
            # It may still be about to hang.
            if re.search(r"test_hangs\.rb:9:in .*test_hangs'", text[told:]):
                break
            told = len(text)
        os.kill(worker.process.pid, signal.SIGKILL)
        return text[told:]

    def test_the_stacks_of_all_threads(self):
        for statement in "sleep", "loop { 1 + 1 }", "Queue.new.tap { |q| Thread.new { sleep }; q.pop }":
            with self.subTest(statement=statement):
                text = self.stacks_of(statement)
                self.assertIn("main thread", text)
                self.assertIn("the other", text)
                self.assertIn("wait_for_nothing", text)

    def test_a_file_that_hangs_while_it_is_loaded(self):
        text = """
            def stuck; File.write("hanging", ""); sleep; end
            %s
            stuck
        """
        for role, trap, code in (("host", "", -15), ("worker", "", -15), ("host", 'trap("TERM") { exit!(9) }', 9)):
            with self.subTest(role=role, trap=trap):
                self.write("test/test_stuck.rb", text % trap)
                worker = self.talk(role=role)
                wait_until((self.directory / "hanging").exists)
                (self.directory / "hanging").unlink()
                worker.process.terminate()
                self.assertEqual(worker.process.wait(), code)
                # A suite's own handler stays its own.
                printed = worker.log.read_text()
                self.assertEqual("in `stuck'" in printed or "#stuck'" in printed, trap == "", printed)

    def test_a_handler_for_the_end_of_its_own(self):
        self.write(
            "test/test_x.rb",
            """
            require "test/unit"
            trap("TERM") { $told = true }
            class TestX < Test::Unit::TestCase
              def test_x
                Process.kill("TERM", Process.pid)
                Thread.pass until $told
              end
            end
            """,
        )
        self.assertEqual(outcomes(self.run_suite()), {"test_x(TestX)": "passed"})


def wait_until(condition):
    """Polls a condition that another process makes true; the test's runner has the patience."""
    while True:
        value = condition()
        if value:
            return value
        os.sched_yield()


def read_beyond(path, length):
    """What is in a file once it has more than that."""
    try:
        with open(path, errors="replace") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    return text if len(text) > length and text.endswith("\n") else None


if __name__ == "__main__":
    unittest.main()
