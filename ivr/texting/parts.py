"""How many parts a text message takes, and where it is cut: GSM 7 bit and UCS-2. Pure.

3GPP TS 23.038 (6.2.1: the default alphabet and its extension table) and TS 23.040 (9.2.3.24: parts
of a long message carry a header of 6 octets). One message holds 160 septets or 70 units of
UCS-2, a part of several 153 or 67. An escape sequence or a surrogate pair is never cut.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

GSM7, UCS2 = "gsm7", "ucs2"
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""TS 23.038, 6.2.1; 0x1B stands for the way into the extension table."""
EXTENSION = "\f^{}\\[~]|€"
"""TS 23.038, 6.2.1.1: each takes an escape and a character, two septets."""
_ALPHABET = frozenset(BASIC + EXTENSION) - {"\x1b"}
_EXTENSION = frozenset(EXTENSION)
ONE = {GSM7: 160, UCS2: 70}
"""Units of a message in one part."""
EACH = {GSM7: 153, UCS2: 67}
"""Units of each part of a longer one."""


@dataclass(frozen=True)
class Parts:
    """How a text is sent."""

    encoding: str
    """``gsm7`` or ``ucs2``."""
    units: int
    """Septets, or 16 bit units."""
    texts: tuple[str, ...]
    """The parts; joined they are the text."""

    @property
    def count(self) -> int:
        """Number of parts; an empty text takes one."""
        return len(self.texts)


def encoding_of(text: str) -> str:
    """Return ``gsm7`` where every character is in the default alphabet or its extension."""
    return GSM7 if _ALPHABET.issuperset(text) else UCS2


def _septets(character: str) -> int:
    return 2 if character in _EXTENSION else 1


def _units(character: str) -> int:
    return 2 if ord(character) > 0xFFFF else 1


def _units_of(text: str, encoding: str) -> int:
    """Return what the characters come to, counted at once: this is asked for every message."""
    if encoding == GSM7:
        return len(text) + sum(map(text.count, EXTENSION))
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def parts_of(text: str, each: Mapping[str, int] = EACH) -> Parts:
    """Return how `text` is sent; `each`: units of each part of a longer one."""
    encoding = encoding_of(text)
    units = _units_of(text, encoding)
    if units <= ONE[encoding]:
        return Parts(encoding, units, (text,))
    size: Callable[[str], int] = _septets if encoding == GSM7 else _units
    cut: list[str] = []
    start = held = 0
    for index, character in enumerate(text):
        needed = size(character)
        if held + needed > each[encoding]:
            cut.append(text[start:index])
            start, held = index, 0
        held += needed
    cut.append(text[start:])
    return Parts(encoding, units, tuple(cut))
