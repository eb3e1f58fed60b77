<?php declare(strict_types=1);
namespace Paceline\Worker;

/** A PHPUnit of some versions: how it is booted. */
interface Framework
{
    /**
     * PHPUnit's arguments for this process.
     *
     * @param ?int $number of the worker; null for the host
     *
     * @return list<string>
     */
    public function arguments(Options $options, ?int $number): array;

    /**
     * Runs PHPUnit as its command line would, up to where it would run the suite; there it calls `$serve` instead, and
     * goes on when that returns.
     *
     * @param list<string>           $args
     * @param callable(Driver): void $serve
     *
     * @return int PHPUnit's exit status
     */
    public function run(array $args, callable $serve): int;

    /** What PHPUnit has printed after `$serve`, such as a coverage report. */
    public function summary(): string;

    /** That of the run, for what is wrong with it and is of no test; 0 where nothing is. */
    public function exitStatus(): int;
}
