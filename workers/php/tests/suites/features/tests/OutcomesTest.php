<?php
namespace Features;

use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;

/** What can come out of a test. */
class OutcomesTest extends TestCase
{
    public function testPasses(): void
    {
        $this->assertTrue(\defined('FROM_BOOTSTRAP'));
        $this->assertSame('yes', \getenv('FROM_CONFIGURATION'));
        $this->assertSame('5', \ini_get('precision'));
    }

    /** @group broken */
    #[Group('broken')]
    public function testFails(): void
    {
        $this->assertSame(['one' => 1, 'two' => 2], ['one' => 1, 'two' => 3]);
    }

    /** @group broken */
    #[Group('broken')]
    public function testErrs(): void
    {
        throw new \RuntimeException('outer', 1, new \LogicException('inner'));
    }

    public function testIsSkipped(): void
    {
        $this->markTestSkipped('not today');
    }

    public function testIsIncomplete(): void
    {
        $this->markTestIncomplete('not yet');
    }

    public function testIsRisky(): void
    {
    }

    public function testPrints(): void
    {
        echo 'some output';
        $this->assertTrue(true);
    }

    public function testExpectsOutput(): void
    {
        $this->expectOutputString('expected');
        echo 'expected';
    }

    public function testExpectsAnException(): void
    {
        $this->expectException(\DomainException::class);
        throw new \DomainException('expected');
    }
}
