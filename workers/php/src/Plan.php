<?php declare(strict_types=1);
namespace Paceline\Worker;

/** The units of the suite: their numbers, keys and descriptions. */
final class Plan
{
    /** @var list<Unit> */
    public readonly array $units;
    /** @var array<string, Unit> */
    public readonly array $byKey;
    private readonly string $root;
    private ?Groups $groups = null;

    public function __construct(
        private readonly Driver $driver,
        private readonly Settings $settings,
        private readonly string $split,
        Selection $selection,
    ) {
        $this->root = (string) \getcwd();
        $byKey = [];
        $all = $driver->units();
        foreach ($all as $unit) {
            $name = $unit->type === 'phpt' ? $this->relative($unit->name) : $unit->name;
            $key = $name;
            for ($copy = 2; isset($byKey[$key]); $copy++) {
                $key = $name . '#' . $copy;
            }
            $unit->key = $key;
            $byKey[$key] = $unit;
        }
        $this->byKey = $byKey;
        $this->units = $selection->of($all);
        foreach ($this->units as $number => $unit) {
            $unit->number = $number;
        }
    }

    /** Works out what has to stay together; forked workers inherit it. */
    public function prepare(): void
    {
        $this->groups = new Groups($this->units, $this->driver, $this->split);
    }

    /** @return array<string, mixed> the unit as in `discovered` */
    public function announce(Unit $unit): array
    {
        return [
            'unit' => $unit->number,
            'key' => Message::text($unit->key),
            'path' => Message::text($this->relative($unit->file)),
            'type' => $unit->type,
        ];
    }

    /** @return list<string> */
    public function ids(Unit $unit): array
    {
        if ($unit->ids === null) {
            $unit->ids = [];
            foreach ($unit->tests as $test) {
                $id = $unit->type === 'phpt' ? $this->relative($unit->name) : Groups::nameOf($test);
                $unit->ids[] = Message::text($id);
            }
        }

        return $unit->ids;
    }

    /** The indexes of a unit's tests that run only when they are asked for one by one. */
    public function held(Unit $unit): array
    {
        if ($unit->held === null) {
            $this->describe($unit);
        }

        return $unit->held ?? [];
    }

    /** @return list<array<string, mixed>> descriptions of a unit's tests */
    public function describe(Unit $unit): array
    {
        if ($this->groups === null) {
            $this->prepare();
        }
        $tests = [];
        $held = [];
        $methods = [];
        foreach ($this->ids($unit) as $index => $id) {
            $described = ['id' => $id];
            if ($unit->type === 'phpt') {
                $own = Settings::ofPhpt($unit->name);
            } else {
                $class = Groups::classOf($unit->tests[$index]);
                $method = Groups::methodOf($unit->tests[$index]);
                [$place, $own] = $methods[$class . '::' . $method] ??= $this->method($unit, $class, $method);
                $described += $place;
                $group = $this->groups->of($unit, $index);
                if ($group !== null) {
                    $described['group'] = Message::text($group);
                }
            }
            $settings = $this->settings->of($id, $own);
            if ($settings !== []) {
                $described['paceline'] = $settings;
                if (Settings::isHeldBack($settings)) {
                    $held[$index] = true;
                }
            }
            $tests[] = $described;
        }
        $unit->held = $held;

        return $tests;
    }

    public function digest(Unit $unit): string
    {
        return \hash('crc32b', \implode("\n", $this->ids($unit))) . '-' . \count($unit->tests);
    }

    public function relative(string $path): string
    {
        $prefix = $this->root . \DIRECTORY_SEPARATOR;

        return \str_starts_with($path, $prefix) ? \substr($path, \strlen($prefix)) : $path;
    }

    /** @return array{array<string, mixed>, array<string, mixed>} where a test method stands, and what it says of itself */
    private function method(Unit $unit, string $class, string $method): array
    {
        try {
            $reflection = new \ReflectionMethod($class, $method);
        } catch (\ReflectionException) {
            return [[], []];
        }
        $place = [];
        $line = $reflection->getStartLine();
        if ($line !== false) {
            $file = $reflection->getFileName();
            $place = $file === $unit->file ? ['line' => $line] : ['file' => Message::text($this->relative((string) $file)), 'line' => $line];
        }

        return [$place, $this->settings->ofMethod($class, $reflection)];
    }
}
