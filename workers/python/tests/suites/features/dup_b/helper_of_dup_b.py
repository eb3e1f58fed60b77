NAME = "dup_b"
