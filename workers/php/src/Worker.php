<?php declare(strict_types=1);
namespace Paceline\Worker;

/** A unit, or a part of it, that this worker has been handed. */
final class Run
{
    /** @var ?list<int> indexes of the tests to run; null for all that are not held back, until it is settled */
    public ?array $todo;
    /** @var ?array<string, true> */
    public ?array $ids;
    public ?string $known;
    public ?string $claim;
    public string $isolation;
    /** @var array<string, list<int>> tests that have ended their process, by the keys of their units */
    public array $crashed;

    /** @param array<string, mixed> $message */
    public function __construct(public readonly Unit $unit, array $message, string $isolation)
    {
        $tests = $message['tests'] ?? null;
        $this->todo = \is_array($tests) ? \array_values($tests) : null;
        $ids = $message['ids'] ?? null;
        $this->ids = \is_array($ids) ? \array_fill_keys($ids, true) : null;
        $this->known = $message['known'] ?? null;
        $this->claim = $message['claim'] ?? null;
        $this->isolation = $message['isolation'] ?? $isolation;
        $this->crashed = (array) ($message['crashed'] ?? []);
    }
}

/** Takes units from the engine and runs them until it is told to stop. */
final class Worker implements Feed
{
    private const TESTS_A_MESSAGE = 2000;

    /** @var list<Run> */
    private array $queue = [];
    private ?Run $current = null;
    private ?int $test = null;
    private ?Outcome $outcome = null;
    /** @var list<int> the test to run next, behind those that it needs and that have not run here */
    private array $before = [];
    /** Whether the running test runs for the sake of another, which is the one that the engine knows of. */
    private bool $silent = false;
    /** Whether the next test that begins may need tests of other classes. */
    private bool $handedOut = false;
    /** Seconds that the class took before its first test, until a result has them. */
    private float $setUp = 0.0;
    private int $started = 0;
    /** When the unit began, until its first test has. */
    private ?int $unitStarted = null;
    private bool $stopping = false;
    private bool $stopNow = false;
    /** @var array{stop: list<string>, fail: list<string>} */
    private array $policy;
    private Providers $providers;
    /** Tells the parent of an isolated child which test begins. */
    private ?\Closure $onStart = null;

    public function __construct(
        private readonly Connection $connection,
        private readonly Plan $plan,
        private readonly Driver $driver,
        private readonly Options $options,
        private readonly Process $process,
        private readonly ?\Closure $saveCoverage = null,
    ) {
        $this->policy = $driver->policy();
        $this->providers = new Providers($plan, $driver);
    }

    public function work(): void
    {
        while (!$this->stopNow && ($run = $this->nextRun()) !== null) {
            $this->run($run);
        }
        $this->connection->flush();
    }

    // What the engine says.

    private function nextRun(): ?Run
    {
        $this->takeIn(true);
        while ($this->queue === []) {
            if ($this->stopping) {
                return null;
            }
            $message = $this->connection->receive();
            if ($message === null) {
                return null;
            }
            $this->handle($message);
        }

        return \array_shift($this->queue);
    }

    /** Reads what has arrived. */
    private function takeIn(bool $now = false): void
    {
        if ($this->onStart !== null) {
            return; // the messages are for the parent
        }
        while (($message = $this->connection->poll($now)) !== null) {
            $this->handle($message);
        }
        if ($this->connection->isClosed()) {
            $this->stopping = $this->stopNow = true;
        }
    }

    /** @param array<string, mixed> $message */
    private function handle(array $message): void
    {
        switch ($message['kind']) {
            case 'run':
                $run = $this->asRun($message);
                if ($run !== null) {
                    $this->queue[] = $run;
                }
                break;
            case 'take_back':
                $this->takeBack($message);
                break;
            case 'shutdown':
                $this->stopping = true;
                $this->stopNow = $this->stopNow || ($message['now'] ?? false) === true;
                break;
            case 'welcome':
            case 'wait':
                break;
            default:
                $this->error('unknown kind "' . $message['kind'] . '"');
        }
    }

    /** @param array<string, mixed> $message */
    private function asRun(array $message): ?Run
    {
        // The number is the host's. A worker that booted by itself may have another suite.
        $number = $message['unit'] ?? null;
        $key = $message['key'] ?? null;
        $unit = \is_string($key) ? $this->plan->byKey[$key] ?? null : $this->plan->units[$number] ?? null;
        if ($unit === null) {
            $text = "this worker's suite has no unit " . ($key ?? $number);
            $this->connection->put(['kind' => 'unit_started', 'unit' => $number]);
            $this->connection->put(['kind' => 'collect_error', 'unit' => $number, 'text' => $text]);
            $this->connection->send(['kind' => 'unit_finished', 'unit' => $number]);

            return null;
        }
        if (\is_int($number)) {
            $unit->number = $number;
        }

        return new Run($unit, $message, $this->options->isolation);
    }

    /** @param array<string, mixed> $message */
    private function takeBack(array $message): void
    {
        $number = $message['unit'] ?? null;
        $answer = ['kind' => 'taken_back', 'unit' => $number, 'ok' => false];
        $wanted = $message['tests'] ?? null;
        if (\is_array($wanted) && $this->current !== null && $this->current->unit->number === $number) {
            $todo = $this->current->todo ?? [];
            $given = \array_values(\array_intersect($todo, $wanted));
            $this->current->todo = \array_values(\array_diff($todo, $given));
            $answer['ok'] = $given !== [];
            $answer['tests'] = $given;
        } elseif (!\is_array($wanted)) {
            foreach ($this->queue as $at => $run) {
                if ($run->unit->number === $number) {
                    \array_splice($this->queue, $at, 1);
                    $answer['ok'] = true;
                    break;
                }
            }
        }
        $this->connection->send($answer);
    }

    // Running.

    private function run(Run $run): void
    {
        if ($run->claim !== null && !$this->claim($run)) {
            return;
        }
        if ($run->isolation === 'file' || $run->isolation === 'test') {
            require_once __DIR__ . '/Isolation.php';
            $reason = $this->process->whyNot();
            if ($reason === null) {
                $this->current = $run;
                (new Isolation($this->connection, $this->process, $this))->run($run);
                $this->current = null;

                return;
            }
            $this->error('cannot isolate tests: ' . $reason);
        }
        $this->connection->put(['kind' => 'unit_started', 'unit' => $run->unit->number]);
        $this->connection->flush(true);
        $this->ready($run);
        $this->runHere($run);
        $this->connection->put(['kind' => 'unit_finished', 'unit' => $run->unit->number]);
    }

    private function claim(Run $run): bool
    {
        $file = @\fopen((string) $run->claim, 'x');
        if ($file !== false) {
            \fclose($file);

            return true;
        }
        if (!\file_exists((string) $run->claim)) {
            $this->error('cannot claim unit ' . $run->unit->number);
        }
        $this->connection->put(['kind' => 'taken_back', 'unit' => $run->unit->number, 'ok' => true]);

        return false;
    }

    /** Describes the unit if that is not done, and settles which of its tests to run. */
    public function ready(Run $run): void
    {
        $unit = $run->unit;
        if (!$unit->described) {
            $unit->described = true;
            foreach ($unit->errors as $error) {
                $this->connection->put(['kind' => 'collect_error', 'unit' => $unit->number] + $error);
            }
            $this->tell($run);
        }
        if ($run->todo === null) {
            $held = $this->plan->held($unit);
            $run->todo = [];
            foreach ($this->plan->ids($unit) as $index => $id) {
                if (!isset($held[$index]) && ($run->ids === null || isset($run->ids[$id]))) {
                    $run->todo[] = $index;
                }
            }
        }
    }

    private function tell(Run $run): void
    {
        $unit = $run->unit;
        $digest = $this->plan->digest($unit);
        $message = ['kind' => 'collected', 'unit' => $unit->number, 'digest' => $digest, 'count' => \count($unit->tests)];
        if ($run->known !== $digest) {
            $parts = \array_chunk($this->plan->describe($unit), self::TESTS_A_MESSAGE) ?: [[]];
            $last = \array_pop($parts);
            $first = 0;
            foreach ($parts as $part) {
                $more = ['kind' => 'collected', 'unit' => $unit->number, 'first' => $first, 'tests' => $part, 'more' => true];
                $this->connection->put($more);
                $first += \count($part);
            }
            $message += ['first' => $first, 'tests' => $last];
        }
        $this->connection->put($message);
    }

    /** Runs the tests that are still to do of a unit that is ready. */
    public function runHere(Run $run): void
    {
        $this->current = $run;
        $this->providers->avoid($run->crashed);
        while (($run->todo ?? []) !== [] && !$this->stopNow) {
            $before = \count($run->todo);
            $this->unitStarted = \hrtime(true);
            if ($run->unit->type === 'phpt') {
                Cleaning::arm($run->unit->file);
            }
            $this->driver->run($run->unit, $this);
            if ($run->unit->type === 'phpt') {
                Cleaning::disarm();
            }
            if ($this->before !== []) {
                \array_unshift($run->todo, \end($this->before));
                $this->before = [];
            } elseif ($this->test !== null) {
                $this->finish();
            }
            if (!$this->stopNow && \count($run->todo) === $before) {
                $this->missing('PHPUnit did not run this test');
            }
        }
        $this->current = null;
    }

    /**
     * Makes this process, forked from the worker, the one that runs and reports.
     *
     * @param \Closure(string): void $onStart told the index of a test that begins, and `end` when one has ended
     */
    public function becomeChild(\Closure $onStart): void
    {
        $this->connection->adopt();
        $this->onStart = $onStart;
        $this->saveCoverage?->__invoke(false);
    }

    /** The child's last act. */
    public function leaveChild(): void
    {
        $this->connection->flush();
        $this->saveCoverage?->__invoke(true);
    }

    /** A test has ended its process. */
    public function noteCrash(Run $run, int $index): void
    {
        $run->crashed[$run->unit->key][] = $index;
    }

    public function isStopped(): bool
    {
        return $this->stopNow;
    }

    /** Reads what the engine has sent meanwhile. */
    public function listen(): void
    {
        $this->takeIn(true);
    }

    private function missing(string $text): void
    {
        $index = \array_shift($this->current->todo);
        $this->begin($index);
        $this->outcome?->fail('errored', $text, '');
        $this->finish();
    }

    // The feed.

    public function next(): ?int
    {
        if ($this->before !== []) {
            $this->handedOut = true;

            return \array_shift($this->before);
        }
        $this->takeIn();
        while (!$this->stopNow && $this->current !== null && ($this->current->todo ?? []) !== []) {
            if (isset($this->current->unit->tests[$this->current->todo[0]])) {
                $index = \array_shift($this->current->todo);
                $unit = $this->current->unit;
                $this->before = [...$this->providers->before($unit, $index), $index];
                $this->providers->noteRun($unit, $index);
                $this->handedOut = true;

                return \array_shift($this->before);
            }
            $this->missing("this worker's suite has no such test in the unit");
        }

        return null;
    }

    public function pending(): array
    {
        $tests = $this->current?->unit->tests ?? [];

        return \array_values(\array_filter($this->current?->todo ?? [], static fn (int $index): bool => isset($tests[$index])));
    }

    public function take(int $index): void
    {
        if ($this->current !== null) {
            $this->current->todo = \array_values(\array_diff($this->current->todo ?? [], [$index]));
        }
    }

    public function begin(int $index): void
    {
        \assert($this->current !== null);
        $wanted = $this->before === [] ? $index : \end($this->before);
        $this->silent = $wanted !== $index;
        if ($this->test === null) {
            $this->tellStart($wanted);
        }
        $handedOut = $this->handedOut;
        $this->handedOut = false;
        if ($handedOut) {
            $this->providers->provideFor($this->current->unit, $index);
        }
        $this->outcome = new Outcome();
        $this->started = \hrtime(true);
    }

    private function tellStart(int $index): void
    {
        $unit = $this->current?->unit->number;
        $this->test = $index;
        if ($this->onStart !== null) {
            $this->connection->send(
                ['kind' => 'test_started', 'unit' => $unit, 'test' => $index, 'pid' => \getmypid()] + $this->process->logSize(),
            );
            ($this->onStart)((string) $index);
        } else {
            $this->connection->putLine('{"kind":"test_started","unit":' . $unit . ',"test":' . $index . "}\n");
        }
        // One write: how the last test ended, and that this one has begun.
        $this->connection->flush(true);
        if ($this->unitStarted !== null) {
            // What the class sets up is no test's own; the first is what it was done for.
            $this->setUp = (\hrtime(true) - $this->unitStarted) / 1e9;
            $this->unitStarted = null;
        }
    }

    public function outcome(): ?Outcome
    {
        return $this->outcome;
    }

    public function finish(): void
    {
        if ($this->test === null || $this->outcome === null || $this->current === null) {
            return;
        }
        if (!$this->connection->isMine()) {
            // A test forked, and the child has come back to PHPUnit. Its results are not ours.
            $this->process->leave(1);
        }
        if ($this->silent) {
            $this->silent = false;
            $this->outcome = null;

            return;
        }
        $outcome = $this->outcome;
        $outcome->setUp = $this->setUp;
        $this->setUp = 0.0;
        $outcome->time ??= (\hrtime(true) - $this->started) / 1e9;
        $unit = $this->current->unit->number;
        $stop = $this->policy['stop'] === [] ? null : $this->reasonToStop($outcome);
        if ($this->policy['fail'] !== []) {
            $outcome->apply($this->policy['fail']);
        }
        foreach ($outcome->issues as [$category, $text, $file, $line]) {
            $text = Message::cut(Message::text($text));
            $warning = ['kind' => 'warning', 'when' => 'runtest', 'category' => $category, 'message' => $text, 'text' => $text];
            if ($file !== null) {
                $warning += ['file' => Message::text($this->plan->relative($file)), 'line' => $line];
            }
            $id = $this->plan->ids($this->current->unit)[$this->test];
            $this->connection->put($warning + ['id' => $id, 'unit' => $unit, 'test' => $this->test]);
        }
        $this->connection->putLine($outcome->encode($unit, $this->test));
        $this->test = $this->outcome = null;
        if ($this->onStart !== null) {
            $this->connection->flush();
            ($this->onStart)('end');
        }
        if ($stop !== null) {
            $this->connection->send(['kind' => 'stopping', 'reason' => $stop]);
            $this->stopping = $this->stopNow = true;
        }
    }

    private function reasonToStop(Outcome $outcome): ?string
    {
        $words = \array_column($outcome->issues, 0);
        $words[] = $outcome->native;
        foreach ($this->policy['stop'] as $word) {
            if (\in_array($word, $words, true)) {
                return 'PHPUnit was told to stop at a test that is ' . $word;
            }
        }

        return null;
    }

    public function error(string $text): void
    {
        $message = ['kind' => 'error', 'fatal' => false, 'text' => Message::cut(Message::text($text))];
        if ($this->current !== null) {
            $message['unit'] = $this->current->unit->number;
        }
        $this->connection->send($message);
    }

    public function warning(array $message): void
    {
        $this->connection->put(['kind' => 'warning'] + $message);
    }
}
