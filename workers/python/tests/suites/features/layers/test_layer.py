def test_layer(layer):
    assert layer == "outer"
