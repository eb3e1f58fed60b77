<?php
require_once __DIR__ . '/AnnotatedTest.php';

class ChildTest extends AnnotatedTest
{
}
