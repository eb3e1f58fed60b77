<?php
namespace Features;

use PHPUnit\Framework\Attributes\DoNotRunInParallel;
use PHPUnit\Framework\TestCase;

final class AttributeTest extends TestCase
{
    #[DoNotRunInParallel]
    public function testAlone(): void { $this->assertTrue(true); }
    public function testTogether(): void { $this->assertTrue(true); }
}
