"""What the house and a recogniser process say to each other, over a socket.

A frame is a kind, the number of what it belongs to, a length, and so many bytes: sound as it is,
everything else JSON.
"""

import json
import struct
from enum import IntEnum
from typing import Any

HEADER = struct.Struct("!BII")
"""Kind, number, length of what follows."""
LONGEST = 1 << 24
"""Bytes of the longest frame."""


class Kind(IntEnum):
    """What a frame is."""

    # house -> process
    LISTEN = 1
    """Begin an utterance: the phrases (none: dictation)."""
    SOUND = 2
    """8,000 Hz, mono, 16 bit little-endian."""
    FINISH = 3
    """No more sound: answer with HEARD."""
    DROP = 4
    """Forget the utterance."""
    UNKNOWN = 5
    """Ask for the unknown words of phrases: answered by ANSWER."""
    TRANSCRIBE = 6
    """Take dictation of a file: answered by ANSWER."""
    # process -> house
    READY = 20
    """The model is loaded: its facts."""
    HEARD = 21
    """The words of an utterance, and how sure they are as a whole."""
    ANSWER = 22
    """The answer to a question."""
    FAILED = 23
    """It could not be done: why."""


def frame(kind: Kind, number: int, content: bytes = b"") -> bytes:
    """Return one frame."""
    return HEADER.pack(kind, number, len(content)) + content


def packed(value: Any) -> bytes:
    """Return JSON for a frame."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
