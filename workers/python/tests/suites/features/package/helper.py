VALUE = 42


def doubled(n):
    """
    >>> doubled(2)
    4
    >>> doubled(3)
    7
    """
    return 2 * n
