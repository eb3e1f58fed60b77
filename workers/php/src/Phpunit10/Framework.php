<?php declare(strict_types=1);
namespace Paceline\Worker\Phpunit10;

use Paceline\Worker\Options;
use PHPUnit\Event\Facade as EventFacade;
use PHPUnit\Event\TestRunner\ExecutionStarted;
use PHPUnit\Event\TestRunner\ExecutionStartedSubscriber;
use PHPUnit\TextUI\Application;
use PHPUnit\TextUI\CliArguments\Builder;
use PHPUnit\Util\ExcludeList;

/** Boots PHPUnit 10 and later through its own application; when it is about to run the suite, the suite is exchanged. */
final class Framework implements \Paceline\Worker\Framework
{
    /** The file of a coverage report that is for the terminal. */
    private ?string $coverageText = null;
    private ?Recorder $recorder = null;

    public function __construct(private readonly string $version)
    {
    }

    public function arguments(Options $options, ?int $number): array
    {
        $args = $options->args;
        $configuration = Configuration::of($args);
        $known = (array) (new \ReflectionClass(Builder::class))->getConstant('LONG_OPTIONS');
        $added = ['--no-output', '--no-logging'];
        // The results of earlier runs are needed only for an order that asks for them.
        if (!$configuration->ordersByHistory()) {
            $new = '--do-not-record-test-run-history';
            $added[] = \in_array(\substr($new, 2), $known, true) ? $new : '--do-not-cache-result';
        }
        foreach ($added as $option) {
            if (\in_array(\substr($option, 2), $known, true)) {
                $args[] = $option;
            }
        }
        if ($number !== null && isset($options->workerInput['seed'])) {
            $args[] = '--random-order-seed=' . $options->workerInput['seed'];
        }
        // Without output PHPUnit would not print this report either.
        if ($number === null && $configuration->printsCoverage()) {
            $this->coverageText = (string) \tempnam(\sys_get_temp_dir(), 'paceline-coverage-');
            $args = \array_values(\array_filter($args, static fn (string $arg): bool => $arg !== '--coverage-text'));
            $args[] = '--coverage-text=' . $this->coverageText;
        }

        return $args;
    }

    public function run(array $args, callable $serve): int
    {
        // So that our frames stay out of stack traces, of data providers too, which run while tests are
        // loaded, and our files out of separate processes.
        ExcludeList::addDirectory(\dirname(__DIR__));
        $this->recorder = $recorder = new Recorder();
        $facade = EventFacade::instance();
        $facade->registerTracer($recorder);
        $facade->registerSubscriber(new AboutToRun($recorder, $serve));
        $status = (new Application())->run($args);

        return $status;
    }

    public function exitStatus(): int
    {
        return $this->recorder?->failsTheRun() === true ? 1 : 0;
    }

    public function summary(): string
    {
        if ($this->coverageText === null) {
            return '';
        }
        $text = (string) @\file_get_contents($this->coverageText);
        @\unlink($this->coverageText);

        return $text;
    }
}

/** What has to be known of the XML configuration before PHPUnit reads it. */
final class Configuration
{
    private function __construct(private readonly string $args, private readonly string $xml)
    {
    }

    /** @param list<string> $args */
    public static function of(array $args): self
    {
        $file = null;
        foreach ($args as $at => $arg) {
            if (\preg_match('/^(?:--configuration=|-c(?=.))(.+)$/s', $arg, $found)) {
                $file = $found[1];
            } elseif ($arg === '-c' || $arg === '--configuration') {
                $file = $args[$at + 1] ?? null;
            }
        }
        $directory = '.';
        if ($file !== null && \is_dir($file)) {
            [$directory, $file] = [$file, null];
        }
        if ($file === null && !\in_array('--no-configuration', $args, true)) {
            foreach (['phpunit.xml', 'phpunit.dist.xml', 'phpunit.xml.dist'] as $name) {
                if (\is_file($directory . '/' . $name)) {
                    $file = $directory . '/' . $name;
                    break;
                }
            }
        }
        $xml = $file === null ? '' : (string) @\file_get_contents($file);

        return new self("\n" . \implode("\n", $args) . "\n", \preg_replace('/<!--.*?-->/s', '', $xml) ?? '');
    }

    public function ordersByHistory(): bool
    {
        return \preg_match('/\n--order-by[=\n]\S*(?:defects|duration)/', $this->args) === 1
            || \preg_match('/\bexecutionOrder\s*=\s*["\'][^"\']*(?:defects|duration)/', $this->xml) === 1;
    }

    /** Whether a coverage report is to be printed. */
    public function printsCoverage(): bool
    {
        if (\str_contains($this->args, "\n--no-coverage\n")) {
            return false;
        }

        return \str_contains($this->args, "\n--coverage-text\n")
            || (!\str_contains($this->args, "\n--coverage-text=")
                && \preg_match('/<text\b[^>]*outputFile\s*=\s*["\']php:\/\/stdout/', $this->xml) === 1);
    }
}

/** The moment when the suite is complete, ordered and filtered. */
final class AboutToRun implements ExecutionStartedSubscriber
{
    /** @var callable */
    private $serve;

    public function __construct(private readonly Recorder $recorder, callable $serve)
    {
        $this->serve = $serve;
    }

    public function notify(ExecutionStarted $event): void
    {
        foreach (\debug_backtrace() as $frame) {
            if (($frame['class'] ?? '') === \PHPUnit\TextUI\TestRunner::class && $frame['function'] === 'run') {
                $suite = $frame['args'][2] ?? null;
                if ($suite instanceof \PHPUnit\Framework\TestSuite) {
                    $driver = new Driver(Suites::units(Suites::detach($suite)), $this->recorder);
                    // The subscribers of extensions come first; then PHPUnit runs the suite.
                    Suites::replace($suite, [RunsInstead::make($suite->name(), fn () => ($this->serve)($driver))]);

                    return;
                }
            }
        }
        throw new \RuntimeException('this PHPUnit runs its suite in another way than those that are known');
    }
}
