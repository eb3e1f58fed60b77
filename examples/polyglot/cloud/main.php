<?php declare(strict_types=1);

// A table on the standard input becomes a word cloud on the standard output.

require __DIR__ . '/autoload.php';

try {
    echo (new Lexi\Cloud(Lexi\Table::parse(stream_get_contents(STDIN))))->html();
} catch (Lexi\TableError $error) {
    fwrite(STDERR, 'lexi: ' . $error->getMessage() . "\n");
    exit(2);
}
