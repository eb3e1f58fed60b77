NAME = "dup_a"
