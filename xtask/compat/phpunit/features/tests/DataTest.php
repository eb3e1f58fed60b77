<?php
namespace Features;

use PHPUnit\Framework\TestCase;

final class DataTest extends TestCase
{
    /** @dataProvider names */
    #[\PHPUnit\Framework\Attributes\DataProvider('names')]
    public function testNames(int $a, int $b): void { $this->assertSame($a, $b); }
    public static function names(): array
    {
        return [
            'plain' => [1, 1], 'with "quotes"' => [1, 1], 'a::b' => [1, 2], 'ü' => [1, 1], '' => [1, 1],
            "line\nbreak" => [1, 1], '#1' => [1, 1], '<x> & y' => [2, 1], "it's (not) [a] {regex}? *.+|^$" => [1, 1],
        ];
    }

    /** @dataProvider numbers */
    #[\PHPUnit\Framework\Attributes\DataProvider('numbers')]
    public function testNumbers(int $x): void { $this->assertLessThan(3, $x); }
    public static function numbers(): \Generator { foreach (range(0, 4) as $i) { yield [$i]; } }

    /** @dataProvider closures */
    #[\PHPUnit\Framework\Attributes\DataProvider('closures')]
    public function testClosures(\Closure $closure, object $object): void { $this->assertSame(7, $closure()); $this->assertIsObject($object); }
    public static function closures(): iterable { yield 'closure' => [static fn () => 7, new class {}]; }

    /**
     * @testWith [1, 1]
     *           [1, 2]
     */
    #[\PHPUnit\Framework\Attributes\TestWith([1, 1])]
    #[\PHPUnit\Framework\Attributes\TestWith([1, 2])]
    public function testWith(int $a, int $b): void { $this->assertSame($a, $b); }

    /** @dataProvider first
     * @dataProvider second */
    #[\PHPUnit\Framework\Attributes\DataProvider('first')]
    #[\PHPUnit\Framework\Attributes\DataProvider('second')]
    public function testTwoProviders(int $x): void { $this->assertGreaterThan(0, $x); }
    public static function first(): array { return ['one' => [1]]; }
    public static function second(): array { return ['two' => [2], 'three' => [0]]; }

    /** @dataProvider missing */
    #[\PHPUnit\Framework\Attributes\DataProvider('missing')]
    public function testMissingProvider(int $x): void { $this->assertTrue(true); }

    /** @dataProvider throwing */
    #[\PHPUnit\Framework\Attributes\DataProvider('throwing')]
    public function testThrowingProvider(int $x): void { $this->assertTrue(true); }
    public static function throwing(): array { throw new \RuntimeException('no data'); }

    /** @dataProvider skipping */
    #[\PHPUnit\Framework\Attributes\DataProvider('skipping')]
    public function testSkippingProvider(int $x): void { $this->assertTrue(true); }
    public static function skipping(): array { self::markTestSkipped('no data today'); }

    /** @dataProvider none */
    #[\PHPUnit\Framework\Attributes\DataProvider('none')]
    public function testEmptyProvider(int $x): void { $this->assertTrue(true); }
    public static function none(): array { return []; }
}
