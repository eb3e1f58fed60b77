<?php
use PHPUnit\Framework\Attributes\Depends;
use PHPUnit\Framework\Attributes\DependsExternal;
use PHPUnit\Framework\TestCase;

class DependingTest extends TestCase
{
    public function testFree(): void
    {
        $this->assertTrue(true);
    }

    public function testFirst(): int
    {
        $this->assertTrue(true);

        return 1;
    }

    /** @depends testFirst */
    #[Depends('testFirst')]
    public function testSecond(int $one): void
    {
        $this->assertSame(1, $one);
    }

    /** @depends ProvidingTest::testProvides */
    #[DependsExternal(ProvidingTest::class, 'testProvides')]
    public function testOfOther(): void
    {
        $this->assertTrue(true);
    }
}
