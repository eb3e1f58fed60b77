<?php
namespace Features;

use PHPUnit\Framework\TestCase;

abstract class AbstractBaseTest extends TestCase
{
    abstract protected function number(): int;
    public function testInherited(): void { $this->assertSame(1, $this->number()); }
}
