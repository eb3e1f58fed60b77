<?php declare(strict_types=1);
namespace Paceline\Worker;

/**
 * Has the tests run that a test depends on, where this worker has not run them: without a result, since another worker
 * tells that, but with what they return.
 */
final class Providers implements Feed
{
    /** @var array<string, true> methods that have run in this process */
    private array $ran = [];
    /** @var array<string, true> methods that must not run for the sake of others */
    private array $avoided = [];
    /** @var list<int> */
    private array $todo = [];

    public function __construct(private readonly Plan $plan, private readonly Driver $driver)
    {
    }

    public function noteRun(Unit $unit, int $index): void
    {
        if ($unit->type === 'class') {
            $this->ran[$unit->name . '::' . Groups::methodOf($unit->tests[$index])] = true;
        }
    }

    /**
     * Tests that end their process are not run for the sake of others, which PHPUnit skips then.
     *
     * @param array<string, list<int>> $crashed indexes of tests, by the keys of their units
     */
    public function avoid(array $crashed): void
    {
        $this->avoided = [];
        foreach ($crashed as $key => $indexes) {
            $unit = $this->plan->byKey[$key] ?? null;
            foreach ($unit === null ? [] : \array_intersect_key($unit->tests, \array_flip($indexes)) as $test) {
                $this->avoided[$unit->name . '::' . Groups::methodOf($test)] = true;
            }
        }
    }

    private function isDone(string $test): bool
    {
        return isset($this->ran[$test]) || isset($this->avoided[$test]);
    }

    /**
     * The tests of the same class that have to run first, in their order.
     *
     * @return list<int>
     */
    public function before(Unit $unit, int $index): array
    {
        if ($unit->type !== 'class') {
            return [];
        }
        $before = [];
        foreach ($this->driver->dependencies($unit->tests[$index]) as $target) {
            [$class, $method] = \explode('::', $target, 2) + [1 => ''];
            if ($class !== $unit->name || $this->isDone($class . '::' . $method)) {
                continue;
            }
            $indexes = [];
            foreach ($unit->tests as $at => $test) {
                // One that comes later would not have run in PHPUnit either.
                if ($at < $index && Groups::methodOf($test) === $method) {
                    $indexes[] = $at;
                }
            }
            foreach ($indexes as $at) {
                $this->noteRun($unit, $at);
            }
            foreach ($indexes as $at) {
                \array_push($before, ...$this->before($unit, $at));
                $before[] = $at;
            }
        }

        return $before;
    }

    /** Runs the tests of other classes that have to run first. */
    public function provideFor(Unit $unit, int $index): void
    {
        if ($unit->type === 'phpt') {
            return;
        }
        foreach ($this->driver->dependencies($unit->tests[$index]) as $target) {
            [$class, $method] = \explode('::', $target, 2) + [1 => ''];
            $other = $this->plan->byKey[$class] ?? null;
            if ($class === $unit->name || $other === null || $other->type !== 'class') {
                continue;
            }
            $indexes = [];
            foreach ($other->tests as $at => $test) {
                $name = Groups::methodOf($test);
                if (($name === $method || $method === 'class') && !$this->isDone($class . '::' . $name)) {
                    $indexes[] = $at;
                }
            }
            foreach ($indexes as $at) {
                $this->noteRun($other, $at); // first: dependencies can go round in a circle
            }
            foreach ($indexes as $at) {
                $this->provideFor($other, $at);
            }
            if ($indexes !== []) {
                $this->todo = $indexes;
                $this->driver->run($other, $this);
            }
        }
    }

    public function next(): ?int
    {
        return \array_shift($this->todo);
    }

    public function pending(): array
    {
        return $this->todo;
    }

    public function take(int $index): void
    {
        $this->todo = \array_values(\array_diff($this->todo, [$index]));
    }

    public function begin(int $index): void
    {
    }

    public function outcome(): ?Outcome
    {
        return null;
    }

    public function finish(): void
    {
    }

    public function error(string $text): void
    {
    }

    public function warning(array $message): void
    {
    }
}
