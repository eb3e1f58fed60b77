def test_missing(there_is_no_such_fixture):
    pass
