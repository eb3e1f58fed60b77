import helper_of_dup_a


def test_import():
    assert helper_of_dup_a.NAME == "dup_a"
