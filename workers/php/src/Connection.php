<?php declare(strict_types=1);
namespace Paceline\Worker;

/**
 * The socket to the engine.
 *
 * Outgoing messages gather until `flush`, so that several leave in one system call. Only the process that connected can
 * send: a child that a test forked must not.
 */
final class Connection
{
    private string $out = '';
    private string $in = '';
    /** @var list<array<string, mixed>> */
    private array $messages = [];
    private bool $closed = false;
    private ?Journal $journal = null;
    /** Whether there is something in the journal that the engine has not been told of. */
    private bool $untold = false;
    private int $pid;
    private float $nextPoll = 0.0;

    /** @param resource $stream */
    private function __construct(private $stream)
    {
        $this->pid = (int) \getmypid();
    }

    /** @throws \RuntimeException if there is nobody at the address */
    public static function open(string $address): self
    {
        if (!\preg_match('/^(unix|tcp):(.+)$/s', $address, $found)) {
            throw new \RuntimeException('PACELINE_CONNECT must be unix:PATH or tcp:HOST:PORT, not "' . $address . '"');
        }
        $context = \stream_context_create($found[1] === 'tcp' ? ['socket' => ['tcp_nodelay' => true]] : []);
        $stream = @\stream_socket_client($found[1] . '://' . $found[2], $code, $error, 30, \STREAM_CLIENT_CONNECT, $context);
        if ($stream === false) {
            throw new \RuntimeException('cannot connect to paceline at ' . $address . ': ' . $error);
        }
        \stream_set_timeout($stream, 1 << 30);
        \stream_set_read_buffer($stream, 0);

        return new self($stream);
    }

    /** @return resource */
    public function stream()
    {
        return $this->stream;
    }

    public function isClosed(): bool
    {
        return $this->closed;
    }

    /** Whether this process is the one that connected. */
    public function isMine(): bool
    {
        return \getmypid() === $this->pid;
    }

    /** Sends what follows by way of a journal. */
    public function writeTo(Journal $journal): void
    {
        $this->journal = $journal;
    }

    /** Makes this process the one that sends: for a child that acts in its parent's place. */
    public function adopt(): void
    {
        $this->pid = (int) \getmypid();
        $this->out = '';
    }

    /** Sends what follows directly, for a process that others are going to speak for. */
    public function leaveJournal(): void
    {
        $this->flush();
        $this->journal?->close();
        $this->journal = null;
    }

    /** Closes this process's end without telling the engine anything. */
    public function abandon(): void
    {
        $this->closed = true;
        $this->out = '';
        \fclose($this->stream);
    }

    /** @param array<string, mixed> $message */
    public function put(array $message): void
    {
        $this->out .= Message::encode($message);
    }

    /** Adds messages that are encoded already. */
    public function putLine(string $line): void
    {
        $this->out .= $line;
    }

    /** @param array<string, mixed> $message */
    public function send(array $message): void
    {
        $this->out .= Message::encode($message);
        $this->flush();
    }

    /**
     * Sends what has gathered. With `soon` the engine may get it some milliseconds later, but gets it, whatever becomes of
     * this process.
     */
    public function flush(bool $soon = false): void
    {
        $out = $this->out;
        $this->out = '';
        if ($this->closed || ($out === '' && !$this->untold) || \getmypid() !== $this->pid) {
            return;
        }
        if ($this->journal !== null) {
            $out = $this->journal->write($out);
            if ($out === '') {
                $out = $this->journal->news(!$soon);
                $this->untold = $out === null;
                if ($out === null) {
                    return;
                }
            } else {
                // The disk is full.
                $this->journal->close();
                $this->journal = null;
                $this->untold = false;
            }
        }
        while ($out !== '') {
            $written = @\fwrite($this->stream, $out);
            if ($written === false || $written === 0) {
                $this->closed = true;

                return;
            }
            $out = \substr($out, $written);
        }
    }

    /**
     * A message that is there already, or null. Looks at the socket at most once a millisecond.
     *
     * @return ?array<string, mixed>
     */
    public function poll(bool $now = false): ?array
    {
        if ($this->messages === [] && !$this->closed) {
            $time = \hrtime(true) / 1e6;
            if ($now || $time >= $this->nextPoll) {
                $this->nextPoll = $time + 1;
                if ($this->wait(0.0)) {
                    $this->read();
                }
            }
        }

        return \array_shift($this->messages);
    }

    /**
     * The next message, or null when there will be none.
     *
     * @return ?array<string, mixed>
     */
    public function receive(): ?array
    {
        $this->flush();
        while ($this->messages === []) {
            if ($this->closed) {
                return null;
            }
            if ($this->wait(null)) {
                $this->read();
            }
        }

        return \array_shift($this->messages);
    }

    /** Waits until there is something to read, for so many seconds; false where there is not, or a signal came. */
    public function wait(?float $seconds): bool
    {
        $read = [$this->stream];
        $none = null;
        $whole = $seconds === null ? null : (int) $seconds;
        $micro = $seconds === null ? null : (int) (($seconds - $whole) * 1e6);

        return (int) @\stream_select($read, $none, $none, $whole, $micro) > 0;
    }

    private function read(): void
    {
        $data = @\fread($this->stream, 65536);
        if ($data === false || $data === '') {
            $this->closed = true;

            return;
        }
        $this->in .= $data;
        $lines = \explode("\n", $this->in);
        $this->in = \array_pop($lines);
        foreach ($lines as $line) {
            if (\trim($line) === '') {
                continue;
            }
            $message = Message::decode($line);
            if ($message === null) {
                $text = 'cannot read a message: it is not a JSON object with a string `kind`';
                $this->send(['kind' => 'error', 'fatal' => false, 'text' => $text]);
            } else {
                $this->messages[] = $message;
            }
        }
        if (\strlen($this->in) > Message::MAX_LINE) {
            $this->send(['kind' => 'error', 'fatal' => true, 'text' => 'a line is longer than 16 MiB']);
            $this->closed = true;
        }
    }
}
