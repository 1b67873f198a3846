"""What gateways write of numbers and messages, in our own form. Pure."""

import hashlib
import re
from datetime import datetime

from core.phone import mask, parse_numbers

_NUMBER = re.compile(r"\+?\d{7,}")


def e164(written: str, region: str) -> str:
    """Return the number in E.164.

    What is no telephone number (a service number, a name) stays as it was written: a text must
    not be lost because of its sender; it matches nobody and is shown to a person.
    """
    bare = written.strip()
    numbers = parse_numbers(bare, region=region).numbers
    if not numbers and bare.isdigit() and len(bare) > 9:
        numbers = parse_numbers(f"+{bare}", region=region).numbers
    return numbers[0].e164 if len(numbers) == 1 else bare


def made_up_id(number: str, text: str, at: datetime | None, more: str = "") -> str:
    """Return an id for a message that has none: the same for the same message."""
    parts = (number, text, at.isoformat() if at else "", more)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def said(words: object) -> str:
    """Return a gateway's words as they may be kept and shown: short, numbers masked."""
    line = " ".join(str(words).split())[:200]
    return _NUMBER.sub(lambda found: mask(found.group()), line)
