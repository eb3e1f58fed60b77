<?php declare(strict_types=1);
namespace Paceline\Worker;

/**
 * Runs tests of other classes that a test depends on, where this worker has not run them: without a result, since another
 * worker tells that, but with what they return.
 */
final class Providers implements Feed
{
    /** @var array<string, true> methods that have run in this process */
    private array $ran = [];
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
                if (($name === $method || $method === 'class') && !isset($this->ran[$class . '::' . $name])) {
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
