<?php
namespace Features;

use PHPUnit\Framework\TestCase;

final class BrokenFixturesTest extends TestCase
{
    public static function setUpBeforeClass(): void { throw new \RuntimeException('no class'); }
    public function testOne(): void { $this->assertTrue(true); }
    public function testTwo(): void { $this->assertTrue(true); }
}
