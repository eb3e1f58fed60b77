<?php declare(strict_types=1);
namespace Paceline\Worker;

/** The part of the suite that a run asks for, beside what PHPUnit's own arguments select. */
final class Selection
{
    /** @var ?list<string> */
    private ?array $targets;
    /** @var list<string> */
    private array $deselected;
    /** @var list<string> */
    private array $ignored;

    public function __construct(Options $options, private readonly string $root)
    {
        $this->targets = $options->targets;
        $this->deselected = $options->deselect;
        $this->ignored = $options->ignore;
    }

    /**
     * The units that have tests left, with those.
     *
     * @param list<Unit> $units
     *
     * @return list<Unit>
     */
    public function of(array $units): array
    {
        if ($this->targets === null && $this->deselected === [] && $this->ignored === []) {
            return $units;
        }
        $left = [];
        foreach ($units as $unit) {
            foreach ($this->ignored as $path) {
                if ($this->isBelow($unit->file, $path)) {
                    continue 2;
                }
            }
            $tests = [];
            foreach ($unit->tests as $test) {
                if (($this->targets === null || $this->any($this->targets, $unit, $test)) && !$this->any($this->deselected, $unit, $test)) {
                    $tests[] = $test;
                }
            }
            if ($tests !== []) {
                $unit->tests = $tests;
                $left[] = $unit;
            }
        }

        return $left;
    }

    /** @param list<string> $targets */
    private function any(array $targets, Unit $unit, object $test): bool
    {
        foreach ($targets as $target) {
            if ($this->fits($target, $unit, $test)) {
                return true;
            }
        }

        return false;
    }

    private function fits(string $target, Unit $unit, object $test): bool
    {
        if ($this->isBelow($unit->file, $target)) {
            return true;
        }
        if ($unit->type === 'phpt') {
            return false;
        }
        [$where, $name] = \explode('::', $target, 2) + [1 => null];
        $class = Groups::classOf($test);
        $short = \substr((string) \strrchr('\\' . $class, '\\'), 1);
        if (\ltrim($where, '\\') !== $class && $where !== $short && !$this->isBelow($unit->file, $where)) {
            return false;
        }

        $method = Groups::methodOf($test);

        // A file can be followed by a class, and that by a method.
        return $name === null || \in_array($name, [$method, $class, $short, $class . '::' . $method, $short . '::' . $method], true)
            || $class . '::' . $name === Message::text(Groups::nameOf($test));
    }

    /** Whether a file is the path, or in that directory. */
    private function isBelow(string $file, string $path): bool
    {
        if ($path === '') {
            return false;
        }
        $absolute = \realpath($path[0] === '/' || \preg_match('/^[A-Za-z]:/', $path) ? $path : $this->root . '/' . $path);
        if ($absolute === false) {
            return false;
        }

        return $file === $absolute || \str_starts_with($file, \rtrim($absolute, \DIRECTORY_SEPARATOR) . \DIRECTORY_SEPARATOR);
    }
}
