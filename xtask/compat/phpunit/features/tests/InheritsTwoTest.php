<?php
namespace Features;

require_once __DIR__ . '/AbstractBaseTest.php';

final class InheritsTwoTest extends AbstractBaseTest
{
    protected function number(): int { return 2; }
    public function testOwn(): void { $this->assertSame(2, $this->number()); }
}
