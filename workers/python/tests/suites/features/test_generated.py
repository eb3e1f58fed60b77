def test_generated(generated):
    assert generated < 3


def test_generated_fails(generated):
    assert generated != 1
