<?php declare(strict_types=1);
namespace Paceline\Worker\Phpunit10;

use Paceline\Worker\ClassFixtures;
use Paceline\Worker\Feed;
use Paceline\Worker\Unit;
use PHPUnit\Framework\TestSuite;
use PHPUnit\Runner\CodeCoverage;
use PHPUnit\Runner\TestSuiteSorter;
use PHPUnit\TextUI\Configuration\Configuration as PhpunitConfiguration;
use PHPUnit\TextUI\Configuration\Registry;

/** A booted PHPUnit 10 or later. */
final class Driver implements \Paceline\Worker\Driver
{
    /** PHPUnit's words in the names of its settings, and ours. */
    private const WORDS = [
        'Risky' => 'risky', 'Warning' => 'warning', 'Incomplete' => 'incomplete', 'Skipped' => 'skipped',
        'Deprecation' => 'deprecation', 'Notice' => 'notice', 'PhpunitWarning' => 'phpunit-warning',
        'PhpunitDeprecation' => 'phpunit-deprecation', 'PhpunitNotice' => 'phpunit-notice',
    ];

    private PhpunitConfiguration $configuration;
    private ClassFixtures $fixtures;

    /** @param list<Unit> $units */
    public function __construct(private readonly array $units, private readonly Recorder $recorder)
    {
        require_once __DIR__ . '/../ClassFixtures.php';
        $this->configuration = Registry::get();
        $this->fixtures = new ClassFixtures();
        $recorder->assign($units);
        $recorder->fail = $this->policy()['fail'];
    }

    public function units(): array
    {
        return $this->units;
    }

    public function configFile(): ?string
    {
        return $this->configuration->hasConfigurationFile() ? $this->configuration->configurationFile() : null;
    }

    public function bootstrap(): ?string
    {
        if (!$this->configuration->hasBootstrap()) {
            return null;
        }
        $path = \realpath($this->configuration->bootstrap());

        return $path === false ? null : $path;
    }

    public function maxFail(): int
    {
        $least = 0;
        foreach (['Failure', 'Error', 'Defect'] as $word) {
            $limit = $this->isOn('stopOn' . $word) ? 1 : 0;
            if ($limit > 0 && \method_exists($this->configuration, 'stopOn' . $word . 'Threshold')) {
                $limit = (int) $this->configuration->{'stopOn' . $word . 'Threshold'}();
            }
            $least = $least === 0 || ($limit > 0 && $limit < $least) ? $limit : $least;
        }

        return $least;
    }

    public function policy(): array
    {
        $policy = ['stop' => [], 'fail' => []];
        $all = $this->isOn('failOnAllIssues');
        foreach (self::WORDS as $name => $word) {
            $defect = ($word === 'risky' || $word === 'warning') && $this->isOn('stopOnDefect');
            if ($defect || $this->isOn('stopOn' . $name)) {
                $policy['stop'][] = $word;
            }
            if (($all || $this->isOn('failOn' . $name)) && !$this->isOn('doNotFailOn' . $name)) {
                $policy['fail'][] = $word;
            }
        }
        if (!\method_exists($this->configuration, 'failOnPhpunitWarning')) {
            // Before there was a setting, PHPUnit always failed for its own warnings.
            $policy['fail'][] = 'phpunit-warning';
        }

        return $policy;
    }

    public function seed(): ?int
    {
        $random = $this->configuration->executionOrder() === TestSuiteSorter::ORDER_RANDOMIZED;

        return $random ? $this->configuration->randomOrderSeed() : null;
    }

    public function messages(): array
    {
        return $this->recorder->messages();
    }

    public function hasClassFixtures(string $class): bool
    {
        return $this->fixtures->has($class);
    }

    public function dependencies(object $test): array
    {
        $targets = [];
        foreach ($test->requires() as $dependency) {
            if ($dependency->getTarget() !== '') {
                $targets[] = $dependency->getTarget();
            }
        }

        return $targets;
    }

    public function start(): void
    {
    }

    public function run(Unit $unit, Feed $feed): void
    {
        $outer = $this->recorder->feed;
        $this->recorder->feed = $feed;
        $runTests = static function () use ($unit, $feed): void {
            while (($index = $feed->next()) !== null) {
                $feed->begin($index);
                Suites::fresh($unit->tests[$index])->run();
                $feed->finish();
            }
        };
        if ($unit->type !== 'class') {
            $runTests();
        } else {
            // A suite runs once.
            $suite = clone $unit->suite;
            Suites::replace($suite, [RunsInstead::make($unit->name, $runTests)]);
            $suite->run();
            $this->recorder->closeClass();
        }
        // Messages that come between units are still to be heard.
        $this->recorder->feed = $outer ?? $feed;
    }

    public function finish(): void
    {
    }

    public function hasCoverage(): bool
    {
        return CodeCoverage::instance()->isActive();
    }

    public function saveCoverage(string $file): void
    {
        $coverage = CodeCoverage::instance()->codeCoverage();
        \file_put_contents($file, \serialize([$coverage->getData(true), $coverage->getTests()]));
    }

    public function clearCoverage(): void
    {
        CodeCoverage::instance()->codeCoverage()->clear();
    }

    public function addCoverage(string $file): void
    {
        $saved = @\unserialize((string) \file_get_contents($file));
        if (\is_array($saved)) {
            $coverage = CodeCoverage::instance()->codeCoverage();
            $coverage->getData(true)->merge($saved[0]);
            $coverage->setTests(\array_merge($coverage->getTests(), $saved[1]));
        }
        @\unlink($file);
    }

    private function isOn(string $setting): bool
    {
        return \method_exists($this->configuration, $setting) && $this->configuration->$setting() === true;
    }
}
