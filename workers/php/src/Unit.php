<?php declare(strict_types=1);
namespace Paceline\Worker;

/** A test class as it stands in the suite, or a `.phpt` file. */
final class Unit
{
    public int $number = 0;
    public string $key = '';
    /** Whether this process has described it to the engine. */
    public bool $described = false;
    /** @var ?array<int, true> the indexes of tests that run only when they are asked for one by one */
    public ?array $held = null;
    /** @var list<array<string, mixed>> collection errors: messages without `unit` */
    public array $errors = [];
    /** @var ?list<string> the ids of the tests */
    public ?array $ids = null;

    /**
     * @param string       $type  `class`, `phpt`, `other`
     * @param string       $name  the class, or the file of a phpt
     * @param string       $file  absolute
     * @param list<object> $tests PHPUnit's, pristine
     * @param mixed        $suite PHPUnit's suite of the class
     */
    public function __construct(
        public readonly string $type,
        public readonly string $name,
        public readonly string $file,
        public array $tests,
        public readonly mixed $suite = null,
    ) {
    }
}
