<?php declare(strict_types=1);

namespace Lexi;

use PHPUnit\Framework\TestCase;

final class TableTest extends TestCase
{
    public function testKeepsTheOrderOfLines(): void
    {
        $this->assertSame(['the' => 12, 'sea' => 3, 'é' => 1], Table::parse("12\tthe\n3\tsea\n1\té\n"));
    }

    public function testAnEmptyTextHasNoWords(): void
    {
        $this->assertSame([], Table::parse(''));
    }

    /** @dataProvider broken */
    public function testRefusesWhatIsNoTable(string $text, string $message): void
    {
        $this->expectException(TableError::class);
        $this->expectExceptionMessage($message);
        Table::parse($text);
    }

    public static function broken(): array
    {
        return [
            'no tab' => ["12 the\n", 'line 1: expected COUNT<TAB>WORD, found "12 the"'],
            'no count' => ["1\ta\nx\tb\n", 'line 2: expected COUNT<TAB>WORD'],
            'zero' => ["0\ta\n", 'line 1: expected COUNT<TAB>WORD'],
            'no word' => ["3\t\n", 'line 1: expected COUNT<TAB>WORD'],
            'twice' => ["1\ta\n1\ta\n", 'line 2: a occurs twice'],
        ];
    }
}
