<?php declare(strict_types=1);
namespace Paceline\Worker;

/**
 * A file of messages beside the socket: writing to it wakes nobody.
 *
 * The engine reads on when it is told that the file has grown, once more a little later, and when the connection ends. So
 * what follows closely on what was told need not be told (docs/protocol.md).
 */
final class Journal
{
    /** Nanoseconds within which the engine looks again without being told; half of what it promises. */
    private const LOOKS_AGAIN = 2_000_000;
    /** A file that has become longer is followed by another, in bytes. */
    private const LONG = 1024 * 1024;

    private int $number = 0;
    private int $size = 0;
    private int $told = \PHP_INT_MIN;

    /** @param resource $stream */
    private function __construct(private readonly string $path, private $stream)
    {
    }

    /** One beside the worker's log, where that can be. */
    public static function beside(?string $log): ?self
    {
        // Not that of an earlier worker of this number, which may still be read.
        $path = $log . '.' . \getmypid() . '.journal';
        $stream = $log === null ? null : self::create($path);

        return $stream === null ? null : new self($path, $stream);
    }

    /** What `hello` says about it. */
    public function offer(): string
    {
        return $this->path;
    }

    /** Adds whole lines. What does not fit is returned, from the start of a line. */
    public function write(string $lines): string
    {
        if ($lines === '') {
            return '';
        }
        $written = (int) @\fwrite($this->stream, $lines);
        $this->size += $written;
        if ($written === \strlen($lines)) {
            return '';
        }
        $end = $written === 0 ? false : \strrpos(\substr($lines, 0, $written), "\n");

        return $end === false ? $lines : \substr($lines, $end + 1);
    }

    /** What to tell the engine after a write, if anything; with `now` in any case. */
    public function news(bool $now): ?string
    {
        $clock = \hrtime(true);
        if (!$now && $clock < $this->told + self::LOOKS_AGAIN) {
            return null;
        }
        $this->told = $clock;
        $next = $this->size >= self::LONG && $this->turnOver();

        return '{"kind":"journal"' . ($next ? ',"next":true' : '') . "}\n";
    }

    public function close(): void
    {
        \fclose($this->stream);
    }

    private function turnOver(): bool
    {
        $stream = self::create($this->path . '.' . ($this->number + 1));
        if ($stream === null) {
            return false;
        }
        \fclose($this->stream);
        $this->stream = $stream;
        $this->number++;
        $this->size = 0;

        return true;
    }

    /** @return ?resource */
    private static function create(string $path)
    {
        $mask = \umask(0077);
        // A new file (`x`), which programs that tests start do not inherit (`e`).
        $stream = @\fopen($path, 'xe');
        \umask($mask);
        if ($stream === false) {
            return null;
        }
        \stream_set_write_buffer($stream, 0);

        return $stream;
    }
}
