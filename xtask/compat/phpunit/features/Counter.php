<?php
namespace Features;

final class Counter
{
    public static int $count = 0;
}
