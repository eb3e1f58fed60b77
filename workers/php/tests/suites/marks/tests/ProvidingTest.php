<?php
use PHPUnit\Framework\TestCase;

class ProvidingTest extends TestCase
{
    public static function tearDownAfterClass(): void
    {
    }

    public function testOther(): void
    {
        $this->assertTrue(true);
    }

    public function testProvides(): void
    {
        $this->assertTrue(true);
    }
}
