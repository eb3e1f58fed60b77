<?php declare(strict_types=1);
namespace Paceline\Worker;

/** The environment variables that tests see, in all three places where PHP keeps them. */
final class Environment
{
    /** Variables that say which worker it is; a bootstrap that looks at one needs a worker that boots by itself. */
    public const OF_WORKERS = [
        'TEST_TOKEN', 'UNIQUE_TEST_TOKEN', 'PHPUNIT_WORKER_ID', 'PHPUNIT_WORKER_TOKEN', 'PACELINE_WORKER_ID',
        'PACELINE_WORKER_TOKEN',
    ];

    public static function get(string $name): ?string
    {
        $value = \getenv($name);

        return $value === false ? null : $value;
    }

    /** The variable's value; it is gone afterwards. */
    public static function take(string $name): ?string
    {
        $value = self::get($name);
        self::set($name, null);

        return $value;
    }

    public static function set(string $name, ?string $value): void
    {
        if ($value === null) {
            \putenv($name);
            unset($_ENV[$name], $_SERVER[$name]);
        } else {
            \putenv($name . '=' . $value);
            $_ENV[$name] = $_SERVER[$name] = $value;
        }
    }

    /**
     * Sets what parallel runners of PHPUnit suites tell their workers.
     *
     * @param array<string, ?string> $given what the engine has said of it
     */
    public static function ofWorker(int $number, array $given): void
    {
        $token = \bin2hex(\random_bytes(16));
        $own = [
            'PHPUNIT_WORKER_ID' => (string) $number,
            'PHPUNIT_WORKER_TOKEN' => $number . '_' . $token,
            'TEST_TOKEN' => (string) ($number + 1),
            'UNIQUE_TEST_TOKEN' => ($number + 1) . '_' . $token,
        ];
        foreach ($own + $given as $name => $value) {
            self::set((string) $name, $value === null ? null : (string) $value);
        }
    }
}
