<?php declare(strict_types=1);
namespace Paceline\Worker;

/**
 * Which tests have to stay together: those of a class with fixtures of its own, and those that depend on each other, over
 * all classes.
 */
final class Groups
{
    /** @var array<string, string> a node's parent in its tree; roots are their own */
    private array $parent = [];
    /** @var array<string, int> how many units a root's tests are in: 1, or more */
    private array $spread = [];
    /** @var array<string, string> method nodes by root: the first one names the group */
    private array $first = [];
    /** @var array<int, bool> units that stay whole for their own sake */
    private array $whole = [];

    /** @param list<Unit> $units */
    public function __construct(array $units, Driver $driver, string $split)
    {
        $fixtures = [];
        $unitOf = [];
        foreach ($units as $unit) {
            if ($unit->type !== 'class') {
                continue;
            }
            $fixtures[$unit->name] ??= $split === 'fixture' && $driver->hasClassFixtures($unit->name);
            $this->whole[$unit->number] = $split === 'class' || $split === 'file' || $fixtures[$unit->name];
            $unitOf[$unit->name] ??= $unit;
        }
        foreach ($units as $unit) {
            foreach ($unit->tests as $test) {
                foreach ($unit->type === 'phpt' ? [] : $driver->dependencies($test) as $target) {
                    $this->join(self::node($unit, self::methodOf($test)), $this->target($unit, $target, $unitOf));
                }
            }
        }
        if ($this->parent !== []) {
            $this->close($units);
        }
    }

    /** The group of a test, or null if it may run anywhere. */
    public function of(Unit $unit, int $index): ?string
    {
        $node = self::node($unit, self::methodOf($unit->tests[$index]));
        if (isset($this->parent[$node])) {
            $root = $this->root($node);
            if ($this->spread[$root] > 1) {
                return 'group:' . $this->first[$root];
            }
            if (!$this->whole[$unit->number]) {
                return 'depends:' . $this->first[$root];
            }
        }

        return ($this->whole[$unit->number] ?? false) ? 'class:' . $unit->name : null;
    }

    /** The name of a test as PHPUnit has it: `Class::method with data set "x"`. */
    public static function nameOf(object $test): string
    {
        $test = self::single($test);
        $name = \method_exists($test, 'nameWithDataSet') ? $test->nameWithDataSet() : $test->getName();

        return $test::class . '::' . $name;
    }

    public static function classOf(object $test): string
    {
        return self::single($test)::class;
    }

    public static function methodOf(object $test): string
    {
        $test = self::single($test);

        return \method_exists($test, 'nameWithDataSet') ? $test->name() : $test->getName(false);
    }

    /** A test that PHPUnit repeats or tries again is a suite of it. */
    private static function single(object $test): object
    {
        return $test instanceof \PHPUnit\Framework\TestSuite ? $test->tests()[0] : $test;
    }

    /** @param list<Unit> $units */
    private function close(array $units): void
    {
        foreach ($units as $unit) {
            if (!($this->whole[$unit->number] ?? false)) {
                continue;
            }
            // A class that stays whole is in the component of each of its tests.
            $any = null;
            foreach ($unit->tests as $test) {
                $node = self::node($unit, self::methodOf($test));
                if (isset($this->parent[$node])) {
                    $any ??= $node;
                }
            }
            foreach ($any === null ? [] : $unit->tests as $test) {
                $this->join($any, self::node($unit, self::methodOf($test)));
            }
        }
        $seen = [];
        foreach ($units as $unit) {
            foreach ($unit->type === 'class' ? $unit->tests : [] as $test) {
                $node = self::node($unit, self::methodOf($test));
                if (!isset($this->parent[$node])) {
                    continue;
                }
                $root = $this->root($node);
                $seen[$root][$unit->number] = true;
                $this->spread[$root] = \count($seen[$root]);
                $this->first[$root] ??= $unit->key . '::' . self::methodOf($test);
            }
        }
    }

    /** @param array<string, Unit> $unitOf */
    private function target(Unit $unit, string $target, array $unitOf): string
    {
        [$class, $method] = \explode('::', $target, 2) + [1 => ''];
        $other = $class === $unit->name ? $unit : $unitOf[$class] ?? null;
        if ($other === null) {
            return 'nowhere ' . $target;
        }
        if ($method !== 'class') {
            return self::node($other, $method);
        }
        $node = $other->number . ' class';
        foreach ($other->tests as $test) {
            $this->join($node, self::node($other, self::methodOf($test)));
        }

        return $node;
    }

    private static function node(Unit $unit, string $method): string
    {
        return $unit->number . ' ' . $method . '()';
    }

    private function root(string $node): string
    {
        $this->parent[$node] ??= $node;
        while ($this->parent[$node] !== $node) {
            $node = $this->parent[$node] = $this->parent[$this->parent[$node]];
        }

        return $node;
    }

    private function join(string $one, string $other): void
    {
        $this->parent[$this->root($one)] = $this->root($other);
    }
}
