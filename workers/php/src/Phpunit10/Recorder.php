<?php declare(strict_types=1);
namespace Paceline\Worker\Phpunit10;

use Paceline\Worker\Feed;
use Paceline\Worker\Message;
use Paceline\Worker\Unit;
use PHPUnit\Event\Code\Throwable;
use PHPUnit\Event\Event;
use PHPUnit\Event\Test;
use PHPUnit\Event\TestRunner;
use PHPUnit\Event\TestSuite\Skipped as SuiteSkipped;
use PHPUnit\Event\Tracer\Tracer;

/** Fills the outcome of the running test with PHPUnit's events. */
final class Recorder implements Tracer
{
    private const ISSUES = [
        Test\DeprecationTriggered::class => 'deprecation',
        Test\PhpDeprecationTriggered::class => 'deprecation',
        Test\NoticeTriggered::class => 'notice',
        Test\PhpNoticeTriggered::class => 'notice',
        Test\WarningTriggered::class => 'warning',
        Test\PhpWarningTriggered::class => 'warning',
        Test\ErrorTriggered::class => 'warning',
        Test\PhpunitDeprecationTriggered::class => 'phpunit-deprecation',
        'PHPUnit\Event\Test\PhpunitNoticeTriggered' => 'phpunit-notice',
        Test\PhpunitWarningTriggered::class => 'phpunit-warning',
        Test\ConsideredRisky::class => 'risky',
    ];
    private const OF_RUNNER = [
        TestRunner\WarningTriggered::class => 'PHPUnit warning',
        TestRunner\DeprecationTriggered::class => 'PHPUnit deprecation',
        'PHPUnit\Event\TestRunner\NoticeTriggered' => 'PHPUnit notice',
    ];

    public ?Feed $feed = null;
    /** @var list<string> what the run is to fail for, in the words of `ISSUES` */
    public array $fail = [];
    /** @var list<array<string, mixed>> messages from before the first test */
    private array $messages = [];
    /** @var array<string, list<array<string, mixed>>> what is wrong with the tests of a class, by class */
    private array $errors = [];
    /** Why the tests of the running class do not run: outcome, message, text, type. */
    private ?array $classProblem = null;

    public function trace(Event $event): void
    {
        $kind = $event::class;
        $outcome = $this->feed?->outcome();
        switch ($kind) {
            case Test\Finished::class:
                if ($outcome !== null) {
                    $outcome->assertions += $event->numberOfAssertionsPerformed();
                }
                break;
            case Test\Failed::class:
                $this->fail('failed', $event->throwable());
                break;
            case Test\Errored::class:
                $this->fail('errored', $event->throwable());
                break;
            case Test\MarkedIncomplete::class:
                $throwable = $event->throwable();
                $outcome?->skip('incomplete', $throwable->message(), self::text($throwable), $throwable->className());
                break;
            case Test\Skipped::class:
                $outcome?->skip('skipped', $event->message());
                break;
            case Test\PrintedUnexpectedOutput::class:
                if ($outcome !== null) {
                    $outcome->output .= $event->output();
                }
                break;
            case Test\PhpunitErrorTriggered::class:
                if ($outcome !== null) {
                    $outcome->fail('errored', $event->message(), $event->message());
                } else {
                    $this->collectError($event->test(), $event->message());
                }
                break;
            case Test\BeforeFirstTestMethodErrored::class:
            case 'PHPUnit\Event\Test\BeforeFirstTestMethodFailed':
                $throwable = $event->throwable();
                $failed = $kind !== Test\BeforeFirstTestMethodErrored::class;
                $this->classProblem ??= [$failed ? 'failed' : 'errored', $throwable->description(), self::text($throwable), $throwable->className()];
                break;
            case SuiteSkipped::class:
                $this->classProblem ??= ['skipped', $event->message(), '', null];
                break;
            case Test\AfterLastTestMethodErrored::class:
            case 'PHPUnit\Event\Test\AfterLastTestMethodFailed':
                $method = $event->calledMethod();
                $this->feed?->error($method->className() . '::' . $method->methodName() . "\n" . self::text($event->throwable()));
                break;
            default:
                if (isset(self::ISSUES[$kind])) {
                    $this->issue(self::ISSUES[$kind], $event);
                } elseif (isset(self::OF_RUNNER[$kind])) {
                    $this->ofRunner(self::OF_RUNNER[$kind], $event->message());
                }
        }
    }

    /** @return list<array<string, mixed>> */
    public function messages(): array
    {
        return $this->messages;
    }

    /** Whether PHPUnit fails the run for an issue that is of no test. */
    public function failsTheRun(): bool
    {
        foreach ($this->messages as $message) {
            if ($message['kind'] === 'warning' && \in_array(\str_replace('PHPUnit ', 'phpunit-', $message['category']), $this->fail, true)) {
                return true;
            }
        }

        return false;
    }

    /**
     * Gives what went wrong while the suite was built to the units of the classes.
     *
     * @param list<Unit> $units
     */
    public function assign(array $units): void
    {
        foreach ($units as $unit) {
            if (isset($this->errors[$unit->name])) {
                $unit->errors = $this->errors[$unit->name];
                unset($this->errors[$unit->name]);
            }
        }
        foreach ($this->errors as $errors) {
            foreach ($errors as $error) {
                $this->messages[] = ['kind' => 'collect_error', 'unit' => null] + $error;
            }
        }
        $this->errors = [];
    }

    /** After the suite of a class: gives the tests that did not run the reason for it. */
    public function closeClass(): void
    {
        $problem = $this->classProblem;
        $this->classProblem = null;
        if ($problem === null || $this->feed === null) {
            return;
        }
        [$outcome, $message, $text, $type] = $problem;
        $first = true;
        foreach ($this->feed->pending() as $index) {
            $this->feed->take($index);
            $this->feed->begin($index);
            $result = $this->feed->outcome();
            if ($outcome !== 'skipped' && $first) {
                $result?->fail($outcome, $message, $text, $type);
            } else {
                $result?->skip('skipped', $outcome === 'skipped' ? $message : 'Test skipped because of an error in hook method');
            }
            $first = false;
            $this->feed->finish();
        }
    }

    private function fail(string $outcome, Throwable $throwable): void
    {
        // A description has the whole difference, which is in the text.
        $message = $outcome === 'failed' ? $throwable->message() : \trim($throwable->description());
        $this->feed?->outcome()?->fail($outcome, $message, self::text($throwable), $throwable->className());
    }

    private function issue(string $category, Event $event): void
    {
        foreach (['wasSuppressed', 'ignoredByBaseline', 'ignoredByTest', 'ignoredByFilter'] as $reason) {
            if (\method_exists($event, $reason) && $event->$reason()) {
                return;
            }
        }
        $file = \method_exists($event, 'file') ? $event->file() : null;
        $line = \method_exists($event, 'line') ? $event->line() : null;
        $outcome = $this->feed?->outcome();
        if ($outcome !== null) {
            $outcome->issue($category, \trim($event->message()), $file, $line);
        } else {
            $this->ofRunner($category, $event->message());
        }
    }

    private function ofRunner(string $category, string $text): void
    {
        $text = Message::cut(Message::text(\trim($text)));
        $message = ['category' => $category, 'message' => $text, 'text' => $text];
        if ($this->feed === null) {
            $this->messages[] = ['kind' => 'warning', 'when' => 'collect'] + $message;
        } else {
            $this->feed->warning(['when' => 'runtest'] + $message);
        }
    }

    private function collectError(object $test, string $message): void
    {
        $text = Message::cut(Message::text(\trim($message)));
        $error = ['text' => $text, 'message' => \strtok($text, "\n") ?: $text];
        if ($test->isTestMethod()) {
            $error += ['id' => $test->className() . '::' . $test->methodName(), 'location' => ['file' => $test->file(), 'line' => $test->line()]];
            $this->errors[$test->className()][] = $error;
        } else {
            $this->messages[] = ['kind' => 'collect_error', 'unit' => null] + $error;
        }
    }

    private static function text(Throwable $throwable): string
    {
        $text = \trim(\trim($throwable->description()) . "\n\n" . $throwable->stackTrace());
        if ($throwable->hasPrevious()) {
            $text .= "\n\nCaused by\n" . self::text($throwable->previous());
        }

        return $text;
    }
}
