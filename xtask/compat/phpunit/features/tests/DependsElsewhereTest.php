<?php
namespace Features;

use PHPUnit\Framework\TestCase;

final class DependsElsewhereTest extends TestCase
{
    /** @depends Features\DependsTest::testPush */
    #[\PHPUnit\Framework\Attributes\DependsExternal(\Features\DependsTest::class, 'testPush')]
    public function testOther(array $stack): void { $this->assertSame(['x'], $stack); }
    /** @depends Features\DependsTest::testFails */
    #[\PHPUnit\Framework\Attributes\DependsExternal(\Features\DependsTest::class, 'testFails')]
    public function testOtherFailed(): void { $this->assertTrue(true); }
    public function testFree(): void { $this->assertTrue(true); }
}
