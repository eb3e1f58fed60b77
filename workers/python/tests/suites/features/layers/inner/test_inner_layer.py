def test_layer(layer):
    assert layer == "outer inner"


def test_layer_fails(layer):
    assert layer == "outer"


def test_layer_skipped():
    assert False
