"""The 95 % interval of a share (Wilson 1927, score interval): right for small and extreme ones."""

import math

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the lower and upper end of the 95 % interval of `hits` out of `n`; 0 to 1 for n = 0.

    Agresti and Coull (1998), "Approximate is better than exact", equation 2.
    """
    if n == 0:
        return 0.0, 1.0
    share, square = hits / n, Z * Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    # At the ends the formula gives 0 and 1 but for rounding.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return low, 1.0 if hits == n else min(1.0, middle + half)
