--TEST--
all alone
--CONFLICTS--
all
--FILE--
<?php print 1;
--EXPECT--
1
