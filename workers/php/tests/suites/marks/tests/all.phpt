--TEST--
all
--CONFLICTS--
all
--FILE--
<?php echo 1;
--EXPECT--
1
