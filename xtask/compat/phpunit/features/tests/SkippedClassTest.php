<?php
namespace Features;

use PHPUnit\Framework\TestCase;

final class SkippedClassTest extends TestCase
{
    public static function setUpBeforeClass(): void { self::markTestSkipped('not today'); }
    public function testOne(): void { $this->assertTrue(true); }
    public function testTwo(): void { $this->assertTrue(true); }
}
