--TEST--
pattern
--FILE--
<?php print "x 12 y";
--EXPECTF--
x %d y
