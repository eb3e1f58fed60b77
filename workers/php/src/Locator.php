<?php declare(strict_types=1);
namespace Paceline\Worker;

/** Finds the project's PHPUnit, and loads it without running it. */
final class Locator
{
    private const DEBIAN = '/usr/share/php/PHPUnit/Autoload.php';

    /** What was looked at, for people. */
    private array $tried = [];

    public function __construct(private readonly string $directory, private readonly ?string $given)
    {
    }

    /**
     * Loads PHPUnit and returns its version.
     *
     * @throws \RuntimeException that says where PHPUnit was looked for
     */
    public function load(): string
    {
        foreach ($this->candidates() as $path) {
            if (!\is_file($path)) {
                $this->tried[] = $path;
                continue;
            }
            if ($this->loadFrom((string) \realpath($path))) {
                return \PHPUnit\Runner\Version::id();
            }
            $this->tried[] = $path . ' (no PHPUnit in it)';
        }
        throw new \RuntimeException('cannot find PHPUnit; looked for ' . \implode(', ', $this->tried));
    }

    /** @return iterable<string> */
    private function candidates(): iterable
    {
        if ($this->given !== null) {
            yield $this->given;

            return;
        }
        $vendor = 'vendor';
        $composer = $this->directory . '/composer.json';
        if (\is_file($composer)) {
            $config = \json_decode((string) \file_get_contents($composer), true);
            $vendor = \rtrim((string) ($config['config']['vendor-dir'] ?? $vendor), '/');
        }
        yield $this->absolute($vendor . '/autoload.php');
        foreach (['phpunit.phar', 'phpunit', 'tools/phpunit', 'tools/phpunit.phar', 'bin/phpunit', 'bin/phpunit.phar'] as $path) {
            if (\is_file($this->directory . '/' . $path)) {
                yield $this->directory . '/' . $path;
            }
        }
        foreach (\explode(\PATH_SEPARATOR, (string) \getenv('PATH')) as $directory) {
            foreach (['phpunit', 'phpunit.phar'] as $name) {
                if ($directory !== '' && \is_file($directory . '/' . $name)) {
                    yield $directory . '/' . $name;
                }
            }
        }
        yield self::DEBIAN;
    }

    private function absolute(string $path): string
    {
        return $path[0] === '/' || \preg_match('/^[A-Za-z]:/', $path) ? $path : $this->directory . '/' . $path;
    }

    private function loadFrom(string $path): bool
    {
        $head = (string) \file_get_contents($path, false, null, 0, 65536);
        if (\str_ends_with($path, '.phar') || \str_contains($head, '__PHPUNIT_PHAR__')) {
            // Its stub loads all classes, and runs PHPUnit only where it is the script itself.
            return self::include($path) && \class_exists('PHPUnit\Runner\Version');
        }
        if (\basename($path) === 'autoload.php' || \basename($path) === 'Autoload.php') {
            return $this->autoload($path);
        }
        // A script, `vendor/bin/phpunit` or Debian's: its autoloader is beside it, or named in it.
        $near = [
            \dirname($path, 2) . '/autoload.php', \dirname($path) . '/autoload.php', \dirname($path) . '/vendor/autoload.php',
            \dirname($path, 3) . '/autoload.php', \dirname($path, 2) . '/vendor/autoload.php',
        ];
        if (\str_contains($head, 'PHPUnit/Autoload.php') || \str_starts_with($path, '/usr/bin/')) {
            \array_unshift($near, self::DEBIAN);
        }
        foreach ($near as $candidate) {
            if (\is_file($candidate) && $this->autoload($candidate)) {
                return true;
            }
        }

        return false;
    }

    private function autoload(string $path): bool
    {
        if ($path !== self::DEBIAN && \basename($path) === 'autoload.php' && !$this->hasPhpunit($path)) {
            return false;
        }
        self::include($path);
        if (!\class_exists('PHPUnit\Runner\Version')) {
            return false;
        }
        // Tests in separate processes load PHPUnit by this constant.
        if (!\defined('PHPUNIT_COMPOSER_INSTALL')) {
            \define('PHPUNIT_COMPOSER_INSTALL', $path);
        }

        return true;
    }

    /**
     * Whether an autoloader looks as if it had PHPUnit. One that has not must not be loaded: the project's own bootstrap
     * would load it after PHPUnit, and classes that are in both would be those of PHPUnit.
     */
    private function hasPhpunit(string $autoloader): bool
    {
        $directory = \dirname($autoloader);

        return $this->given !== null
            || \is_dir($directory . '/phpunit/phpunit')
            // PHPUnit's own repository is the root package of its autoloader.
            || \is_file(\dirname($directory) . '/src/Framework/TestCase.php')
            || \stripos((string) \file_get_contents($autoloader), 'phpunit') !== false;
    }

    private static function include(string $path): bool
    {
        return (static fn () => require_once $path)() !== false;
    }
}
