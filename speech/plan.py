"""Of what a prompt is made: a recording, speech, or recordings joined with spoken values."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from speech.pattern import Pattern, Piece, speakable
from speech.reading import read_out
from speech.studio import Recordings


class How(StrEnum):
    """Who speaks a prompt."""

    RECORDED = "recorded"
    JOINED = "joined"
    VOICE = "voice"


@dataclass(frozen=True)
class Part:
    """A stretch of a prompt: recordings one after another, or the voice."""

    text: str
    files: tuple[Path, ...] = ()
    """Empty: the voice speaks it."""


@dataclass(frozen=True)
class Plan:
    """Of what a prompt is made."""

    how: How
    parts: tuple[Part, ...]
    unrecorded: tuple[str, ...] = ()
    """Fixed words of a recorded survey that have no recording, though nobody said that the voice
    may speak them."""


def plan(
    wording: str, language: str, recordings: Recordings | None, patterns: Sequence[Pattern]
) -> Plan:
    """Return of what `wording` is made.

    `recordings` None: the survey is not recorded, the voice speaks. Of several ways the one with
    the most recorded words is taken.
    """
    if recordings is None:
        return Plan(How.VOICE, (Part(wording),))
    whole = recordings.file(wording)
    if whole is not None:
        return Plan(How.RECORDED, (Part(wording, (whole,)),))
    if recordings.wanted_by_voice(wording):
        return Plan(How.VOICE, (Part(wording),))
    ways = []
    for pattern in patterns:
        pieces = pattern.match(wording)
        if pieces and any(piece.fixed for piece in pieces):
            ways.append(_way(wording, pieces, language, recordings))
    if not ways:
        return Plan(How.VOICE, (Part(wording),), (wording,))
    return max(ways, key=_recorded_letters)


def _recorded_letters(way: Plan) -> tuple[int, int]:
    recorded = sum(len(part.text) for part in way.parts if part.files)
    return recorded, -sum(map(len, way.unrecorded))


def _way(wording: str, pieces: Sequence[Piece], language: str, recordings: Recordings) -> Plan:
    gap = "" if language.startswith("zh") else " "
    parts: list[Part] = []
    unrecorded: list[str] = []
    for piece in pieces:
        files = _files(piece, language, recordings)
        lacking = piece.fixed and not files and speakable(piece.text)
        if lacking and not recordings.wanted_by_voice(piece.text):
            unrecorded.append(piece.text)
        before = parts[-1] if parts else None
        if before is not None and not files and (not before.files or not speakable(piece.text)):
            parts[-1] = Part(before.text + gap + piece.text, before.files)
        else:
            parts.append(Part(piece.text, tuple(files)))
    parts = [part for part in parts if part.files or speakable(part.text)]
    if not any(part.files for part in parts):
        return Plan(How.VOICE, (Part(wording),), tuple(unrecorded))
    if len(parts) == 1 and len(parts[0].files) == 1:
        return Plan(How.RECORDED, tuple(parts), tuple(unrecorded))
    return Plan(How.JOINED, tuple(parts), tuple(unrecorded))


def _files(piece: Piece, language: str, recordings: Recordings) -> list[Path]:
    if not speakable(piece.text):
        return []
    if piece.fixed:
        found = recordings.file(piece.text)
        return [found] if found is not None else []
    return recordings.units(read_out(piece.text, language)) or []
