--TEST--
a file for php-src's own runner
--FILE--
<?php
echo "hello";
--EXPECT--
hello
