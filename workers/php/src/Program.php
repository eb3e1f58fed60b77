<?php declare(strict_types=1);
namespace Paceline\Worker;

/** Connects, says hello, and boots PHPUnit in the role that the program was given. */
final class Program
{
    private string $address;
    private string $version = '';
    private Connection $connection;
    private bool $served = false;

    /** @param list<string> $argv */
    public function __construct(private readonly array $argv)
    {
    }

    /** Runs the program; returns the exit code of the process. */
    public function main(): int
    {
        $this->address = (string) Environment::take('PACELINE_CONNECT');
        $token = (string) Environment::take('PACELINE_TOKEN');
        $role = (string) Environment::take('PACELINE_ROLE');
        $log = Environment::take('PACELINE_LOG');
        if ($this->address === '' || !\in_array($role, ['host', 'worker'], true)) {
            \fwrite(\STDERR, "worker.php is started by paceline, with PACELINE_CONNECT and PACELINE_ROLE (host or worker)\n");

            return 2;
        }
        $number = null;
        if ($role === 'worker') {
            $id = Environment::get('PACELINE_WORKER_ID');
            if ($id === null || !\ctype_digit($id)) {
                \fwrite(\STDERR, "a worker needs PACELINE_WORKER_ID, a number\n");

                return 2;
            }
            $number = (int) $id;
        }
        // Loading PHPUnit runs the project's autoloader, whose files may look at the environment.
        $this->prepareEnvironment($number);
        $problem = null;
        try {
            $this->version = (new Locator((string) \getcwd(), $this->option('--phpunit')))->load();
            if (\version_compare($this->version, '9.0', '<')) {
                $problem = 'paceline needs PHPUnit 9 or newer; this is PHPUnit ' . $this->version;
            }
        } catch (\Throwable $error) {
            $problem = $error instanceof \RuntimeException ? $error->getMessage() : 'loading PHPUnit: ' . $error;
        }
        $process = new Process();
        $connection = $this->meet($token, $role, $number, $log, $welcome);
        $process->closeOnExec($connection->stream());
        $this->connection = $connection;
        if ($problem === null) {
            try {
                $options = new Options($welcome);
            } catch (\RuntimeException $error) {
                $problem = $error->getMessage();
            }
        }
        if ($problem !== null) {
            \fwrite(\STDERR, $problem . "\n");
            $connection->send(['kind' => 'error', 'fatal' => true, 'text' => $problem, 'exit_status' => 2]);

            return 2;
        }

        return $this->runPhpunit($options, $number, $log, $process);
    }

    /** Connects and says hello for the worker that this process has become. */
    public function meetAgain(int $number, string $token, ?string $log): Connection
    {
        return $this->meet($token, 'worker', $number, $log);
    }

    private function runPhpunit(Options $options, ?int $number, ?string $log, Process $process): int
    {
        foreach (['Settings', 'Unit', 'Framework', 'Driver', 'Outcome', 'FatalErrors', 'Groups', 'Session', 'Stacks'] as $name) {
            require __DIR__ . '/' . $name . '.php';
        }
        $old = \version_compare($this->version, '10.0', '<');
        $directory = $old ? '/Phpunit9/' : '/Phpunit10/';
        foreach ($old ? ['Framework', 'Suite', 'Driver', 'Listener'] : ['Framework', 'Suite', 'Driver', 'Recorder'] as $name) {
            require __DIR__ . $directory . $name . '.php';
        }
        $size = $log !== null ? (int) @\filesize($log) : 0;
        $pid = \getmypid();
        FatalErrors::keepInLog();
        \register_shutdown_function(function () use ($pid, $log, $size): void {
            // PHPUnit, a bootstrap file or a fatal error has ended the process before there was anything to run.
            if (!$this->served && \getmypid() === $pid) {
                $this->failedToBoot($log, $size, null);
            }
        });
        $session = new Session($options, $this->connection, $process, $this, $number, $log);
        $framework = $old ? new Phpunit9\Framework($this->version) : new Phpunit10\Framework($this->version);
        $args = ['phpunit', ...$framework->arguments($options, $number)];
        $_SERVER['argv'] = $GLOBALS['argv'] = $args;
        $_SERVER['argc'] = $GLOBALS['argc'] = \count($args);
        try {
            $status = $framework->run($args, function (Driver $driver) use ($session): void {
                $this->served = true;
                $session->serve($driver);
            });
        } catch (\Throwable $error) {
            if ($this->served) {
                throw $error;
            }
            $this->served = true;
            $this->failedToBoot($log, $size, $error);

            return 2;
        }
        if (!$this->served) {
            $this->served = true;
            $this->failedToBoot($log, $size, null);

            return 2;
        }
        $session->end($framework->summary(), $framework->exitStatus());

        return 0;
    }

    private function failedToBoot(?string $log, int $size, ?\Throwable $error): void
    {
        $text = $error !== null ? self::describe($error) : '';
        if ($log !== null) {
            $text = \trim(\file_get_contents($log, false, null, $size, Message::MAX_TEXT) . "\n" . $text);
        }
        if ($error !== null) {
            \fwrite(\STDERR, self::describe($error) . "\n");
        }
        if ($text === '') {
            $text = FatalErrors::last() ?? '';
        }
        $text = Message::cut(Message::text($text !== '' ? $text : 'PHPUnit ended before it ran any test'));
        $this->connection->send(['kind' => 'error', 'fatal' => true, 'text' => $text, 'exit_status' => 2]);
    }

    private static function describe(\Throwable $error): string
    {
        return \get_class($error) . ': ' . $error->getMessage() . "\nin " . $error->getFile() . ':' . $error->getLine();
    }

    private function prepareEnvironment(?int $number): void
    {
        $given = [];
        foreach (Environment::OF_WORKERS as $name) {
            // Those of a runner that paceline itself runs under are not ours.
            $given[$name] = null;
        }
        if ($number === null) {
            foreach ($given as $name => $value) {
                Environment::set($name, $value);
            }
        } else {
            $kept = ['PACELINE_WORKER_ID', 'PACELINE_WORKER_TOKEN'];
            Environment::ofWorker($number, \array_filter(
                \array_combine($kept, \array_map(Environment::get(...), $kept)),
                static fn (?string $value): bool => $value !== null,
            ));
        }
    }

    private function option(string $name): ?string
    {
        $at = \array_search($name, $this->argv, true);

        return $at === false ? null : $this->argv[$at + 1] ?? null;
    }

    /** @param ?array<string, mixed> $welcome what the engine has answered */
    private function meet(string $token, string $role, ?int $number, ?string $log, ?array &$welcome = null): Connection
    {
        try {
            $connection = Connection::open($this->address);
        } catch (\RuntimeException $error) {
            $this->served = true;
            \fwrite(\STDERR, $error->getMessage() . "\n");
            exit(3);
        }
        $hello = [
            'kind' => 'hello',
            'protocol' => Message::PROTOCOL,
            'token' => $token,
            'role' => $role,
            'pid' => \getmypid(),
            'framework' => ['name' => 'phpunit', 'version' => $this->version !== '' ? $this->version : null],
            'language' => ['name' => 'php', 'version' => \PHP_VERSION, 'executable' => \PHP_BINARY],
        ];
        $journal = $number === null ? null : Journal::beside($log);
        if ($number !== null) {
            $hello['worker'] = $number;
            $hello['claims'] = true;
            if ($journal !== null) {
                $hello['journal'] = $journal->offer();
            }
            if ($log !== null && \function_exists('pcntl_signal')) {
                $hello['stacks'] = ['signal' => \SIGUSR2, 'file' => $log . '.stacks'];
            }
        }
        $connection->send($hello);
        $welcome = $connection->receive() ?? ['kind' => 'refused', 'reason' => 'the connection was closed'];
        if ($welcome['kind'] !== 'welcome') {
            $this->served = true;
            \fwrite(\STDERR, 'paceline refused this process: ' . ($welcome['reason'] ?? $welcome['kind']) . "\n");
            exit(3);
        }
        if ($journal !== null && ($welcome['journal'] ?? false) === true) {
            $connection->writeTo($journal);
        } else {
            $journal?->close();
        }

        return $connection;
    }
}
