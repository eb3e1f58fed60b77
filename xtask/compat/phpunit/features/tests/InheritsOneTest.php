<?php
namespace Features;

require_once __DIR__ . '/AbstractBaseTest.php';

final class InheritsOneTest extends AbstractBaseTest
{
    protected function number(): int { return 1; }
}
