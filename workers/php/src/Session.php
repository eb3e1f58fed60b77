<?php declare(strict_types=1);
namespace Paceline\Worker;

/** A process of a run, from the booted PHPUnit on: a host, a worker that the host has forked, or one by itself. */
final class Session
{
    private ?Driver $driver = null;

    public function __construct(
        private readonly Options $options,
        private Connection $connection,
        private readonly Process $process,
        private readonly Program $program,
        private ?int $number,
        private ?string $log,
    ) {
    }

    /** Runs in the place of the suite. Returns when PHPUnit shall finish; never in a forked worker. */
    public function serve(Driver $driver): void
    {
        foreach (['Selection', 'Plan', 'Providers', 'Cleaning', 'Worker'] as $name) {
            require __DIR__ . '/' . $name . '.php';
        }
        $this->driver = $driver;
        $selection = new Selection($this->options, (string) \getcwd());
        $plan = new Plan($driver, new Settings($this->options->overrides), $this->options->split, $selection);
        if ($this->number !== null) {
            $this->work($plan, $this->options->workerInput['coverage'] ?? null);
            $driver->finish();
            $this->connection->send(['kind' => 'goodbye', 'exit_status' => 0]);

            // PHPUnit would write its reports next; the host does.
            exit(0);
        }
        require __DIR__ . '/Host.php';
        require __DIR__ . '/Forking.php';
        $host = new Host($this->connection, $this->process, $this->log);
        $role = $host->serve($plan, $driver);
        if ($role === null) {
            foreach ($driver->hasCoverage() ? $host->coverageFiles() : [] as $file) {
                $driver->addCoverage($file);
            }
            $host->leaveCoverageDirectory();

            return;
        }
        $this->number = $role->number;
        $this->log = $role->log;
        $toHost = $this->connection;
        $this->connection = $this->program->meetAgain($role->number, $role->token, $role->log);
        $this->process->closeOnExec($this->connection->stream());
        $this->work($plan, $host->coverageDirectory());
        $this->connection->send(['kind' => 'goodbye', 'exit_status' => 0]);
        if (!$role->isHost()) {
            $this->process->leave(0);
        }
        $this->connection->abandon();
        $this->connection = $toHost;
        $host->resume($role);
    }

    /** The host's last word, after PHPUnit has finished. */
    public function end(string $summary, int $status): void
    {
        $message = ['kind' => 'goodbye', 'exit_status' => $status];
        if (\trim($summary) !== '') {
            $message['summary'] = Message::cut(Message::text(\trim($summary, "\n")));
        }
        $this->connection->send($message);
    }

    private function work(Plan $plan, mixed $coverage): void
    {
        $driver = $this->driver;
        \assert($driver !== null);
        if ($this->log !== null) {
            (new Stacks($this->log . '.stacks'))->install();
        }
        $save = \is_string($coverage) && $driver->hasCoverage() ? $this->coverageSaver($driver, $coverage) : null;
        $driver->start();
        (new Worker($this->connection, $plan, $driver, $this->options, $this->process, $save))->work();
        if ($save !== null) {
            $save(true);
        }
    }

    /** What keeps this process's coverage data: called with false in a forked child, and with true at the end. */
    private function coverageSaver(Driver $driver, string $directory): \Closure
    {
        $owner = \getmypid();
        $saved = false;
        $save = function (bool $ending) use ($driver, $directory, &$owner, &$saved): void {
            if (!$ending) {
                // The parent keeps what was covered before the fork.
                $owner = \getmypid();
                $driver->clearCoverage();
            } elseif (!$saved && \getmypid() === $owner) {
                $saved = true;
                $driver->saveCoverage($directory . '/' . $this->number . '-' . $owner);
            }
        };
        // A test that ends the process shall not take with it what the tests before it have covered.
        \register_shutdown_function($save, true);

        return $save;
    }
}
