"""How many messages may be written now, so that none waits long for its gateway."""

from collections.abc import Collection, Mapping

AHEAD = 30.0
"""Seconds of sending that are begun ahead: what waits longer may miss its calling hours."""
MOST = 200
"""Conversations begun, or notices written, in one transaction."""


def working(rates: Mapping[str, float], resting: Collection[str]) -> dict[str, float]:
    """Return the gateways that are not left alone at present; where all are: none."""
    return {name: rate for name, rate in rates.items() if name not in resting}


def room(rates: Mapping[str, float], waiting: Mapping[str, int]) -> dict[str, int]:
    """Return gateway -> how many it can take; those that can take none are left out.

    `rates`: gateway -> messages a second; `waiting`: gateway -> messages that could leave now.
    """
    free = {
        name: min(MOST, int(rate * AHEAD) + 1) - waiting.get(name, 0)
        for name, rate in rates.items()
    }
    return {name: number for name, number in free.items() if number > 0}
