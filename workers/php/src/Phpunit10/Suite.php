<?php declare(strict_types=1);
namespace Paceline\Worker\Phpunit10;

use Paceline\Worker\Unit;
use PHPUnit\Framework\DataProviderTestSuite;
use PHPUnit\Framework\TestCase;
use PHPUnit\Framework\TestSuite;

/** Takes PHPUnit's suites apart and puts them together again. */
final class Suites
{
    /** @return list<Unit> in plan order */
    public static function units(TestSuite $suite): array
    {
        $units = [];
        // The whole suite can be that of a single class.
        if ($suite->isForTestClass()) {
            self::addClass($suite, $units);
        } else {
            self::collect($suite, $units);
        }

        return $units;
    }

    /**
     * Exchanges the tests of a suite, and removes its filters, which have done their work.
     *
     * @param list<object> $tests
     */
    public static function replace(TestSuite $suite, array $tests): void
    {
        $suite->setTests($tests);
        \Closure::bind(static function () use ($suite): void {
            $suite->iteratorFilter = null;
            $suite->wasRun = false;
        }, null, TestSuite::class)();
    }

    /**
     * The given suite's copy, to take units from. The suite itself is only run from here on: as none of a class, whose
     * fixtures are set up where its tests run.
     */
    public static function detach(TestSuite $suite): TestSuite
    {
        $copy = clone $suite;
        \Closure::bind(static function () use ($suite): void {
            $suite->name = 'tests';
            // PHPUnit 10 and 11 go by the name.
            if (\property_exists(TestSuite::class, 'isForTestClass')) {
                $suite->isForTestClass = false;
            }
        }, null, TestSuite::class)();

        return $copy;
    }

    /** A test that is equal to the given one before it has run. */
    public static function fresh(object $test): object
    {
        $copy = clone $test;
        if ($copy instanceof TestSuite) {
            $copy->setTests(\array_map(self::fresh(...), $test->tests()));
        } elseif ($copy instanceof TestCase) {
            // What PHPUnit keeps in helper objects is part of the test's state.
            \Closure::bind(static function () use ($copy): void {
                foreach (\get_object_vars($copy) as $name => $value) {
                    if (\is_object($value) && \str_starts_with($value::class, 'PHPUnit\Framework\TestCase\\')) {
                        $copy->$name = clone $value;
                    }
                }
            }, null, TestCase::class)();
        }

        return $copy;
    }

    /** @param list<Unit> $units */
    private static function collect(TestSuite $suite, array &$units): void
    {
        $loose = [];
        foreach ($suite as $test) {
            if ($test instanceof TestSuite && !self::isLeaf($test)) {
                self::addLoose($suite, $loose, $units);
                if ($test->isForTestClass()) {
                    self::addClass($test, $units);
                } else {
                    self::collect($test, $units);
                }
            } elseif (!$test instanceof TestSuite && !$test instanceof TestCase) {
                self::addLoose($suite, $loose, $units);
                $units[] = new Unit('phpt', $test->getName(), $test->getName(), [$test], $suite);
            } elseif ($test instanceof TestSuite && self::isEmpty($test)) {
                continue;
            } elseif ($test instanceof TestSuite && !$test->tests()[0] instanceof TestCase) {
                // A .phpt file that is repeated or tried again.
                self::addLoose($suite, $loose, $units);
                $file = $test->tests()[0]->getName();
                $units[] = new Unit('phpt', $file, $file, [$test], $suite);
            } else {
                $loose[] = $test;
            }
        }
        self::addLoose($suite, $loose, $units);
    }

    /** @param list<Unit> $units */
    private static function addClass(TestSuite $suite, array &$units): void
    {
        $tests = self::leaves($suite);
        if ($tests !== []) {
            $file = (string) (new \ReflectionClass($suite->name()))->getFileName();
            $units[] = new Unit('class', $suite->name(), $file, $tests, $suite);
        }
    }

    /**
     * @param list<object> $tests
     * @param list<Unit>   $units
     */
    private static function addLoose(TestSuite $suite, array &$tests, array &$units): void
    {
        if ($tests !== []) {
            $class = \Paceline\Worker\Groups::classOf($tests[0]);
            $units[] = new Unit('other', $suite->name(), (string) (new \ReflectionClass($class))->getFileName(), $tests, $suite);
            $tests = [];
        }
    }

    /** @return list<object> */
    private static function leaves(TestSuite $suite): array
    {
        $tests = [];
        foreach ($suite as $test) {
            if ($test instanceof TestSuite && !self::isLeaf($test)) {
                \array_push($tests, ...self::leaves($test));
            } elseif (!$test instanceof TestSuite || !self::isEmpty($test)) {
                $tests[] = $test;
            }
        }

        return $tests;
    }

    /** Whether filters leave nothing of a suite. */
    private static function isEmpty(TestSuite $suite): bool
    {
        foreach ($suite as $test) {
            return false;
        }

        return true;
    }

    /** A test that PHPUnit repeats or tries again is a suite, which must not be taken apart. */
    private static function isLeaf(TestSuite $suite): bool
    {
        return \is_a($suite, 'PHPUnit\Framework\IterativeTestSuite') || \is_a($suite, 'PHPUnit\Framework\PhptIterativeTestSuite');
    }
}

/** Stands in for the tests of a suite, and does something else when it is run. */
final class RunsInstead extends TestSuite
{
    private \Closure $instead;

    // PHPUnit's constructor is final, and not the same in all versions.
    public static function make(string $name, \Closure $instead): self
    {
        $suite = (new \ReflectionClass(self::class))->newInstanceWithoutConstructor();
        \Closure::bind(static function () use ($suite, $name): void {
            $suite->name = $name;
        }, null, TestSuite::class)();
        $suite->instead = $instead;

        return $suite;
    }

    public function run(): void
    {
        ($this->instead)();
    }

    public function count(): int
    {
        return 1;
    }

    public function isEmpty(): bool
    {
        return false;
    }

    public function getIterator(): \Iterator
    {
        return new \EmptyIterator();
    }
}
