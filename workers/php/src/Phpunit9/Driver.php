<?php declare(strict_types=1);
namespace Paceline\Worker\Phpunit9;

use Paceline\Worker\ClassFixtures;
use Paceline\Worker\Feed;
use Paceline\Worker\Message;
use Paceline\Worker\Unit;
use PHPUnit\Framework\TestResult;
use PHPUnit\Runner\AfterLastTestHook;
use PHPUnit\Runner\ResultCacheExtension;
use PHPUnit\Runner\TestSuiteSorter;
use PHPUnit\TextUI\TestRunner;

/** A booted PHPUnit 9. */
final class Driver implements \Paceline\Worker\Driver
{
    private Listener $listener;
    private ClassFixtures $fixtures;
    /** @var list<array<string, mixed>> */
    private array $messages = [];

    /**
     * @param list<Unit>           $units
     * @param array<string, mixed> $arguments PHPUnit's, completed
     */
    public function __construct(
        private readonly array $units,
        private readonly TestResult $result,
        private readonly ?TestRunner $runner,
        private readonly array $arguments,
        Printer $printer,
    ) {
        require_once __DIR__ . '/../ClassFixtures.php';
        $this->fixtures = new ClassFixtures();
        $this->listener = new Listener();
        foreach (\explode("\n", $printer->take()) as $line) {
            if (\preg_match('/^\s*Warning(?: -|:)\s+(.*)/', $line, $found)) {
                $text = Message::text($found[1]);
                $this->messages[] = ['kind' => 'warning', 'when' => 'config', 'category' => 'PHPUnit', 'message' => $text, 'text' => $text];
            }
        }
        // Stopping is the engine's business.
        foreach (['Error', 'Failure', 'Warning', 'Incomplete', 'Risky', 'Skipped', 'Defect'] as $word) {
            $result->{'stopOn' . $word}(false);
        }
    }

    public function units(): array
    {
        return $this->units;
    }

    public function configFile(): ?string
    {
        return $this->path('configuration');
    }

    public function bootstrap(): ?string
    {
        return $this->path('bootstrap');
    }

    public function maxFail(): int
    {
        return $this->isOn('stopOnFailure') || $this->isOn('stopOnError') || $this->isOn('stopOnDefect') ? 1 : 0;
    }

    public function policy(): array
    {
        $policy = ['stop' => [], 'fail' => []];
        foreach (['Risky', 'Warning', 'Incomplete', 'Skipped'] as $word) {
            $defect = ($word === 'Risky' || $word === 'Warning') && $this->isOn('stopOnDefect');
            if ($defect || $this->isOn('stopOn' . $word)) {
                $policy['stop'][] = \strtolower($word);
            }
            if ($this->isOn('failOn' . $word)) {
                $policy['fail'][] = \strtolower($word);
            }
        }

        return $policy;
    }

    public function seed(): ?int
    {
        $random = ($this->arguments['executionOrder'] ?? null) === TestSuiteSorter::ORDER_RANDOMIZED;

        return $random ? (int) $this->arguments['randomOrderSeed'] : null;
    }

    public function messages(): array
    {
        return $this->messages;
    }

    public function hasClassFixtures(string $class): bool
    {
        return $this->fixtures->has($class);
    }

    public function dependencies(object $test): array
    {
        $targets = [];
        foreach ($test->requires() as $dependency) {
            $target = $dependency->getTarget();
            if ($target !== '') {
                $targets[] = $target;
            }
        }

        return $targets;
    }

    public function start(): void
    {
        $this->result->addListener($this->listener);
    }

    public function run(Unit $unit, Feed $feed): void
    {
        $outer = [$this->listener->feed, $this->listener->suite];
        $this->listener->feed = $feed;
        if ($unit->type === 'phpt') {
            $index = $feed->next();
            if ($index !== null) {
                $feed->begin($index);
                (clone $unit->tests[$index])->run($this->result);
                $feed->finish();
            }
        } else {
            $this->listener->suite = new UnitSuite($unit, $feed);
            $this->listener->suite->run($this->result);
        }
        [$this->listener->feed, $this->listener->suite] = $outer;
    }

    public function finish(): void
    {
        $extensions = $this->runner === null ? [] : \Closure::bind(fn () => $this->extensions, $this->runner, TestRunner::class)();
        foreach ($extensions as $extension) {
            // The cache of results would hold this worker's alone.
            if ($extension instanceof AfterLastTestHook && !$extension instanceof ResultCacheExtension) {
                $extension->executeAfterLastTest();
            }
        }
    }

    public function hasCoverage(): bool
    {
        return $this->result->getCollectCodeCoverageInformation();
    }

    public function saveCoverage(string $file): void
    {
        $coverage = $this->result->getCodeCoverage();
        if ($coverage !== null) {
            \file_put_contents($file, \serialize([$coverage->getData(true), $coverage->getTests()]));
        }
    }

    public function clearCoverage(): void
    {
        $this->result->getCodeCoverage()?->clear();
    }

    public function addCoverage(string $file): void
    {
        $coverage = $this->result->getCodeCoverage();
        $saved = @\unserialize((string) \file_get_contents($file));
        if ($coverage !== null && \is_array($saved)) {
            $coverage->getData(true)->merge($saved[0]);
            $coverage->setTests(\array_merge($coverage->getTests(), $saved[1]));
        }
        @\unlink($file);
    }

    private function isOn(string $argument): bool
    {
        return ($this->arguments[$argument] ?? false) === true;
    }

    private function path(string $argument): ?string
    {
        $path = \realpath((string) ($this->arguments[$argument] ?? ''));

        return isset($this->arguments[$argument]) && $path !== false ? $path : null;
    }
}
