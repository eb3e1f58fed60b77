<?php declare(strict_types=1);
namespace Paceline\Worker;

/** Tells the units, forks a worker for each `fork`, tells when one has ended, until `shutdown`; or becomes the only worker. */
final class Host
{
    private const UNITS_A_MESSAGE = 500;

    private Forking $forking;
    /** @var array<int, int> worker numbers by process id */
    private array $children = [];
    private ?string $directory = null;

    public function __construct(
        private readonly Connection $connection,
        private readonly Process $process,
        private readonly ?string $log,
    ) {
        $this->forking = new Forking($process);
    }

    /** Where workers put their coverage data. */
    public function coverageDirectory(): ?string
    {
        return $this->directory;
    }

    /** @return list<string> */
    public function coverageFiles(): array
    {
        $files = $this->directory === null ? [] : (array) \glob($this->directory . '/*');
        \natsort($files);

        return \array_values($files);
    }

    /** Removes it, once all of its files have been taken. */
    public function leaveCoverageDirectory(): void
    {
        if ($this->directory !== null) {
            @\rmdir($this->directory);
        }
    }

    /** Returns null when the run is over, and the Role of a process that is to work: a child, or this one. */
    public function serve(Plan $plan, Driver $driver): ?Role
    {
        foreach ($driver->messages() as $message) {
            $this->connection->put($message);
        }
        $units = \array_map($plan->announce(...), $plan->units);
        $parts = $units === [] ? [[]] : \array_chunk($units, self::UNITS_A_MESSAGE);
        foreach ($parts as $number => $part) {
            $this->connection->put(['kind' => 'discovered', 'units' => $part, 'complete' => $number === \count($parts) - 1]);
        }
        if ($driver->hasCoverage()) {
            $this->directory = $this->log !== null ? $this->log . '.coverage' : \sys_get_temp_dir() . '/paceline-coverage-' . \getmypid();
            @\mkdir($this->directory, 0700);
        }
        $whyNot = $this->forking->whyNot($driver);
        $ready = [
            'kind' => 'ready',
            'can_fork' => $whyNot === null,
            // Its coverage data would be there twice.
            'can_stay' => $whyNot === null && !$driver->hasCoverage(),
            'collect' => 'whole',
            'rootdir' => \getcwd(),
            'config_file' => $driver->configFile(),
            'maxfail' => $driver->maxFail(),
            'halts' => true,
            'wants_crashed' => true,
        ];
        if ($whyNot !== null) {
            $ready['why_not'] = $whyNot;
        }
        $input = \array_filter(['seed' => $driver->seed(), 'coverage' => $this->directory], static fn ($value) => $value !== null);
        if ($input !== []) {
            $ready['worker_input'] = $input;
        }
        $this->connection->send($ready);
        if ($whyNot === null) {
            \pcntl_async_signals(true);
            // Its only use is that it interrupts the wait for the engine.
            \pcntl_signal(\SIGCHLD, static function (): void {}, false);
            $plan->prepare();
        }
        $role = $this->loop();
        if ($role === null && $whyNot === null) {
            \pcntl_signal(\SIGCHLD, \SIG_DFL);
            \pcntl_async_signals(false);
        }

        return $role;
    }

    /** Goes on as host after this process was the only worker, until the run is over. */
    public function resume(Role $role): void
    {
        \fflush(\STDOUT);
        $this->process->restore($role->kept ?? []);
        $this->loop();
    }

    private function loop(): ?Role
    {
        $ending = false;
        while (true) {
            while (($message = $this->connection->poll(true)) !== null) {
                if ($message['kind'] === 'fork') {
                    $role = $this->fork($message);
                    if ($role !== null) {
                        return $role;
                    }
                } elseif ($message['kind'] === 'stay' && \is_int($message['worker'] ?? null)) {
                    return $this->forking->stay($message, $message['worker']);
                } elseif ($message['kind'] === 'shutdown') {
                    $ending = true;
                } elseif ($message['kind'] !== 'welcome') {
                    $text = 'unknown kind "' . $message['kind'] . '"';
                    $this->connection->send(['kind' => 'error', 'fatal' => false, 'text' => Message::text($text)]);
                }
            }
            $this->reap();
            // Coverage is merged at the end: the workers have to be gone by then.
            if ($this->children === [] && ($ending || $this->connection->isClosed())) {
                return null;
            }
            if ($this->connection->isClosed()) {
                \usleep(10000);
            } else {
                // A child can end between `reap` and here; then its signal interrupts nothing.
                $this->connection->wait($this->children === [] ? null : 0.05);
            }
        }
    }

    /** @param array<string, mixed> $message */
    private function fork(array $message): ?Role
    {
        $number = $message['worker'] ?? null;
        $reason = \is_int($number) ? $this->process->whyNot() : 'no worker number';
        $pid = -1;
        if ($reason === null) {
            \fflush(\STDOUT);
            $pid = @\pcntl_fork();
            $reason = $pid < 0 ? \pcntl_strerror(\pcntl_get_last_error()) : null;
        }
        if ($reason !== null) {
            $this->connection->send(['kind' => 'fork_failed', 'worker' => $number, 'reason' => 'cannot fork: ' . $reason]);

            return null;
        }
        if ($pid === 0) {
            $this->connection->abandon();

            return $this->forking->leaveTheHost($message, $number);
        }
        @\posix_setpgid($pid, $pid); // whoever is first
        $this->children[$pid] = $number;
        $this->connection->send(['kind' => 'forked', 'worker' => $number, 'pid' => $pid]);

        return null;
    }

    private function reap(): void
    {
        foreach ($this->children as $pid => $number) {
            $done = \pcntl_waitpid($pid, $status, \WNOHANG);
            if ($done === 0) {
                continue;
            }
            unset($this->children[$pid]);
            $exited = ['kind' => 'exited', 'worker' => $number, 'pid' => $pid];
            if ($done > 0 && \pcntl_wifsignaled($status)) {
                $exited['signal'] = \pcntl_wtermsig($status);
            } else {
                $exited['code'] = $done > 0 ? \pcntl_wexitstatus($status) : 0;
            }
            $this->connection->send($exited);
        }
    }
}
