<?php declare(strict_types=1);
namespace Paceline\Worker;

/** The result of a test while it comes together. */
final class Outcome
{
    private const RANK = ['passed' => 0, 'skipped' => 1, 'failed' => 2, 'errored' => 3];
    /** Native words, from the mildest. */
    private const NATIVE = ['' => 0, 'notice' => 1, 'deprecation' => 2, 'warning' => 3, 'risky' => 4, 'skipped' => 5, 'incomplete' => 6];

    public string $outcome = 'passed';
    public string $native = '';
    public int $assertions = 0;
    /** Seconds; null until the framework has said so. */
    public ?float $time = null;
    /** Seconds that the class took before this test, its first. */
    public float $setUp = 0.0;
    public string $output = '';
    /** @var list<array<string, mixed>> */
    public array $problems = [];
    /** @var list<array{string, string, ?string, ?int}> category, text, file, line */
    public array $issues = [];

    /** A failed or errored test. */
    public function fail(string $outcome, string $message, string $text, ?string $type = null): void
    {
        $this->raise($outcome, '');
        $this->problems[] = $this->problem($outcome, $message, $text, $type);
    }

    /** A skipped or incomplete one. */
    public function skip(string $native, string $reason, string $text = '', ?string $type = null): void
    {
        $this->raise('skipped', $native);
        $problem = $this->problem('skipped', $reason, $text, $type);
        $problem['reason'] = $problem['message'] ?? '';
        unset($problem['message']);
        if ($native === 'skipped') {
            unset($problem['text']);
        }
        $this->problems[] = $problem;
    }

    /** Something that PHPUnit remarks without failing the test: a category as in `native`. */
    public function issue(string $category, string $text, ?string $file = null, ?int $line = null): void
    {
        $this->raise('passed', \str_replace('phpunit-', '', $category));
        $this->issues[] = [$category, $text, $file, $line];
    }

    /** Makes the test fail for what the framework was told to fail for. */
    public function apply(array $fail): void
    {
        if ($this->outcome !== 'passed' && $this->outcome !== 'skipped') {
            return;
        }
        $categories = \array_column($this->issues, 0);
        if ($this->outcome === 'skipped') {
            $categories[] = $this->native === 'incomplete' ? 'incomplete' : 'skipped';
        }
        foreach ($fail as $word) {
            if (!\in_array($word, $categories, true)) {
                continue;
            }
            if ($this->outcome === 'skipped') {
                $this->native = $word;
            }
            $this->outcome = 'failed';
            foreach ($this->problems as $number => $problem) {
                $reason = $problem['reason'] ?? $problem['message'] ?? '';
                $this->problems[$number] = ['outcome' => 'failed', 'message' => $reason] + $problem;
            }
            foreach ($this->issues as [$category, $text, $file, $line]) {
                if ($category === $word) {
                    $problem = $this->problem('failed', $text, $text, null);
                    if ($file !== null) {
                        $problem['location'] = ['file' => $file, 'line' => $line];
                    }
                    $this->problems[] = $problem;
                }
            }
        }
    }

    public function encode(int $unit, int $index): string
    {
        $head = '{"kind":"test_finished","unit":' . $unit . ',"test":' . $index . ',"outcome":"' . $this->outcome
            // There are many of them, and whole numbers are written fastest.
            . '","durations":[' . (int) ($this->setUp * 1e6) . 'e-6,' . (int) (($this->time ?? 0.0) * 1e6) . 'e-6,0],"assertions":'
            . $this->assertions;
        if ($this->native === '' && $this->problems === [] && $this->output === '') {
            return $head . "}\n";
        }
        $message = [
            'kind' => 'test_finished',
            'unit' => $unit,
            'test' => $index,
            'outcome' => $this->outcome,
            'durations' => [\round($this->setUp, 6), \round($this->time ?? 0.0, 6), 0],
            'assertions' => $this->assertions,
        ];
        if ($this->native !== '' && $this->native !== $this->outcome) {
            $message['native'] = $this->native;
        }
        if ($this->problems !== []) {
            $message['problems'] = $this->problems;
        }
        if ($this->output !== '') {
            $message['sections'] = [['Output', Message::cut(Message::text($this->output))]];
        }

        return Message::encode($message);
    }

    private function raise(string $outcome, string $native): void
    {
        if (self::RANK[$outcome] > self::RANK[$this->outcome]) {
            $this->outcome = $outcome;
            if ($outcome !== 'skipped') {
                $this->native = '';
            }
        }
        $plain = $this->outcome === 'passed' || $this->outcome === 'skipped';
        if ($plain && self::NATIVE[$native] > self::NATIVE[$this->native]) {
            $this->native = $native;
        }
    }

    /** @return array<string, mixed> */
    private function problem(string $outcome, string $message, string $text, ?string $type): array
    {
        $problem = ['phase' => 'call', 'outcome' => $outcome];
        $message = \trim(Message::cut(Message::text($message), 4096));
        if ($message !== '') {
            $problem['message'] = $message;
        }
        $text = \rtrim(Message::cut(Message::text($text)));
        if ($text !== '') {
            $problem['text'] = $text;
        }
        if ($type !== null) {
            $problem['type'] = $type;
        }
        // PHPUnit's filtered trace: one FILE:LINE a line; the first is where it happened.
        if (\preg_match('/^((?:\/|[A-Za-z]:\\\\)[^\n]*):(\d+)$/m', $text, $found)) {
            $problem['location'] = ['file' => $found[1], 'line' => (int) $found[2]];
        }

        return $problem;
    }
}
