--TEST--
fails
--FILE--
<?php print "a\nb\n";
--EXPECT--
a
c
