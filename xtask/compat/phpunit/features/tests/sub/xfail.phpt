--TEST--
expected to fail
--XFAIL--
known
--FILE--
<?php print 1;
--EXPECT--
2
