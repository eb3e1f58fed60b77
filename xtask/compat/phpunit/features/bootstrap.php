<?php
require __DIR__ . '/Counter.php';
