<?php declare(strict_types=1);
namespace Paceline\Worker;

/** Finds the classes that set something up once for all of their tests. */
final class ClassFixtures
{
    /** @var array<string, bool> */
    private array $known = [];

    public function has(string $class): bool
    {
        if (\str_starts_with($class, 'PHPUnit\Framework\\') || !\class_exists($class, false)) {
            return false;
        }
        if (!isset($this->known[$class])) {
            $parent = \get_parent_class($class);
            $this->known[$class] = ($parent !== false && $this->has($parent)) || self::declares(new \ReflectionClass($class));
        }

        return $this->known[$class];
    }

    private static function declares(\ReflectionClass $class): bool
    {
        foreach ($class->getMethods(\ReflectionMethod::IS_STATIC) as $method) {
            if ($method->class !== $class->name) {
                continue;
            }
            if ($method->name === 'setUpBeforeClass' || $method->name === 'tearDownAfterClass') {
                return true;
            }
            $comment = $method->getDocComment();
            if ($comment !== false && \preg_match('/@(?:before|after)Class\b/', $comment)) {
                return true;
            }
            foreach ($method->getAttributes() as $attribute) {
                if (\preg_match('/\\\\(?:Before|After)Class$/', $attribute->getName())) {
                    return true;
                }
            }
        }

        return false;
    }
}
