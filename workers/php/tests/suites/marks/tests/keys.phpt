--TEST--
keys
--CONFLICTS--
# a comment
database
port-80
--FILE--
<?php echo 1;
--EXPECT--
1
