<?php declare(strict_types=1);
namespace Paceline\Worker;

/** A booted PHPUnit with its suite. */
interface Driver
{
    /** @return list<Unit> in plan order */
    public function units(): array;

    /** The path of the XML configuration. */
    public function configFile(): ?string;

    /** The path of the bootstrap script. */
    public function bootstrap(): ?string;

    /** The number of failures to stop after, 0 for none. */
    public function maxFail(): int;

    /**
     * Outcomes other than failures that PHPUnit was told to stop at, or to fail for.
     *
     * @return array{stop: list<string>, fail: list<string>} words as in `native`
     */
    public function policy(): array;

    /** The seed of a random order, or null where the order is none. */
    public function seed(): ?int;

    /** @return list<array<string, mixed>> what PHPUnit had to say while it booted, as messages */
    public function messages(): array;

    /** Whether a class has fixtures of its own, for all of its tests. */
    public function hasClassFixtures(string $class): bool;

    /** @return list<string> what a test depends on: `Class::method`, `Class::class` */
    public function dependencies(object $test): array;

    /** Before the first `run`: in a worker, after a fork. */
    public function start(): void;

    /** Runs those tests of a unit that the feed hands out, one after another. */
    public function run(Unit $unit, Feed $feed): void;

    /** In a worker that has booted by itself: what PHPUnit does after the last test, but for its reports. */
    public function finish(): void;

    /** Keeps this worker's coverage data in a file. Does nothing where there are none. */
    public function saveCoverage(string $file): void;

    /** Forgets what was covered so far. */
    public function clearCoverage(): void;

    /** Adds a worker's coverage data to this process's. */
    public function addCoverage(string $file): void;

    public function hasCoverage(): bool;
}

/** Hands out a unit's tests, and takes their results. */
interface Feed
{
    /** The index of the test to run now, or null if there is none. */
    public function next(): ?int;

    /** @return list<int> the indexes of the tests that are still to be run */
    public function pending(): array;

    /** Takes a test out of those. */
    public function take(int $index): void;

    /** The test begins. */
    public function begin(int $index): void;

    /** The result of the test that has begun, to be filled. */
    public function outcome(): ?Outcome;

    /** The test is over. */
    public function finish(): void;

    /** Something went wrong beside the tests. */
    public function error(string $text): void;

    /** @param array<string, mixed> $message */
    public function warning(array $message): void;
}
