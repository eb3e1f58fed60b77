<?php declare(strict_types=1);
namespace Paceline\Worker;

/** Runs the `--CLEAN--` section of a `.phpt` file whose run is cut short, which PHPUnit cannot do then. */
final class Cleaning
{
    /** What was there before: the handler of SIGTERM, and whether signals interrupt. */
    private static ?array $before = null;

    /** From here on SIGTERM ends this process only after the section has run. */
    public static function arm(string $file): void
    {
        if (!\function_exists('pcntl_async_signals') || !\function_exists('posix_kill')) {
            return;
        }
        $handler = \pcntl_signal_get_handler(\SIGTERM);
        if ($handler !== \SIG_DFL) {
            // The suite's own is not ours to replace.
            return;
        }
        self::$before = [$handler, \pcntl_async_signals(true)];
        // Not restarted: PHPUnit waits for a process that may have been told to end, or not.
        \pcntl_signal(\SIGTERM, static function () use ($file): void {
            self::run($file);
            \posix_kill((int) \getmypid(), \SIGKILL);
        }, false);
    }

    public static function disarm(): void
    {
        if (self::$before !== null) {
            [$handler, $async] = self::$before;
            self::$before = null;
            \pcntl_signal(\SIGTERM, $handler);
            \pcntl_async_signals($async);
        }
    }

    private static function run(string $file): void
    {
        $found = \preg_match('/^--CLEAN--\r?\n(.*?)(?=^--[A-Z_]+--\r?$|\z)/ms', (string) @\file_get_contents($file), $parts);
        if ($found !== 1) {
            return;
        }
        $names = ['__DIR__' => \var_export(\dirname($file), true), '__FILE__' => \var_export($file, true)];
        $process = \proc_open([\PHP_BINARY], [['pipe', 'r'], ['file', '/dev/null', 'w'], ['file', '/dev/null', 'w']], $pipes);
        if ($process !== false) {
            \fwrite($pipes[0], \strtr($parts[1], $names));
            \fclose($pipes[0]);
            \proc_close($process);
        }
    }
}
