"""Texts as octets of an SMPP message and back (SMPP 3.4, 5.2.19; 3GPP TS 23.038). Pure.

The GSM alphabet travels unpacked, one septet an octet, as centres expect it over SMPP.
"""

from ivr.texting.parts import BASIC, EXTENSION, GSM7, UCS2

GSM7_CODING, ASCII, LATIN1, UCS2_CODING = 0, 1, 3, 8
"""data_coding."""
_ESCAPE = 0x1B
_EXTENSION_CODES = (0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65)
"""TS 23.038, 6.2.1.1, in the order of `EXTENSION`."""
_TO_GSM = {character: bytes([code]) for code, character in enumerate(BASIC)} | {
    character: bytes([_ESCAPE, code])
    for character, code in zip(EXTENSION, _EXTENSION_CODES, strict=True)
}
_FROM_EXTENSION = dict(zip(_EXTENSION_CODES, EXTENSION, strict=True))
DEFAULTS = ("gsm7", "latin1", "ascii")
"""What data_coding 0 may mean at a centre."""


def encoded(text: str, encoding: str, default: str = "gsm7") -> tuple[bytes, int]:
    """Return the octets of a part and its data_coding.

    `encoding`: ``gsm7`` or ``ucs2``; `default`: what the centre's data_coding 0 means.
    """
    if encoding == UCS2:
        return text.encode("utf-16-be", "surrogatepass"), UCS2_CODING
    if default == GSM7:
        return b"".join(_TO_GSM[character] for character in text), GSM7_CODING
    try:
        return text.encode(default), GSM7_CODING
    except UnicodeEncodeError:
        return text.encode("utf-16-be"), UCS2_CODING


def decoded(octets: bytes, data_coding: int, default: str = "gsm7") -> str:
    """Return the text; what cannot be read becomes U+FFFD, because a reply must not be lost."""
    alphabet = data_coding & 0x0C if data_coding < 0x40 or data_coding >= 0xF0 else 0
    if alphabet == UCS2_CODING and data_coding < 0xF0:
        return octets.decode("utf-16-be", "replace")
    if data_coding == ASCII:
        return octets.decode("ascii", "replace")
    if data_coding == LATIN1 or alphabet == 0x04:  # 0x04: octets without an alphabet
        return octets.decode("latin-1")
    return _from_gsm(octets) if default == GSM7 else octets.decode(default, "replace")


def _from_gsm(octets: bytes) -> str:
    text, escaped = [], False
    for octet in octets:
        if escaped:
            text.append(_FROM_EXTENSION.get(octet, " "))
            escaped = False
        elif octet == _ESCAPE:
            escaped = True
        else:
            text.append(BASIC[octet] if octet < len(BASIC) else "�")
    return "".join(text)
