--TEST--
A table on the standard input becomes HTML on the standard output
--STDIN--
4	the
1	sea
--FILE--
<?php
require __DIR__ . '/../main.php';
--EXPECT--
<p class="cloud">
  <span style="font-size: 1.00em" title="1">sea</span>
  <span style="font-size: 3.00em" title="4">the</span>
</p>
