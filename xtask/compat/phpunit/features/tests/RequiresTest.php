<?php
namespace Features;

use PHPUnit\Framework\TestCase;

final class RequiresTest extends TestCase
{
    /** @requires PHP >= 99 */
    #[\PHPUnit\Framework\Attributes\RequiresPhp('>= 99')]
    public function testVersion(): void { $this->assertTrue(true); }
    /** @requires extension nothing_of_this_name */
    #[\PHPUnit\Framework\Attributes\RequiresPhpExtension('nothing_of_this_name')]
    public function testExtension(): void { $this->assertTrue(true); }
    /** @requires function nothing_of_this_name */
    #[\PHPUnit\Framework\Attributes\RequiresFunction('nothing_of_this_name')]
    public function testFunction(): void { $this->assertTrue(true); }
    /** @requires PHP >= 5 */
    #[\PHPUnit\Framework\Attributes\RequiresPhp('>= 5')]
    public function testMet(): void { $this->assertTrue(true); }
}
