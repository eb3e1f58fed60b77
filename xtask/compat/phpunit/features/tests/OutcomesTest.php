<?php
namespace Features;

use PHPUnit\Framework\TestCase;

final class OutcomesTest extends TestCase
{
    public function testPasses(): void { $this->assertTrue(true); }
    public function testFails(): void { $this->assertSame(1, 2); }
    public function testFailsWithDiff(): void { $this->assertEquals("a\nb\nc\n", "a\nB\nc\n"); }
    public function testFailsWithMessage(): void { $this->assertTrue(false, 'it is <false> & "so"'); }
    public function testFailsInHelper(): void { $this->helper(); }
    public function testErrors(): void { throw new \RuntimeException('boom'); }
    public function testErrorsWithPrevious(): void { throw new \LogicException('outer', 3, new \RuntimeException('inner')); }
    public function testTypeError(): void { (function (int $x): void {})('x'); }
    public function testSkipped(): void { $this->markTestSkipped('why not'); }
    public function testSkippedInTheMiddle(): void { $this->assertTrue(true); $this->markTestSkipped(); }
    public function testIncomplete(): void { $this->markTestIncomplete('later'); }
    public function testRisky(): void {}
    public function testWarns(): void { $this->addWarning('careful'); $this->assertTrue(true); }
    public function testPhpWarning(): void { echo $undefined; }
    public function testPhpNotice(): void { trigger_error('notice', E_USER_NOTICE); }
    public function testExpectsException(): void { $this->expectException(\DomainException::class); throw new \DomainException('x'); }
    public function testExpectsOtherException(): void { $this->expectException(\DomainException::class); throw new \OutOfRangeException('x'); }
    public function testExpectsExceptionThatDoesNotCome(): void { $this->expectException(\DomainException::class); }
    public function testExpectsOutput(): void { $this->expectOutputString("hello\n"); echo "hello\n"; }
    public function testExpectsOtherOutput(): void { $this->expectOutputString('a'); echo 'b'; }
    public function testPrints(): void { echo "printed <&>\n"; $this->assertTrue(true); }
    public function testLeavesBufferOpen(): void { ob_start(); $this->assertTrue(true); }
    public function testConfiguration(): void
    {
        $this->assertSame('from the configuration', getenv('FEATURES_ENV'));
        $this->assertSame('42', (string) FEATURES_CONST);
        $this->assertSame('14', ini_get('precision'));
    }
    public function testMocks(): void
    {
        $mock = $this->createMock(\Countable::class);
        $mock->expects($this->once())->method('count')->willReturn(3);
        $this->assertCount(3, $mock);
    }
    public function testMockThatIsNotCalled(): void
    {
        $this->createMock(\Countable::class)->expects($this->once())->method('count');
    }
    public function testUnicodeÄ(): void { $this->assertSame('ä', "\u{e4}"); }

    private function helper(): void { $this->assertContains(3, [1, 2]); }
}
