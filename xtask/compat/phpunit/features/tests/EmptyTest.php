<?php
namespace Features;

final class EmptyTest extends \PHPUnit\Framework\TestCase {}
