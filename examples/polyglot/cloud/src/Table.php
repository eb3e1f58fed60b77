<?php declare(strict_types=1);

namespace Lexi;

/** The table that lexi-count prints: a count, a tab and a word on each line. */
final class Table
{
    /**
     * @return array<string, int> counts by word, in the order of the lines
     * @throws TableError
     */
    public static function parse(string $text): array
    {
        $counts = [];
        foreach (explode("\n", rtrim($text, "\n")) as $i => $line) {
            if ($line === '') {
                continue;
            }
            if (preg_match('/^([1-9][0-9]*)\t(.+)$/u', $line, $found) !== 1) {
                $shown = json_encode($line, JSON_UNESCAPED_UNICODE);
                throw new TableError(sprintf('line %d: expected COUNT<TAB>WORD, found %s', $i + 1, $shown));
            }
            if (isset($counts[$found[2]])) {
                throw new TableError(sprintf('line %d: %s occurs twice', $i + 1, $found[2]));
            }
            $counts[$found[2]] = (int) $found[1];
        }

        return $counts;
    }
}
