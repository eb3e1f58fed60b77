<?php
use PHPUnit\Framework\Attributes\AfterClass;
use PHPUnit\Framework\Attributes\DoNotRunInParallel;

class AttributesTest extends PHPUnit\Framework\TestCase
{
    public function testFree(): void
    {
        $this->assertTrue(true);
    }

    #[DoNotRunInParallel]
    public function testAlone(): void
    {
        $this->assertTrue(true);
    }
}
