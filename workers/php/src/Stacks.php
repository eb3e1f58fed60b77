<?php declare(strict_types=1);
namespace Paceline\Worker;

/**
 * Writes PHP's stack to a file when a signal comes.
 *
 * PHP runs signal handlers between two of its own instructions: a loop in PHP is seen, and a blocking system call that the
 * signal interrupts; a loop inside an extension is not.
 */
final class Stacks
{
    public function __construct(private readonly string $file)
    {
    }

    public function install(): void
    {
        if (!\function_exists('pcntl_signal')) {
            return;
        }
        \pcntl_async_signals(true);
        \pcntl_signal(\SIGUSR2, function (): void {
            $trace = (new \Exception())->getTraceAsString();
            // The first frame is this handler.
            $lines = \preg_split('/^#\d+ /m', $trace, -1, \PREG_SPLIT_NO_EMPTY) ?: [];
            $frames = \array_slice($lines, 1);
            $ours = static fn (string $line): bool => \str_contains($line, __DIR__ . \DIRECTORY_SEPARATOR);
            // What called PHPUnit is of no interest, unless there is nothing else.
            $theirs = [];
            foreach ($frames as $line) {
                if ($ours($line)) {
                    break;
                }
                $theirs[] = $line;
            }
            $text = '';
            foreach ($theirs !== [] ? $theirs : $frames as $number => $line) {
                $text .= '#' . $number . ' ' . \rtrim($line) . "\n";
            }
            @\file_put_contents($this->file, $text, \FILE_APPEND);
        });
    }
}
