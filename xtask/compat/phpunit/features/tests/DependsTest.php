<?php
namespace Features;

use PHPUnit\Framework\TestCase;

final class DependsTest extends TestCase
{
    public function testEmpty(): array { $this->assertTrue(true); return []; }
    /** @depends testEmpty */
    #[\PHPUnit\Framework\Attributes\Depends('testEmpty')]
    public function testPush(array $stack): array { $stack[] = 'x'; $this->assertCount(1, $stack); return $stack; }
    /** @depends testPush
     * @depends testEmpty */
    #[\PHPUnit\Framework\Attributes\Depends('testPush')]
    #[\PHPUnit\Framework\Attributes\Depends('testEmpty')]
    public function testBoth(array $full, array $empty): void { $this->assertCount(1, $full); $this->assertCount(0, $empty); }
    public function testFails(): void { $this->fail('on purpose'); }
    /** @depends testFails */
    #[\PHPUnit\Framework\Attributes\Depends('testFails')]
    public function testNeedsFailed(): void { $this->assertTrue(true); }
    /** @depends testNeedsFailed */
    #[\PHPUnit\Framework\Attributes\Depends('testNeedsFailed')]
    public function testNeedsSkipped(): void { $this->assertTrue(true); }
    /** @depends testDoesNotExist */
    #[\PHPUnit\Framework\Attributes\Depends('testDoesNotExist')]
    public function testNeedsNothing(): void { $this->assertTrue(true); }
    /** @depends testEmpty
     * @dataProvider data */
    #[\PHPUnit\Framework\Attributes\Depends('testEmpty')]
    #[\PHPUnit\Framework\Attributes\DataProvider('data')]
    public function testDataAndValue(int $x, array $empty): void { $this->assertSame([], $empty); $this->assertSame(1, $x); }
    public static function data(): array { return [[1], [2]]; }
    public function testFree(): void { $this->assertTrue(true); }
    public function testObject(): \stdClass { $this->assertTrue(true); return new \stdClass(); }
    /** @depends testObject */
    #[\PHPUnit\Framework\Attributes\Depends('testObject')]
    public function testSameObject(\stdClass $object): void { $object->seen = true; $this->assertTrue(true); }
    /** @depends testObject */
    #[\PHPUnit\Framework\Attributes\Depends('testObject')]
    public function testSeenObject(\stdClass $object): void { $this->assertTrue($object->seen ?? false); }
    /** @depends clone testObject */
    #[\PHPUnit\Framework\Attributes\DependsUsingDeepClone('testObject')]
    public function testCloned(\stdClass $object): void { $this->assertInstanceOf(\stdClass::class, $object); }
}
