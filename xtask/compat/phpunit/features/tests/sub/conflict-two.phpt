--TEST--
shares a resource: two
--CONFLICTS--
# a comment
the-resource
--FILE--
<?php
$lock = sys_get_temp_dir() . "/paceline-features-lock";
print @mkdir($lock) ? "alone" : "not alone";
usleep(5000);
rmdir($lock);
--EXPECT--
alone
