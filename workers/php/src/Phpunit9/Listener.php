<?php declare(strict_types=1);
namespace Paceline\Worker\Phpunit9;

use Paceline\Worker\Feed;
use Paceline\Worker\Outcome;
use PHPUnit\Framework\AssertionFailedError;
use PHPUnit\Framework\Exception;
use PHPUnit\Framework\ExceptionWrapper;
use PHPUnit\Framework\Test;
use PHPUnit\Framework\TestCase;
use PHPUnit\Framework\TestFailure;
use PHPUnit\Framework\TestListener;
use PHPUnit\Framework\TestSuite;
use PHPUnit\Framework\Warning;
use PHPUnit\Util\Filter;

/** Fills the outcome of the running test with what PHPUnit 9 tells its listeners. */
final class Listener implements TestListener
{
    public ?Feed $feed = null;
    public ?UnitSuite $suite = null;
    /** Whether the test began here, and not in the feed's iteration. */
    private bool $own = false;

    public function startTest(Test $test): void
    {
        if ($this->feed === null || $this->feed->outcome() !== null) {
            return;
        }
        $index = $this->suite?->indexOf($test);
        if ($index !== null) {
            $this->own = true;
            $this->feed->take($index);
            $this->feed->begin($index);
        }
    }

    public function endTest(Test $test, float $time): void
    {
        $outcome = $this->feed?->outcome();
        if ($outcome === null) {
            return;
        }
        $outcome->time = $time;
        if ($test instanceof TestCase) {
            $outcome->assertions = $test->getNumAssertions();
            if ($test->hasOutput()) {
                $outcome->output = $test->getActualOutput();
            }
        } else {
            $outcome->assertions = 1; // a .phpt file, as PHPUnit counts it
        }
        if ($this->own) {
            $this->own = false;
            $this->feed->finish();
        }
    }

    public function addError(Test $test, \Throwable $t, float $time): void
    {
        $this->fail('errored', $t);
    }

    public function addFailure(Test $test, AssertionFailedError $e, float $time): void
    {
        $this->fail('failed', $e);
    }

    public function addWarning(Test $test, Warning $e, float $time): void
    {
        $this->issue('warning', $e);
    }

    public function addRiskyTest(Test $test, \Throwable $t, float $time): void
    {
        $this->issue('risky', $t);
    }

    public function addIncompleteTest(Test $test, \Throwable $t, float $time): void
    {
        $this->outcome()?->skip('incomplete', $t->getMessage(), self::text($t), self::type($t));
    }

    public function addSkippedTest(Test $test, \Throwable $t, float $time): void
    {
        $this->outcome()?->skip('skipped', $t->getMessage(), self::text($t), self::type($t));
    }

    public function startTestSuite(TestSuite $suite): void
    {
    }

    public function endTestSuite(TestSuite $suite): void
    {
    }

    private function outcome(): ?Outcome
    {
        return $this->feed?->outcome();
    }

    private function fail(string $outcome, \Throwable $t): void
    {
        $message = ($t instanceof ExceptionWrapper ? $t->getClassName() . ': ' : '') . $t->getMessage();
        $current = $this->outcome();
        if ($current !== null) {
            $current->fail($outcome, $message, self::text($t), self::type($t));
        } else {
            // What follows the last test of the class.
            $this->feed?->error(self::text($t));
        }
    }

    private function issue(string $category, \Throwable $t): void
    {
        [$text, $file, $line] = [\trim($t->getMessage()), null, null];
        if (\preg_match('/^(.*)\n\n(.+):(\d+)$/sD', $text, $found)) {
            [$text, $file, $line] = [$found[1], $found[2], (int) $found[3]];
        } elseif (\preg_match('/^(.+):(\d+)$/m', Filter::getFilteredStacktrace($t), $found)) {
            [$file, $line] = [$found[1], (int) $found[2]];
        }
        $this->outcome()?->issue($category, $text, $file, $line);
    }

    /** The defect as PHPUnit prints it. */
    private static function text(\Throwable $t): string
    {
        $texts = [];
        // A wrapper's text has those of its causes.
        for ($at = $t; $at !== null; $at = $at instanceof ExceptionWrapper ? null : $at->getPrevious()) {
            $own = $at instanceof Exception || $at instanceof AssertionFailedError;
            $texts[] = \trim($own ? (string) $at : TestFailure::exceptionToString($at) . "\n" . Filter::getFilteredStacktrace($at));
        }

        return \implode("\n\nCaused by\n", $texts);
    }

    private static function type(\Throwable $t): string
    {
        return $t instanceof ExceptionWrapper ? $t->getClassName() : $t::class;
    }
}
