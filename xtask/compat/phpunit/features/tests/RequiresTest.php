<?php
namespace Features;

use PHPUnit\Framework\TestCase;

final class RequiresTest extends TestCase
{
    /** @requires PHP >= 99 */
    public function testVersion(): void { $this->assertTrue(true); }
    /** @requires extension nothing_of_this_name */
    public function testExtension(): void { $this->assertTrue(true); }
    /** @requires function nothing_of_this_name */
    public function testFunction(): void { $this->assertTrue(true); }
    /** @requires PHP >= 5 */
    public function testMet(): void { $this->assertTrue(true); }
}
