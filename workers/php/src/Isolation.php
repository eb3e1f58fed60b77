<?php declare(strict_types=1);
namespace Paceline\Worker;

/** Runs a unit, or each of its tests, in a process of its own: a fork of the worker, which reports in its place. */
final class Isolation
{
    public function __construct(
        private readonly Connection $connection,
        private readonly Process $process,
        private readonly Worker $worker,
    ) {
    }

    public function run(Run $run): void
    {
        $unit = $run->unit->number;
        $this->connection->leaveJournal();
        $this->connection->send(['kind' => 'unit_started', 'unit' => $unit]);
        $this->worker->ready($run);
        while (($run->todo ?? []) !== [] && !$this->worker->isStopped()) {
            $mine = $run->isolation === 'test' ? [$run->todo[0]] : $run->todo;
            $done = $this->runApart($run, $mine);
            $run->todo = \array_values(\array_diff($run->todo, $done));
            $this->worker->listen();
        }
        $this->connection->send(['kind' => 'unit_finished', 'unit' => $unit]);
    }

    /**
     * Runs tests in a child.
     *
     * @param list<int> $tests
     *
     * @return list<int> those that are done with
     */
    private function runApart(Run $run, array $tests): array
    {
        $this->connection->flush();
        $pair = \stream_socket_pair(\STREAM_PF_UNIX, \STREAM_SOCK_STREAM, 0);
        $pid = $pair === false ? -1 : @\pcntl_fork();
        if ($pid < 0 || $pair === false) {
            $this->worker->error('cannot isolate tests: ' . \pcntl_strerror(\pcntl_get_last_error()));

            return $tests;
        }
        [$mine, $childs] = $pair;
        if ($pid === 0) {
            \fclose($mine);
            $this->process->closeOnExec($childs);
            $this->worker->becomeChild(static function (string $what) use ($childs): void {
                \fwrite($childs, $what . "\n");
            });
            $run->todo = $tests;
            $this->worker->runHere($run);
            $this->worker->leaveChild();
            $this->process->leave(0);
        }
        \fclose($childs);
        // The end of the child, and not that of its pipe: what a test starts could hold that open.
        while (\pcntl_waitpid($pid, $status) !== $pid) {
            if (\pcntl_get_last_error() !== \PCNTL_EINTR) {
                break;
            }
        }
        \stream_set_blocking($mine, false);
        $told = \explode("\n", \trim((string) \stream_get_contents($mine)));
        \fclose($mine);
        $done = [];
        $running = null;
        foreach ($told as $word) {
            if ($word === 'end') {
                $running = null;
            } elseif ($word !== '') {
                $done[] = $running = (int) $word;
            }
        }
        $signal = \pcntl_wifsignaled($status) ? \pcntl_wtermsig($status) : null;
        $code = $signal === null ? \pcntl_wexitstatus($status) : 0;
        if ($running !== null) {
            $this->crashed($run, $running, $signal, $code);
        } elseif ($done === []) {
            // It did not come to its first test; it will not the next time.
            $this->connection->putLine('{"kind":"test_started","unit":' . $run->unit->number . ',"test":' . $tests[0] . ",\"pid\":$pid}\n");
            $this->crashed($run, $tests[0], $signal, $code);
            $done = [$tests[0]];
        }

        return $done;
    }

    private function crashed(Run $run, int $test, ?int $signal, int $code): void
    {
        $this->worker->noteCrash($run, $test);
        $this->connection->send([
            'kind' => 'test_finished',
            'unit' => $run->unit->number,
            'test' => $test,
            'outcome' => 'crashed',
            'durations' => [0, 0, 0],
            'exit' => $signal === null ? ['code' => $code] : ['signal' => $signal],
        ]);
    }
}
