import helper_of_dup_b


def test_import():
    assert helper_of_dup_b.NAME == "dup_b"
