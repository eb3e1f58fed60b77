<?php declare(strict_types=1);
namespace Paceline\Worker;

/** What `welcome` asks for. */
final class Options
{
    /** @var list<string> */
    public readonly array $args;
    public readonly int $workers;
    public readonly string $isolation;
    public readonly string $split;
    /** @var list<mixed> */
    public readonly array $overrides;
    /** @var array<string, mixed> */
    public readonly array $workerInput;
    /** @var ?list<string> files, directories, classes, tests to run; null for all */
    public readonly ?array $targets;
    /** @var list<string> in the same notation: what to leave out */
    public readonly array $deselect;
    /** @var list<string> paths to leave out */
    public readonly array $ignore;

    /**
     * @param array<string, mixed> $welcome
     *
     * @throws \RuntimeException that says what is wrong
     */
    public function __construct(array $welcome)
    {
        $this->args = self::texts($welcome, 'args') ?? [];
        $this->targets = self::texts($welcome, 'targets');
        $this->deselect = self::texts($welcome, 'deselect') ?? [];
        $this->ignore = self::texts($welcome, 'ignore') ?? [];
        $this->workers = (int) ($welcome['workers'] ?? 1);
        $this->isolation = self::oneOf($welcome, 'isolation', ['worker', 'file', 'test']);
        $this->split = self::oneOf($welcome, 'split', ['fixture', 'file', 'class', 'test']);
        $this->overrides = \array_values((array) ($welcome['overrides'] ?? []));
        $this->workerInput = (array) ($welcome['worker_input'] ?? []);
    }

    /**
     * @param array<string, mixed> $welcome
     *
     * @return ?list<string>
     */
    private static function texts(array $welcome, string $name): ?array
    {
        $value = $welcome[$name] ?? null;
        if ($value !== null && (!\is_array($value) || \array_filter($value, 'is_string') !== $value)) {
            throw new \RuntimeException('`' . $name . '` must be a list of texts');
        }

        return $value === null ? null : \array_values($value);
    }

    /**
     * @param array<string, mixed> $welcome
     * @param list<string>         $allowed the first is the default
     */
    private static function oneOf(array $welcome, string $name, array $allowed): string
    {
        $value = $welcome[$name] ?? $allowed[0];
        if (!\in_array($value, $allowed, true)) {
            throw new \RuntimeException('`' . $name . '` must be one of ' . \implode(', ', $allowed));
        }

        return $value;
    }
}
