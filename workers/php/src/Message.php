<?php declare(strict_types=1);
namespace Paceline\Worker;

/** How messages become lines, and how long a line may be. */
final class Message
{
    public const PROTOCOL = 1;
    /** The longest line in bytes, its newline included. */
    public const MAX_LINE = 16 * 1024 * 1024;
    /** The longest text of a single field in bytes, before it is cut. */
    public const MAX_TEXT = 1024 * 1024;

    private const FLAGS = \JSON_UNESCAPED_SLASHES | \JSON_UNESCAPED_UNICODE | \JSON_PARTIAL_OUTPUT_ON_ERROR
        | \JSON_INVALID_UTF8_SUBSTITUTE | \JSON_PRESERVE_ZERO_FRACTION;

    /**
     * The message as a line that is not longer than `MAX_LINE`.
     *
     * @param array<string, mixed> $message
     */
    public static function encode(array $message): string
    {
        $line = \json_encode($message, self::FLAGS) . "\n";
        if (\strlen($line) <= self::MAX_LINE) {
            return $line;
        }
        foreach ([self::MAX_TEXT, 16 * 1024, 256] as $limit) {
            $line = \json_encode(self::cutAll($message, $limit), self::FLAGS) . "\n";
            if (\strlen($line) <= self::MAX_LINE) {
                return $line;
            }
        }
        $kept = \array_intersect_key($message, \array_flip(['kind', 'unit', 'test', 'outcome', 'worker', 'digest']));

        return \json_encode($kept + ['cut' => true], self::FLAGS) . "\n";
    }

    /**
     * The message of a line, or null if it is none.
     *
     * @return ?array<string, mixed>
     */
    public static function decode(string $line): ?array
    {
        $message = \json_decode($line, true, 512, \JSON_BIGINT_AS_STRING);

        return \is_array($message) && \is_string($message['kind'] ?? null) ? $message : null;
    }

    /** The text as valid UTF-8: bytes that are none are shown as `\xHH`. */
    public static function text(string $text): string
    {
        if (\preg_match('//u', $text) === 1) {
            return $text;
        }
        $valid = '[\x00-\x7F]|[\xC2-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF]|[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}'
            . '|\xED[\x80-\x9F][\x80-\xBF]|\xF0[\x90-\xBF][\x80-\xBF]{2}|[\xF1-\xF3][\x80-\xBF]{3}|\xF4[\x80-\x8F][\x80-\xBF]{2}';

        return \preg_replace_callback(
            '/(' . $valid . ')|(.)/s',
            static fn (array $found): string => isset($found[2]) ? \sprintf('\x%02X', \ord($found[2])) : $found[1],
            self::cut($text),
        ) ?? '';
    }

    /** The text, without its middle if it is longer than the limit. */
    public static function cut(string $text, int $limit = self::MAX_TEXT): string
    {
        if (\strlen($text) <= $limit) {
            return $text;
        }
        $half = \intdiv($limit, 2);
        // Not in the middle of a character.
        $head = \preg_replace('/[\xC0-\xFF][\x80-\xBF]*$/D', '', \substr($text, 0, $half)) ?? '';
        $tail = \preg_replace('/^[\x80-\xBF]+/', '', \substr($text, -$half)) ?? '';
        $left = \strlen($text) - \strlen($head) - \strlen($tail);

        return $head . "\n[... " . $left . " characters cut ...]\n" . $tail;
    }

    private static function cutAll(mixed $value, int $limit): mixed
    {
        if (\is_string($value)) {
            return self::cut($value, $limit);
        }

        return \is_array($value) ? \array_map(static fn ($item) => self::cutAll($item, $limit), $value) : $value;
    }
}
