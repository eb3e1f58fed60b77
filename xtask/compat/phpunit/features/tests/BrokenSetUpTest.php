<?php
namespace Features;

use PHPUnit\Framework\TestCase;

final class BrokenSetUpTest extends TestCase
{
    protected function setUp(): void { if ($this->getName() === 'testErrors') { throw new \RuntimeException('in set-up'); } }
    protected function tearDown(): void { if ($this->getName() === 'testTearDown') { throw new \RuntimeException('in tear-down'); } }
    public function testErrors(): void { $this->assertTrue(true); }
    public function testTearDown(): void { $this->assertTrue(true); }
    public function testPasses(): void { $this->assertTrue(true); }
}
