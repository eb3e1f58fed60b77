<?php declare(strict_types=1);

namespace Lexi;

/** Words in alphabetical order, the more frequent ones larger. */
final class Cloud
{
    private const SMALLEST = 1.0;
    private const LARGEST = 3.0;

    /** @param array<string, int> $counts */
    public function __construct(private array $counts, private int $most = 30)
    {
    }

    /** The size of a word, from its count: logarithmic, as counts of words fall quickly. */
    public function size(int $count): float
    {
        $counts = $this->shown();
        $least = log(min($counts));
        $range = log(max($counts)) - $least;
        $share = $range > 0 ? (log($count) - $least) / $range : 0.0;

        return round(self::SMALLEST + $share * (self::LARGEST - self::SMALLEST), 2);
    }

    public function html(): string
    {
        $words = $this->shown();
        ksort($words, SORT_STRING);
        $lines = ['<p class="cloud">'];
        foreach ($words as $word => $count) {
            $lines[] = sprintf(
                '  <span style="font-size: %.2fem" title="%d">%s</span>',
                $this->size($count),
                $count,
                htmlspecialchars((string) $word),
            );
        }
        $lines[] = '</p>';

        return implode("\n", $lines) . "\n";
    }

    /** @return array<string, int> */
    private function shown(): array
    {
        $counts = $this->counts;
        arsort($counts);

        return array_slice($counts, 0, $this->most, true);
    }
}
