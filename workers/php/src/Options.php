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

    /**
     * @param array<string, mixed> $welcome
     *
     * @throws \RuntimeException that says what is wrong
     */
    public function __construct(array $welcome)
    {
        $args = $welcome['args'] ?? [];
        if (!\is_array($args) || \array_filter($args, 'is_string') !== $args) {
            throw new \RuntimeException('`args` must be a list of texts');
        }
        $this->args = \array_values($args);
        $this->workers = (int) ($welcome['workers'] ?? 1);
        $this->isolation = self::oneOf($welcome, 'isolation', ['worker', 'file', 'test']);
        $this->split = self::oneOf($welcome, 'split', ['fixture', 'file', 'class', 'test']);
        $this->overrides = \array_values((array) ($welcome['overrides'] ?? []));
        $this->workerInput = (array) ($welcome['worker_input'] ?? []);
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
