<?php declare(strict_types=1);
namespace Paceline\Worker\Phpunit9;

use Paceline\Worker\Feed;
use Paceline\Worker\Unit;
use PHPUnit\Framework\DataProviderTestSuite;
use PHPUnit\Framework\TestCase;
use PHPUnit\Framework\TestResult;
use PHPUnit\Framework\TestSuite;
use PHPUnit\Runner\PhptTestCase;

/** Holds the suite that PHPUnit has built. When PHPUnit runs it, everything is set up as for any run. */
final class WholeSuite extends TestSuite
{
    /** @var callable */
    private $serve;
    /** @var list<Unit> */
    private array $units = [];

    // The parent's constructor would look for a class of the name.
    public function __construct(TestSuite $suite, private readonly Printer $printer, callable $serve)
    {
        $this->serve = $serve;
        $this->tests = [$suite];
    }

    public function run(TestResult $result = null): TestResult
    {
        \assert($result !== null);
        [$runner, $arguments] = [null, []];
        foreach (\debug_backtrace() as $frame) {
            if (($frame['class'] ?? '') === \PHPUnit\TextUI\TestRunner::class && $frame['function'] === 'run') {
                // As they are now: completed from the configuration.
                [$runner, $arguments] = [$frame['object'] ?? null, $frame['args'][1] ?? []];
                break;
            }
        }
        $this->collect($this);
        ($this->serve)(new Driver($this->units, $result, $runner, $arguments, $this->printer));

        return $result;
    }

    public function warnings(): array
    {
        return $this->tests === [] ? [] : $this->tests[0]->warnings();
    }

    /** Goes through the suites as `run` would: with their filters, and handing down what they prescribe. */
    private function collect(TestSuite $suite): void
    {
        $loose = [];
        foreach ($suite as $test) {
            if ($test instanceof TestSuite) {
                $this->addLoose($suite, $loose);
                $this->handDown($suite, $test);
                if ($test->testCase || $test instanceof DataProviderTestSuite) {
                    $this->addClass($test);
                } else {
                    $this->collect($test);
                }
            } elseif ($test instanceof PhptTestCase) {
                $this->addLoose($suite, $loose);
                $this->units[] = new Unit('phpt', $test->getName(), $test->getName(), [$test], $suite);
            } elseif ($test instanceof TestCase) {
                $loose[] = $test;
            }
        }
        $this->addLoose($suite, $loose);
    }

    private function handDown(TestSuite $suite, TestSuite $test): void
    {
        $test->setBeStrictAboutChangesToGlobalState(self::isStrict($suite));
        $test->setBackupGlobals($suite->backupGlobals);
        $test->setBackupStaticAttributes($suite->backupStaticAttributes);
        $test->setRunTestInSeparateProcess($suite->runTestInSeparateProcess);
    }

    private function addClass(TestSuite $suite): void
    {
        $tests = [];
        foreach ($suite as $test) {
            foreach ($test instanceof TestSuite ? $test : [$test] as $leaf) {
                if ($leaf instanceof TestCase) {
                    $tests[] = $leaf;
                }
            }
        }
        if ($tests === []) {
            return;
        }
        $class = \explode('::', $suite->getName())[0];
        if (!\class_exists($class, false)) {
            $class = $tests[0]::class;
        }
        $this->units[] = new Unit('class', $class, (string) (new \ReflectionClass($class))->getFileName(), $tests, $suite);
    }

    /**
     * Tests that a `suite()` method has put beside suites.
     *
     * @param list<TestCase> $tests
     */
    private function addLoose(TestSuite $suite, array &$tests): void
    {
        if ($tests !== []) {
            $file = (string) (new \ReflectionClass($tests[0]))->getFileName();
            $name = $suite->getName() !== '' ? $suite->getName() : $tests[0]::class;
            $this->units[] = new Unit('other', $name, $file, $tests, $suite);
            $tests = [];
        }
    }

    /** A private property of PHPUnit's, without a getter. */
    public static function isStrict(TestSuite $suite): ?bool
    {
        return \Closure::bind(static fn () => $suite->beStrictAboutChangesToGlobalState, null, TestSuite::class)();
    }
}

/** A class as it runs in a worker: PHPUnit's own `run` takes its tests from the feed. */
final class UnitSuite extends TestSuite
{
    /** @var array<int, TestCase> tests that have been asked for all at once, by index */
    private array $copies = [];

    public function __construct(private readonly Unit $unit, private readonly Feed $feed)
    {
        $suite = $unit->suite;
        $this->setName($suite->getName());
        $this->testCase = $suite->testCase;
        $this->setBackupGlobals($suite->backupGlobals);
        $this->setBackupStaticAttributes($suite->backupStaticAttributes);
        $this->setBeStrictAboutChangesToGlobalState(WholeSuite::isStrict($suite));
        $this->setRunTestInSeparateProcess($suite->runTestInSeparateProcess);
    }

    public function count(): int
    {
        return 1;
    }

    public function getIterator(): \Iterator
    {
        while (($index = $this->feed->next()) !== null) {
            $this->feed->begin($index);
            $test = $this->copy($index);
            unset($this->copies[$index]);
            yield $test;
            $this->feed->finish();
        }
    }

    /** All tests that are left. Listeners ask for them, and PHPUnit where what goes before the first has failed. */
    public function tests(): array
    {
        $tests = [];
        foreach ($this->feed->pending() as $index) {
            $tests[] = $this->copies[$index] = $this->copy($index);
        }

        return $tests;
    }

    /** The index of a test that PHPUnit has taken from `tests`. */
    public function indexOf(object $test): ?int
    {
        $index = \array_search($test, $this->copies, true);

        return $index === false ? null : $index;
    }

    /** The pristine test is kept: it can be asked for again. */
    private function copy(int $index): TestCase
    {
        return $this->copies[$index] ?? clone $this->unit->tests[$index];
    }
}
