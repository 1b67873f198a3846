"""What a written reply is to the engine: keys, words, or the text of an open answer. Pure.

“1”, “１”, “1.”, “选1”, “①” and “1️⃣” are key 1. “1 满意” is key 1 only where the engine takes both
for the same answer; “1 不满意” stays as it was written, and is asked back.
"""

import re
import unicodedata

from flows.engine import step
from flows.exchange import Input, Keys, SaveAnswer, Silence, Speech, Wait, WaitRecording, Written
from flows.program import Program
from flows.session import Session
from flows.spoken_number import spoken_number
from ivr.texting.language import flat, written_language

LONGEST = 2000
"""Characters of a reply that are looked at; the whole of it is kept."""
_DIGITS = re.compile(r"[0-9]+")


def input_of(program: Program, session: Session, wait: Wait, reply: str) -> Input:
    """Return the engine's input that `reply` stands for."""
    words = reply.strip()[:LONGEST]
    language = written_language(session.language)
    if isinstance(wait, WaitRecording):
        return Silence() if flat(words) in language.nothing else Written(words)
    plain = unicodedata.normalize("NFKC", words)
    bare = "".join(c for c in plain.casefold() if c.isalnum())
    for around in language.around:
        bare = around.sub("", bare) or bare
    if bare.isascii() and bare.isdigit():
        return Keys(bare)
    if plain in ("*", "#"):
        return Keys(plain)
    numbers = _DIGITS.findall(bare)
    if len(numbers) == 1:
        rest = _DIGITS.sub("", bare)
        by_key = _saved(program, session, Keys(numbers[0]))
        if by_key is not None and by_key == _saved(program, session, Speech(rest)):
            return Keys(numbers[0])
        return Speech(words)
    if _saved(program, session, Speech(words)) is None:
        said = spoken_number(words)
        if said is not None and _saved(program, session, Keys(said)) is not None:
            return Keys(said)
    return Speech(words)


def _saved(program: Program, session: Session, given: Input) -> str | None:
    """Return the answer that the engine would take from `given`; None: it would ask again."""
    here = session.node
    for effect in step(program, session, given).effects:
        if isinstance(effect, SaveAnswer) and effect.step == here and effect.confidence > 0:
            return effect.value
    return None
