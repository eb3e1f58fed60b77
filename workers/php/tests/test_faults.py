"""Tests that end their process, that hang, that fork; suites that cannot be loaded."""

import os
import signal
import unittest

import compare
from suite import SuiteCase, php, version

FAULTS = """
    function testOk() { $this->assertTrue(true); }
    function testExits() { exit(0); }
    function testIsFatal() { ini_set('memory_limit', '32M'); $a = []; while (true) { $a[] = str_repeat('x', 100000); } }
    function testIsKilled() { posix_kill(getmypid(), 9); }
    function testSegfaults() { posix_kill(getmypid(), 11); }
    function testForks() { if (pcntl_fork() === 0) { return; } pcntl_wait($s); $this->assertTrue(true); }
    function testLast() { $this->assertTrue(true); }
"""
EXPECTED = {
    "FaultTest::testOk": "passed",
    "FaultTest::testExits": "crashed",
    "FaultTest::testIsFatal": "crashed",
    "FaultTest::testIsKilled": "crashed",
    "FaultTest::testSegfaults": "crashed",
    "FaultTest::testForks": "passed",
    "FaultTest::testLast": "passed",
}


class Crashes(SuiteCase):
    def test_the_test_that_did_it_is_named_and_the_rest_runs(self):
        self.write(FaultTest=FAULTS)
        for start in ("fork", "spawn"):
            for workers in (1, 2):
                with self.subTest(start=start, workers=workers):
                    self.assertEqual(self.run_suite(start=start, workers=workers), EXPECTED)

    def test_a_long_journal_goes_on_in_another_file(self):
        body = "function test%s() { $this->fail(str_repeat('x', 700000)); }\n"
        self.write(LongTest="".join(body % name for name in "ABC") + "function testLast() { $this->assertTrue(true); }\n")
        outcomes = self.run_suite(workers=1)
        self.assertEqual(list(outcomes.values()), ["failed", "failed", "failed", "passed"])
        self.assertIn(True, [message.get("next") for message in self.engine.of_kind("journal")])

    def test_isolated_tests_crash_alone(self):
        self.write(FaultTest=FAULTS)
        for isolation in ("test", "file"):
            with self.subTest(isolation=isolation):
                self.assertEqual(self.run_suite(isolation=isolation, workers=1), EXPECTED)
                self.assertEqual(self.engine.next_worker, 1)
                self.assertEqual(self.result("FaultTest::testIsKilled")["exit"], {"signal": 9})
                # PHPUnit 12 and later notice it themselves, and make it 2.
                code = 2 if version() >= (12, 0) else 0
                self.assertEqual(self.result("FaultTest::testExits")["exit"], {"code": code})

    def test_what_php_says_of_its_end_is_in_the_log(self):
        self.write(FaultTest=FAULTS)
        self.run_suite(["--filter", "testIsFatal"], workers=1)
        self.assertIn("Allowed memory size", self.engine.log_of(0))

    def test_a_hanging_test_shows_its_stack(self):
        self.write(
            HangTest="function testHangs() { $this->forEver(); }\n"
            "function forEver() { touch('hanging'); while (true) { usleep(10); } }\n"
        )
        seen = []

        def kill(engine):
            for peer in engine.peers.values():
                if peer.running is None or seen:
                    continue
                offer = peer.hello["stacks"]
                while not (self.directory / "hanging").exists():
                    os.sched_yield()
                os.kill(peer.pid, offer["signal"])
                while not os.path.exists(offer["file"]) or not os.path.getsize(offer["file"]):
                    os.sched_yield()
                with open(offer["file"]) as file:
                    seen.append(file.read())
                os.kill(peer.pid, signal.SIGKILL)

        self.assertEqual(self.run_suite(workers=1, kill=kill), {"HangTest::testHangs": "crashed"})
        self.assertIn("HangTest->forEver()", seen[0])
        self.assertIn("HangTest.php", seen[0])
        self.assertNotIn("Paceline", seen[0])


class Dependencies(SuiteCase):
    """Tests that depend on others, in a worker that has not run those."""

    SUITE = """
        static $set = 0;
        static function setUpBeforeClass(): void { file_put_contents('set-up', 'x', FILE_APPEND); }
        function testFirst() { file_put_contents('first', 'x', FILE_APPEND); $this->assertTrue(true); return 7; }
        /** @depends testFirst */
        #[PHPUnit\\Framework\\Attributes\\Depends('testFirst')]
        function testSecond($seven) { $this->assertSame(7, $seven); return $seven + 1; }
        function testFails() { $this->assertTrue(false); }
        function testExits() { exit(0); }
        /** @depends testSecond */
        #[PHPUnit\\Framework\\Attributes\\Depends('testSecond')]
        function testThird($eight) { $this->assertSame(8, $eight); }
        /** @depends testFails */
        #[PHPUnit\\Framework\\Attributes\\Depends('testFails')]
        function testOfFailed() { $this->assertTrue(true); }
        /** @depends testExits */
        #[PHPUnit\\Framework\\Attributes\\Depends('testExits')]
        function testOfCrashed() { $this->assertTrue(true); }
    """
    EXPECTED = {
        "ATest::testFirst": "passed",
        "ATest::testSecond": "passed",
        "ATest::testFails": "failed",
        "ATest::testExits": "crashed",
        "ATest::testThird": "passed",
        "ATest::testOfFailed": "skipped",
        "ATest::testOfCrashed": "skipped",
    }

    def test_what_a_dead_worker_has_run_is_run_again_for_those_that_need_it(self):
        for start in ("fork", "spawn"):
            with self.subTest(start=start):
                self.write(ATest=self.SUITE)
                self.assertEqual(self.run_suite(start=start, workers=1), self.EXPECTED)
                self.assertEqual((self.directory / "first").read_text(), "xx")
                self.assertEqual((self.directory / "set-up").read_text(), "xx")
                third = self.result("ATest::testThird")
                self.assertEqual((third["assertions"], third.get("problems")), (1, None))
                (self.directory / "first").unlink()
                (self.directory / "set-up").unlink()

    def test_tests_in_processes_of_their_own_have_what_they_need(self):
        self.write(ATest=self.SUITE)
        for isolation in ("test", "file"):
            with self.subTest(isolation=isolation):
                self.assertEqual(self.run_suite(isolation=isolation, workers=1), self.EXPECTED)

    def test_a_crash_of_what_is_needed_is_the_fault_of_the_test_that_needs_it(self):
        self.write(
            ATest="function testFirst() { if (file_exists('crashed')) { exit(3); } $this->assertTrue(true); }\n"
            "function testExits() { touch('crashed'); exit(0); }\n"
            "/** @depends testFirst */\n#[PHPUnit\\Framework\\Attributes\\Depends('testFirst')]\n"
            "function testSecond() { $this->assertTrue(true); }\n"
            "function testLast() { $this->assertTrue(true); }\n"
        )
        self.assertEqual(
            self.run_suite(workers=1),
            {
                "ATest::testFirst": "passed",
                "ATest::testExits": "crashed",
                "ATest::testSecond": "crashed",
                "ATest::testLast": "passed",
            },
        )


class Fixtures(SuiteCase):
    def test_a_class_that_cannot_be_set_up(self):
        self.write(
            BrokenTest="static function setUpBeforeClass(): void { throw new Exception('no'); }\n"
            "function testOne() {}\nfunction testTwo() {}\n"
        )
        outcomes = self.run_suite()
        self.assertEqual(outcomes, {"BrokenTest::testOne": "errored", "BrokenTest::testTwo": "skipped"})
        self.assertEqual(self.result("BrokenTest::testOne")["problems"][0]["message"], "Exception: no" if version() >= (10, 0) else "no")

    def test_a_class_that_skips_itself(self):
        self.write(
            SkippedTest="static function setUpBeforeClass(): void { self::markTestSkipped('not here'); }\n"
            "function testOne() {}\nfunction testTwo() {}\n"
        )
        self.assertEqual(set(self.run_suite().values()), {"skipped"})
        self.assertEqual(self.result("SkippedTest::testTwo")["problems"][0]["reason"], "not here")

    def test_a_class_that_cannot_be_torn_down(self):
        self.write(
            BrokenTest="static function tearDownAfterClass(): void { throw new Exception('at the end'); }\n"
            "function testOne() { $this->assertTrue(true); }\n"
        )
        self.assertEqual(self.run_suite(), {"BrokenTest::testOne": "passed"})
        [error] = self.engine.errors
        self.assertIn("at the end", error["text"])
        self.assertEqual((error["fatal"], error["unit"]), (False, 0))

    def test_a_provider_that_throws(self):
        self.write(
            DataTest="/** @dataProvider data */\n"
            "#[PHPUnit\\Framework\\Attributes\\DataProvider('data')]\n"
            "function testIt($x) {}\nstatic function data() { throw new Exception('no data'); }\n"
            "function testOther() { $this->assertTrue(true); }\n"
        )
        outcomes = self.run_suite()
        self.assertEqual(outcomes.pop("DataTest::testOther"), "passed")
        if version() >= (10, 0):
            [error] = self.engine.collect_errors
            self.assertEqual((error["unit"], error["id"]), (0, "DataTest::testIt"))
            self.assertIn("no data", error["text"])
            self.assertNotIn("workers/php/src", error["text"])
        else:
            self.assertEqual(list(outcomes.values()), ["errored"])


class Loading(SuiteCase):
    def fatal(self, **options):
        self.run_suite(**options)
        [error] = self.engine.errors
        self.assertTrue(error["fatal"])
        self.assertIsNone(self.engine.ready)
        return error["text"]

    def test_a_file_that_is_no_php(self):
        self.write(ATest="function testIt() { nonsense nonsense }\n")
        text = self.fatal()
        self.assertIn("syntax error", text)
        self.assertIn("ATest.php", text)

    def test_a_bootstrap_that_ends(self):
        self.write("", ATest="function testIt() {}\n")
        (self.directory / "end.php").write_text("<?php echo 'not configured'; exit(1);")
        self.assertIn("not configured", self.fatal(args=["--bootstrap", "end.php"]))

    def test_arguments_that_phpunit_does_not_know(self):
        self.write(ATest="function testIt() {}\n")
        self.assertIn("--no-such-thing", self.fatal(args=["--no-such-thing"]))

    def test_no_phpunit(self):
        self.write(ATest="function testIt() {}\n")
        command = [*compare.PHP, compare.WORKER, "--phpunit", "/nowhere/phpunit"]
        original, compare.WORKER_COMMAND = compare.WORKER_COMMAND, command
        self.addCleanup(setattr, compare, "WORKER_COMMAND", original)
        self.assertIn("cannot find PHPUnit; looked for /nowhere/phpunit", self.fatal())
        self.assertIsNone(self.engine.host.hello["framework"]["version"])


class Processes(SuiteCase):
    def test_shutdown_functions_and_destructors_of_the_host_run_once(self):
        self.write(
            ATest="static $held;\nfunction testIt() { $this->assertTrue(true); }\n",
            BTest="function testIt() { $this->assertTrue(true); }\n",
        )
        (self.directory / "boot.php").write_text(
            "<?php register_shutdown_function(function () { file_put_contents(__DIR__ . '/ends', \"x\", FILE_APPEND); });\n"
        )
        self.run_suite(["--bootstrap", "boot.php"])
        self.assertEqual((self.directory / "ends").read_text(), "x")

    def test_workers_know_who_they_are(self):
        names = ["PHPUNIT_WORKER_ID", "PHPUNIT_WORKER_TOKEN", "TEST_TOKEN", "UNIQUE_TEST_TOKEN"]
        code = "function testIt() { foreach (%r as $n) { echo getenv($n), '|', $_ENV[$n], '|', $_SERVER[$n], \"\\n\"; } $this->assertTrue(true); }\n"
        self.write(ATest=code % names)
        for start in ("fork", "spawn"):
            with self.subTest(start=start):
                self.run_suite(start=start, workers=1)
                lines = self.result("ATest::testIt")["sections"][0][1].splitlines()
                ident, token, number, unique = (line.split("|")[0] for line in lines)
                for line in lines:
                    self.assertEqual(len(set(line.split("|"))), 1)
                self.assertEqual((ident, number), ("0", "1"))
                self.assertRegex(token, "^0_[0-9a-f]{32}$")
                self.assertRegex(unique, "^1_[0-9a-f]{32}$")

    def test_a_bootstrap_that_asks_who_it_is_needs_spawned_workers(self):
        self.write(ATest="function testIt() { echo DATABASE; $this->assertTrue(true); }\n")
        (self.directory / "boot.php").write_text("<?php define('DATABASE', 'test_' . getenv('TEST_TOKEN'));")
        self.run_suite(["--bootstrap", "boot.php"], workers=1)
        self.assertFalse(self.engine.ready["can_fork"])
        self.assertIn("TEST_TOKEN", self.engine.ready["why_not"])
        self.assertEqual(self.result("ATest::testIt")["sections"], [["Output", "test_1"]])

    def test_forked_workers_draw_different_numbers(self):
        self.write(**{name: "function testIt() { echo mt_rand(); $this->assertTrue(true); }\n" for name in ("ATest", "BTest")})
        (self.directory / "boot.php").write_text("<?php mt_rand();")
        # One test for each of two workers: a fork starts from the same state.
        self.run_suite(["--bootstrap", "boot.php"], workers=2, prefetch=False)
        drawn = {result["sections"][0][1] for _, _, result in self.engine.results()}
        self.assertEqual(len(drawn), 2)

    def test_output_past_phpunit_is_in_the_workers_log(self):
        self.write(ATest="function testIt() { fwrite(STDERR, 'to stderr'); $this->assertTrue(true); }\n")
        for start in ("fork", "spawn"):
            self.run_suite(start=start, workers=1)
            self.assertIn("to stderr", self.engine.log_of(0))
            self.assertNotIn("to stderr", self.engine.host_output)

    def test_tests_do_not_see_the_secret(self):
        self.write(ATest="function testIt() { $this->assertFalse(getenv('PACELINE_TOKEN') ?: isset($_SERVER['PACELINE_TOKEN']) ?: getenv('PACELINE_CONNECT')); }\n")
        for start in ("fork", "spawn"):
            self.assertEqual(self.run_suite(start=start), {"ATest::testIt": "passed"})

    def test_programs_that_tests_start_do_not_hold_the_connection(self):
        if not php("echo extension_loaded('ffi');"):
            self.skipTest("needs FFI")
        self.write(ATest="function testIt() { exec('ls -l /proc/self/fd', $lines); echo implode($lines); $this->assertTrue(true); }\n")
        for start in ("fork", "spawn"):
            self.run_suite(start=start, workers=1)
            self.assertNotIn("socket:", self.result("ATest::testIt")["sections"][0][1])


if __name__ == "__main__":
    unittest.main()
