--TEST--
skipped
--SKIPIF--
<?php print "skip: not here";
--FILE--
<?php print 1;
--EXPECT--
1
