<?php
namespace Features;

use PHPUnit\Framework\TestCase;

final class FixturesTest extends TestCase
{
    private static int $classes = 0;
    private static array $log = [];
    private int $value = 0;

    public static function setUpBeforeClass(): void { self::$classes++; }
    /** @beforeClass */
    #[\PHPUnit\Framework\Attributes\BeforeClass]
    public static function annotated(): void { self::$log[] = 'beforeClass'; }
    protected function setUp(): void { $this->value = 1; }
    protected function tearDown(): void { self::$log[] = $this->getName(); }
    public function testOnce(): void { $this->assertSame(1, self::$classes); $this->assertSame(1, $this->value++); }
    public function testStillOnce(): void { $this->assertSame(1, self::$classes); $this->assertSame(1, $this->value); }
    public function testOrder(): void { $this->assertSame(['beforeClass', 'testOnce', 'testStillOnce'], self::$log); }
    public function testStatic(): void { Counter::$count++; $this->assertGreaterThan(0, Counter::$count); }
}
