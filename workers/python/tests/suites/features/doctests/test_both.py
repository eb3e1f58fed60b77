"""
>>> test_both
<function test_both at ...>
"""


def test_both():
    """
    >>> 1
    1
    """
