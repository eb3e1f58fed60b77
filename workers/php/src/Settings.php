<?php declare(strict_types=1);
namespace Paceline\Worker;

/** How tests ask to be scheduled: their own marks, and the overrides of `welcome`. */
final class Settings
{
    private const FIELDS = ['needs', 'conflicts', 'serial', 'weight', 'timeout', 'retries', 'isolation'];

    /** @var list<array{string, array<string, mixed>}> pattern (a regular expression) and settings */
    private array $overrides = [];
    /** @var array<string, bool> */
    private array $serialClasses = [];

    /** @param list<mixed> $overrides */
    public function __construct(array $overrides)
    {
        foreach ($overrides as $override) {
            if (!\is_array($override) || !\is_string($override['tests'] ?? null)) {
                throw new \RuntimeException('an override needs `tests`, a pattern');
            }
            $settings = \array_intersect_key($override, \array_flip(self::FIELDS));
            $this->overrides[] = [self::expression($override['tests']), $settings];
        }
    }

    /**
     * A test's settings: its own win, then the last override that fits.
     *
     * @param array<string, mixed> $own
     *
     * @return array<string, mixed>
     */
    public function of(string $id, array $own): array
    {
        if ($this->overrides === [] && $own === []) {
            return [];
        }
        for ($number = \count($this->overrides) - 1; $number >= 0; $number--) {
            [$pattern, $settings] = $this->overrides[$number];
            if (\preg_match($pattern, $id) === 1) {
                $own += $settings;
            }
        }

        return $own === [] ? [] : \array_filter($own, static fn ($value): bool => $value !== null && $value !== []);
    }

    /**
     * Whether a test may only run when it is asked for by index. The engine judges by the same rule.
     *
     * @param array<string, mixed> $settings
     */
    public static function isHeldBack(array $settings): bool
    {
        return ($settings['serial'] ?? false) === true || isset($settings['needs']) || isset($settings['conflicts'])
            || ($settings['weight'] ?? 1) > 1
            || isset($settings['isolation']);
    }

    /**
     * What a test method says of itself.
     *
     * @return array<string, mixed>
     */
    public function ofMethod(string $class, \ReflectionMethod $method): array
    {
        return $this->isSerialClass($class) || self::asksToBeAlone($method) ? ['serial' => true] : [];
    }

    /**
     * What a `.phpt` file says of itself, in the sections of php-src's own runner.
     *
     * @return array<string, mixed>
     */
    public static function ofPhpt(string $file): array
    {
        $source = (string) @\file_get_contents($file);
        $settings = [];
        if (\preg_match('/^--DO_NOT_RUN_IN_PARALLEL--\s*$/m', $source)) {
            $settings['serial'] = true;
        }
        if (\preg_match('/^--CONFLICTS--\s*\n(.*?)(?=^--[A-Z_]+--|\z)/ms', $source, $found)) {
            $keys = [];
            foreach (\explode("\n", $found[1]) as $line) {
                $key = \trim(\preg_replace('/#.*/', '', $line) ?? '');
                if ($key === 'all') {
                    $settings['serial'] = true;
                } elseif ($key !== '') {
                    $keys[$key] = $key;
                }
            }
            if ($keys !== []) {
                $settings['conflicts'] = \array_values($keys);
            }
        }

        return $settings;
    }

    private function isSerialClass(string $class): bool
    {
        if (!isset($this->serialClasses[$class])) {
            $serial = false;
            for ($at = new \ReflectionClass($class); $at !== false && !$serial; $at = $at->getParentClass()) {
                if (\str_starts_with($at->name, 'PHPUnit\Framework\\')) {
                    break;
                }
                $serial = self::asksToBeAlone($at);
            }
            $this->serialClasses[$class] = $serial;
        }

        return $this->serialClasses[$class];
    }

    /** By name, so that it works before the installed PHPUnit knows the attribute. */
    private static function asksToBeAlone(\ReflectionClass|\ReflectionMethod $at): bool
    {
        foreach ($at->getAttributes() as $attribute) {
            $name = $attribute->getName();
            if ($name === 'DoNotRunInParallel' || \str_ends_with($name, '\DoNotRunInParallel')) {
                return true;
            }
        }
        $comment = $at->getDocComment();

        return $comment !== false && \stripos($comment, '@doNotRunInParallel') !== false;
    }

    /** `*` is any text, `?` one character, all else is itself. */
    private static function expression(string $pattern): string
    {
        $quoted = \preg_quote($pattern, '~');

        return '~\A' . \strtr($quoted, ['\*' => '.*?', '\?' => '.']) . '\z~s' . (\preg_match('//u', $pattern) ? 'u' : '');
    }
}
