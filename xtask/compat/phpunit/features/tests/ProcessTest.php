<?php
namespace Features;

use PHPUnit\Framework\TestCase;

final class ProcessTest extends TestCase
{
    /** @runInSeparateProcess */
    #[\PHPUnit\Framework\Attributes\RunInSeparateProcess]
    public function testSeparate(): void { Counter::$count = 99; define('ONLY_THERE', 1); $this->assertSame(99, Counter::$count); }
    public function testNotThere(): void { $this->assertFalse(defined('ONLY_THERE')); }
    /** @runInSeparateProcess */
    #[\PHPUnit\Framework\Attributes\RunInSeparateProcess]
    public function testSeparateFails(): void { $this->assertSame(1, 2); }
    /** @runInSeparateProcess
     * @dataProvider data */
    #[\PHPUnit\Framework\Attributes\RunInSeparateProcess]
    #[\PHPUnit\Framework\Attributes\DataProvider('data')]
    public function testSeparateData(int $x): void { $this->assertSame(1, $x); }
    public static function data(): array { return ['good' => [1], 'bad' => [2]]; }
}
