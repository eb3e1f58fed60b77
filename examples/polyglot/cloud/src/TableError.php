<?php declare(strict_types=1);

namespace Lexi;

/** A line that is not a count, a tab and a word. */
final class TableError extends \InvalidArgumentException
{
}
