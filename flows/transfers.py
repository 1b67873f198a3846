"""To whom a survey may transfer: names of the settings, numbers and SIP URIs."""

import re
from collections.abc import Collection

_ADDRESS = re.compile(r"\+?[0-9]{3,15}|sips?:\S+")
"""A telephone number (E.164: 15 digits at most; extensions have three and more), or a SIP URI."""


def reachable(target: str, known: Collection[str]) -> bool:
    """Return whether `target` is one of the `known` names, or an address by itself."""
    return target in known or _ADDRESS.fullmatch(target) is not None
