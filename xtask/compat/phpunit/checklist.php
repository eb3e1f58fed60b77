<?php declare(strict_types=1);
// Runs one of the end-to-end tests of PHPUnit's own parallel mode with paceline in PHPUnit's place.
//
//     php checklist.php CASE.phpt PACELINE REPORT START RETRIES
//
// What the case does before and after its run stays as it is; the arguments that it has for PHPUnit go into a
// configuration in the working directory.

[, $case, $paceline, $report, $start, $retries] = $argv;

function run_paceline(array $words): void
{
    global $case, $paceline, $report, $start, $retries;
    // What asks for PHPUnit's own forms of output, and for its own workers.
    $dropped = '/^--(testdox|debug|no-output|no-results|do-not-record-test-run-history|parallel=.*)$/';
    $args = [];
    $workers = '2';
    for ($words = array_slice($words, 1); $words !== [];) {
        $word = (string) array_shift($words);
        if (preg_match('/^--parallel=(\d+)$/', $word, $found)) {
            $workers = $found[1];
        } elseif (in_array($word, ['--parallel', '--log-junit', '--log-teamcity'], true)) {
            array_shift($words);
        } elseif (!preg_match($dropped, $word)) {
            $args[] = $word;
        }
    }
    $quoted = implode(', ', array_map(static fn (string $word) => json_encode($word, JSON_UNESCAPED_SLASHES), $args));
    file_put_contents('paceline.toml', "[suite.case]\ndir = \"" . dirname($case) . "\"\nframework = \"phpunit\"\nstart = \"$start\"\nretries = $retries\nargs = [$quoted]\n");
    $command = [$paceline, '--no-history', '--color', 'never', '--jobs', $workers, '--report', "json=$report", '--config', 'paceline.toml'];
    passthru(implode(' ', array_map('escapeshellarg', $command)), $code);
    echo "\nexit code $code\n";
}

(static function (string $case): void {
    $sections = preg_split('/^--([A-Z]+)--\n/m', file_get_contents($case), -1, PREG_SPLIT_DELIM_CAPTURE);
    $code = $sections[array_search('FILE', $sections, true) + 1];
    $code = preg_replace('/^require(_once)? .*\n/m', '', $code);
    $code = str_replace('(new PHPUnit\TextUI\Application)->run(', 'run_paceline(', $code, $count);
    if ($count !== 1) {
        fwrite(STDERR, "$case does not run PHPUnit once\n");
        exit(2);
    }
    $code = strtr($code, ['__DIR__' => var_export(dirname($case), true), '__FILE__' => var_export($case, true)]);
    $_SERVER['argv'] = ['phpunit'];
    eval(substr($code, strpos($code, "\n")));
})($case);
