<?php
namespace Features;

use PHPUnit\Framework\TestCase;

/** @doNotRunInParallel */
final class AloneTest extends TestCase
{
    public function testOne(): void { $this->assertTrue(true); }
    public function testTwo(): void { $this->fail('alone'); }
}
