--TEST--
cleans up
--FILE--
<?php print "x";
--CLEAN--
<?php
--EXPECT--
x
