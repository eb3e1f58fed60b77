<?php declare(strict_types=1);

namespace Lexi;

use PHPUnit\Framework\TestCase;

final class CloudTest extends TestCase
{
    private static Cloud $cloud;

    public static function setUpBeforeClass(): void
    {
        self::$cloud = new Cloud(['the' => 100, 'sea' => 10, 'a<b' => 1]);
    }

    /** @dataProvider sizes */
    public function testSizesGrowWithTheLogarithm(int $count, float $size): void
    {
        $this->assertSame($size, self::$cloud->size($count));
    }

    public static function sizes(): array
    {
        return ['least' => [1, 1.0], 'middle' => [10, 2.0], 'most' => [100, 3.0]];
    }

    public function testWordsComeInAlphabeticalOrder(): void
    {
        preg_match_all('/>([^<>]+)<\/span>/', self::$cloud->html(), $found);
        $this->assertSame(['a&lt;b', 'sea', 'the'], $found[1]);
    }

    public function testAllWordsAreOfOneSizeWhereTheyAreAsFrequent(): void
    {
        $cloud = new Cloud(['a' => 2, 'b' => 2]);
        $this->assertSame(1.0, $cloud->size(2));
    }

    public function testOnlyTheMostFrequentAreShown(): void
    {
        $cloud = new Cloud(['a' => 1, 'b' => 3, 'c' => 2], most: 2);
        $this->assertStringNotContainsString('>a<', $cloud->html());
    }
}
