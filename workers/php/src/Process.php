<?php declare(strict_types=1);
namespace Paceline\Worker;

/** What a forked process needs of the system: PHP itself has neither `dup2` nor `_exit`. */
final class Process
{
    private const DUP_CLOSED_ON_EXEC = \PHP_OS_FAMILY === 'Linux' ? 1030 : 67;

    private ?\FFI $c = null;
    private ?string $problem = null;
    private bool $asked = false;

    /** Why this PHP cannot fork workers; null where it can. */
    public function whyNot(): ?string
    {
        foreach (['pcntl_fork', 'pcntl_waitpid', 'pcntl_signal', 'posix_setpgid', 'posix_kill'] as $function) {
            if (!\function_exists($function)) {
                return 'PHP has no ' . $function . ' (extensions pcntl and posix)';
            }
        }
        $this->c();

        return $this->problem;
    }

    /**
     * Makes stdout and stderr append to a file.
     *
     * @return list<int> what `restore` takes to undo it
     */
    public function redirect(string $file, bool $forGood = true): array
    {
        $c = $this->c();
        if ($c === null) {
            return [];
        }
        [$append, $create] = \PHP_OS_FAMILY === 'Linux' ? [0x400, 0x40] : [0x8, 0x200];
        $descriptor = $c->open($file, 1 | $append | $create, 0600);
        if ($descriptor < 0) {
            return [];
        }
        // Programs that tests start do not inherit what is kept (F_DUPFD_CLOEXEC).
        $kept = $forGood ? [] : [$c->fcntl(1, self::DUP_CLOSED_ON_EXEC, 10), $c->fcntl(2, self::DUP_CLOSED_ON_EXEC, 10)];
        $c->dup2($descriptor, 1);
        $c->dup2($descriptor, 2);
        if ($descriptor > 2) {
            $c->close($descriptor);
        }

        return $kept;
    }

    /**
     * How long the file is to which stdout and stderr go, for `test_started`.
     *
     * @return array{log?: int}
     */
    public function logSize(): array
    {
        $stat = \is_resource(\STDOUT) ? \fstat(\STDOUT) : false;

        return $stat !== false && ($stat['mode'] & 0170000) === 0100000 ? ['log' => $stat['size']] : [];
    }

    /** @param list<int> $kept what `redirect` has returned */
    public function restore(array $kept): void
    {
        foreach ($kept as $at => $descriptor) {
            if ($descriptor >= 0) {
                $this->c()?->dup2($descriptor, $at + 1);
                $this->c()?->close($descriptor);
            }
        }
    }

    /**
     * Keeps programs that tests start from inheriting a socket.
     *
     * @param resource $stream
     */
    public function closeOnExec($stream): void
    {
        $inode = \fstat($stream)['ino'] ?? 0;
        if ($inode === 0 || !\is_dir('/proc/self/fd') || ($c = $this->c()) === null) {
            return;
        }
        foreach ((array) @\scandir('/proc/self/fd') as $name) {
            if (@\readlink('/proc/self/fd/' . $name) === 'socket:[' . $inode . ']') {
                $c->fcntl((int) $name, 2, 1); // F_SETFD, FD_CLOEXEC

                return;
            }
        }
    }

    /** Ends the process at once: without shutdown functions and destructors, which a fork has inherited. */
    public function leave(int $code): never
    {
        $this->c()?->_exit($code);
        if (\function_exists('posix_kill')) {
            \posix_kill((int) \getmypid(), 9);
        }
        exit($code);
    }

    private function c(): ?\FFI
    {
        if (!$this->asked) {
            $this->asked = true;
            if (!\class_exists('FFI', false)) {
                $this->problem = 'PHP has no FFI extension, which is needed to tell the output of forked workers apart';
            } else {
                try {
                    $this->c = \FFI::cdef(
                        'int dup2(int, int); int open(const char *, int, ...); int close(int); int fcntl(int, int, ...); void _exit(int);',
                    );
                } catch (\Throwable $error) {
                    $this->problem = 'PHP cannot use FFI: ' . $error->getMessage();
                }
            }
        }

        return $this->c;
    }
}
