<?php declare(strict_types=1);
namespace Paceline\Worker;

/**
 * Says where PHP's log goes what has ended the process.
 *
 * PHPUnit 12 has PHP log into a temporary file while a test runs, and prints that file after the test: of a test that ends
 * the process, nobody would read what PHP says of it.
 */
final class FatalErrors
{
    private const TYPES = \E_ERROR | \E_PARSE | \E_CORE_ERROR | \E_COMPILE_ERROR | \E_USER_ERROR;

    /** The error that ends this process, in a shutdown function; a warning that somebody has silenced is none. */
    public static function last(): ?string
    {
        $last = \error_get_last();
        if ($last === null || ($last['type'] & self::TYPES) === 0) {
            return null;
        }

        return $last['message'] . ' in ' . $last['file'] . ' on line ' . $last['line'];
    }

    /** To be called before PHPUnit runs: its own shutdown function keeps later ones from running. */
    public static function keepInLog(): void
    {
        $target = \ini_get('error_log');
        \register_shutdown_function(static function () use ($target): void {
            $error = self::last();
            if ($error === null || \ini_get('error_log') === $target || self::isOff('log_errors') || !self::isOff('display_errors')) {
                return;
            }
            // It may be the memory that has come to its end.
            \ini_set('memory_limit', '-1');
            \ini_restore('error_log');
            \error_log('PHP Fatal error:  ' . $error);
        });
    }

    private static function isOff(string $setting): bool
    {
        return !\filter_var(\ini_get($setting), \FILTER_VALIDATE_BOOL) && !\in_array(\ini_get($setting), ['stdout', 'stderr'], true);
    }
}
