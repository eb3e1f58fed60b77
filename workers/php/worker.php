<?php declare(strict_types=1);
/*
 * Runs a project's PHPUnit tests over paceline's worker protocol (docs/protocol.md).
 *
 * Started by paceline with the suite's directory as working directory; README.md says what is in which file.
 */

// A function, so that the globals, which PHPUnit can back up for each test, stay as they were.
(static function (): void {
    if (\PHP_VERSION_ID < 80100) {
        \fwrite(\STDERR, 'paceline needs PHP 8.1 or newer for PHPUnit; this is PHP ' . \PHP_VERSION . "\n");
        exit(2);
    }
    foreach (['Message', 'Connection', 'Environment', 'Journal', 'Locator', 'Options', 'Process', 'Program'] as $name) {
        require __DIR__ . '/src/' . $name . '.php';
    }
    exit((new \Paceline\Worker\Program($_SERVER['argv'] ?? []))->main());
})();
