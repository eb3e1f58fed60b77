<?php
/** @doNotRunInParallel */
class AnnotatedTest extends PHPUnit\Framework\TestCase
{
    public function testAlone(): void
    {
        $this->assertTrue(true);
    }
}
