def test_other_root_is_on_path():
    # Plain pytest has imported dup_a's tests by now, and so put it on sys.path.
    import helper_of_dup_a

    assert helper_of_dup_a.NAME == "dup_a"
