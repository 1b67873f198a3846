"""Words as people say them over the telephone: made once by a synthetic voice, kept as G.711."""

import asyncio
from functools import cache

from ivr.people.sip.sound import encode
from speech.g711 import encode_alaw, encode_ulaw
from speech.synthesis import Synthesis, Voice

VOICES = {
    "zh": Voice("cmn"),
    "en": Voice("en-gb"),
    # Measured: at this rate the Korean test model knows 만족 합니다 and 네 also where a frame that
    # came late was concealed, wherever in the word; at 150 a third of them was lost.
    "ko": Voice("ko+f1", 180),
    "ko-quick": Voice("ko", 200),
}
"""Language -> voice; languages without one are tried by their own name."""
_FULL = 32767
_ALAW = 8
"""Payload type (RFC 3551, table 4)."""


async def spoken(words: str, language: str, codec: int) -> bytes:
    """Return `words` spoken, for payload type `codec`. Raises AuthorError for a strange voice."""
    return await asyncio.to_thread(_spoken, words, language, codec)


def recorded(pcm: bytes, codec: int) -> bytes:
    """Return a recording (8 kHz, 16 bit, mono) for payload type `codec`."""
    return encode_alaw(pcm) if codec == _ALAW else encode_ulaw(pcm)


@cache
def _spoken(words: str, language: str, codec: int) -> bytes:
    voice = VOICES.get(language) or Voice(language)
    made = Synthesis().make(words, voice)
    return encode([int(sample * _FULL) for sample in made], codec)
