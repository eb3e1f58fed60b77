<?php
// In place of the one that Composer makes: the package's own classes by its composer.json, and those of
// other packages where Debian puts them.

(static function (string $root): void {
    $composer = json_decode(file_get_contents("$root/composer.json"), true);
    if ($composer['name'] === 'phpunit/phpunit') {
        // It is running already.
        unset($composer['autoload']);
    }
    $directories = [];
    $classes = [];
    foreach (['autoload', 'autoload-dev'] as $section) {
        foreach ($composer[$section]['psr-4'] ?? [] as $prefix => $paths) {
            foreach ((array) $paths as $path) {
                $directories[] = [$prefix, rtrim("$root/$path", '/')];
            }
        }
        foreach ($composer[$section]['classmap'] ?? [] as $path) {
            foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator("$root/$path")) as $file) {
                if ($file->getExtension() === 'php') {
                    $text = file_get_contents($file->getPathname());
                    $namespace = preg_match('/^namespace\s+([\w\\\\]+)/m', $text, $found) ? $found[1] . '\\' : '';
                    preg_match_all('/^(?:abstract\s+|final\s+)*(?:class|interface|trait|enum)\s+(\w+)/m', $text, $found);
                    foreach ($found[1] as $name) {
                        $classes[$namespace . $name] ??= $file->getPathname();
                    }
                }
            }
        }
    }
    spl_autoload_register(static function (string $class) use ($directories, $classes): void {
        if (isset($classes[$class])) {
            require_once $classes[$class];
            return;
        }
        foreach ($directories as [$prefix, $directory]) {
            if (str_starts_with($class, $prefix)) {
                $file = $directory . '/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
                if (is_file($file)) {
                    require $file;
                    return;
                }
            }
        }
        $file = '/usr/share/php/' . strtr($class, '\\', '/') . '.php';
        if (is_file($file)) {
            require $file;
        }
    });
    foreach (['autoload', 'autoload-dev'] as $section) {
        foreach ($composer[$section]['files'] ?? [] as $file) {
            require_once "$root/$file";
        }
    }
})(dirname(__DIR__));
