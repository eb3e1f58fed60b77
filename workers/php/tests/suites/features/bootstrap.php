<?php
define('FROM_BOOTSTRAP', getmypid());
