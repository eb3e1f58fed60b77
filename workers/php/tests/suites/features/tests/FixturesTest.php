<?php
namespace Features;

use PHPUnit\Framework\TestCase;

/** Fixtures of a class run once, around all of its tests. */
class FixturesTest extends TestCase
{
    private static int $times = 0;

    public static function setUpBeforeClass(): void
    {
        self::$times++;
    }

    public function testOne(): void
    {
        $this->assertSame(1, self::$times);
    }

    public function testTwo(): void
    {
        $this->assertSame(1, self::$times);
    }
}
