<?php declare(strict_types=1);
namespace Paceline\Worker\Phpunit9;

use Paceline\Worker\Options;
use PHPUnit\Framework\Test;
use PHPUnit\Framework\TestListener;
use PHPUnit\Framework\TestListenerDefaultImplementation;
use PHPUnit\Framework\TestResult;
use PHPUnit\Framework\TestSuite;
use PHPUnit\TextUI\Command;
use PHPUnit\TextUI\ResultPrinter;
use PHPUnit\Util\ExcludeList;

/** Boots PHPUnit 9 through its own command, with a suite that hands the process over when it is run. */
final class Framework implements \Paceline\Worker\Framework
{
    private Printer $printer;

    public function __construct(private readonly string $version)
    {
        $this->printer = new Printer();
    }

    public function arguments(Options $options, ?int $number): array
    {
        $args = $options->args;
        if ($number !== null && isset($options->workerInput['seed'])) {
            $args[] = '--random-order-seed=' . $options->workerInput['seed'];
        }

        return $args;
    }

    public function run(array $args, callable $serve): int
    {
        // So that our frames stay out of stack traces, of data providers too, which run while tests are
        // loaded, and our files out of separate processes.
        if (\method_exists(ExcludeList::class, 'addDirectory')) {
            ExcludeList::addDirectory(\dirname(__DIR__));
        }

        return (new Booted($this->printer, $serve))->run($args, false);
    }

    public function exitStatus(): int
    {
        return 0;
    }

    public function summary(): string
    {
        return $this->printer->text();
    }
}

/** PHPUnit's command: its arguments and configuration are all obeyed, but for its own reports of results. */
final class Booted extends Command
{
    private const REPORTS = ['junitLogfile', 'teamcityLogfile', 'testdoxHTMLFile', 'testdoxTextFile', 'testdoxXMLFile'];

    /** @var callable */
    private $serve;

    public function __construct(private readonly Printer $printer, callable $serve)
    {
        $this->serve = $serve;
    }

    protected function handleArguments(array $argv): void
    {
        parent::handleArguments($argv);
        $suite = $this->arguments['test'];
        if (!$suite instanceof TestSuite) {
            $suite = $this->createRunner()->getTest($suite, $this->arguments['testSuffixes']);
        }
        foreach (self::REPORTS as $report) {
            unset($this->arguments[$report]);
        }
        $this->arguments['noLogging'] = true;
        $this->arguments['printer'] = $this->printer;
        // The results of earlier runs are needed only for an order that asks for them.
        if (!$this->ordersByHistory()) {
            $this->arguments['cacheResult'] = false;
        }
        $this->arguments['test'] = new WholeSuite($suite, $this->printer, $this->serve);
    }

    private function ordersByHistory(): bool
    {
        if (isset($this->arguments['executionOrder']) || isset($this->arguments['executionOrderDefects'])) {
            return true;
        }
        if (!isset($this->arguments['configurationObject'])) {
            return false;
        }
        $configured = $this->arguments['configurationObject']->phpunit();

        return $configured->defectsFirst() || $configured->executionOrder() !== \PHPUnit\Runner\TestSuiteSorter::ORDER_DEFAULT;
    }
}

/** Keeps what PHPUnit would print. */
final class Printer implements ResultPrinter
{
    use TestListenerDefaultImplementation;

    private string $text = '';

    public function printResult(TestResult $result): void
    {
    }

    public function write(string $buffer): void
    {
        $this->text .= $buffer;
    }

    public function text(): string
    {
        return $this->text;
    }

    /** What was printed so far; it is forgotten. */
    public function take(): string
    {
        $text = $this->text;
        $this->text = '';

        return $text;
    }
}
