<?php
namespace Features;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Depends;
use PHPUnit\Framework\Attributes\RunInSeparateProcess;
use PHPUnit\Framework\TestCase;

/** Data sets, dependencies, a separate process. */
class DataTest extends TestCase
{
    public static function sets(): array
    {
        return [
            'a name' => [1],
            "quotes ' \" and ünïcode" => [2],
            [3],
            'a closure' => [static fn () => 4],
        ];
    }

    /** @dataProvider sets */
    #[DataProvider('sets')]
    public function testWithData($value): void
    {
        $this->assertNotNull($value);
    }

    public function testProduces(): array
    {
        $this->assertTrue(true);

        return ['value'];
    }

    /** @depends testProduces */
    #[Depends('testProduces')]
    public function testConsumes(array $given): array
    {
        $this->assertSame(['value'], $given);

        return $given;
    }

    /** @depends testConsumes */
    #[Depends('testConsumes')]
    public function testFailsForOthers(array $given): void
    {
        $this->assertSame([], $given);
    }

    /** @depends testFailsForOthers */
    #[Depends('testFailsForOthers')]
    public function testIsSkippedForIt(): void
    {
        $this->assertTrue(true);
    }

    /** @runInSeparateProcess */
    #[RunInSeparateProcess]
    public function testIsAlone(): void
    {
        $this->assertNotSame(\FROM_BOOTSTRAP, \getmypid() - 1000000);
        \define('ONLY_HERE', 1);
        $this->assertTrue(\defined('ONLY_HERE'));
    }

    public function testIsNotTouchedByIt(): void
    {
        $this->assertFalse(\defined('ONLY_HERE'));
    }
}
