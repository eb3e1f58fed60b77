<?php declare(strict_types=1);
namespace Paceline\Worker;

/** The worker that this process has become: a fork of the host, or the host itself. */
final class Role
{
    /** @param ?list<int> $kept the host's own stdout and stderr, where this is the host */
    public function __construct(
        public readonly int $number,
        public readonly string $token,
        public readonly ?string $log,
        public readonly ?array $kept,
    ) {
    }

    public function isHost(): bool
    {
        return $this->kept !== null;
    }
}

/** Whether forking is safe, and what a fork has to renew. */
final class Forking
{
    private bool $seeded = false;

    public function __construct(private readonly Process $process)
    {
    }

    /** Why workers should boot by themselves; null where they can be forked. */
    public function whyNot(Driver $driver): ?string
    {
        $reason = $this->process->whyNot();
        if ($reason !== null) {
            return $reason;
        }
        $bootstrap = $driver->bootstrap();
        $this->seeded = $driver->seed() !== null;
        if ($bootstrap === null) {
            return null;
        }
        $vendor = \DIRECTORY_SEPARATOR . 'vendor' . \DIRECTORY_SEPARATOR;
        $near = \dirname($bootstrap) . \DIRECTORY_SEPARATOR;
        foreach (\get_included_files() as $file) {
            // The bootstrap script, and what is beside it but is no test.
            $isBootstrap = $file === $bootstrap;
            $isHelper = \str_starts_with($file, $near) && !\str_contains($file, $vendor) && !\str_ends_with($file, 'Test.php');
            if (!$isBootstrap && !($isHelper && \dirname($file) === \dirname($bootstrap))) {
                continue;
            }
            if (\str_contains($file, $vendor) || \basename($file) === 'autoload.php') {
                continue;
            }
            $source = (string) @\file_get_contents($file);
            foreach ($isBootstrap ? Environment::OF_WORKERS : [] as $name) {
                if (\str_contains($source, $name)) {
                    return $file . ' asks for ' . $name . ' at start-up';
                }
            }
            $this->seeded = $this->seeded || \preg_match('/\b(?:mt_)?srand\s*\(\s*[^)\s]/', $source) === 1;
        }

        return null;
    }

    /**
     * The first steps of a forked child.
     *
     * @param array<string, mixed> $message the `fork`
     */
    public function leaveTheHost(array $message, int $number): Role
    {
        \posix_setpgid(0, 0);

        return $this->takeRole($message, $number, true);
    }

    /**
     * The first steps of a host that becomes the only worker.
     *
     * @param array<string, mixed> $message the `stay`
     */
    public function stay(array $message, int $number): Role
    {
        return $this->takeRole($message, $number, false);
    }

    /** @param array<string, mixed> $message */
    private function takeRole(array $message, int $number, bool $forked): Role
    {
        \pcntl_signal(\SIGCHLD, \SIG_DFL);
        \pcntl_async_signals(false);
        $log = \is_string($message['log'] ?? null) ? $message['log'] : null;
        $kept = $log === null ? [] : $this->process->redirect($log, $forked);
        Environment::ofWorker($number, (array) ($message['env'] ?? []));
        // A suite that has set a seed wants that one; else workers must not all draw the same numbers.
        if (!$this->seeded) {
            \mt_srand();
        }

        return new Role($number, (string) ($message['token'] ?? ''), $log, $forked ? null : $kept);
    }
}
