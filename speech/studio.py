"""The studio's recordings of a survey: which wording lies in which file.

    studio/SURVEY/LANGUAGE/manifest.csv     id, file, text and what helps the speaker
    studio/SURVEY/LANGUAGE/zh-1a2b3c4d.wav  8 kHz, mono, levelled, trimmed
    studio/common/LANGUAGE/...              values and the product's own words, for all surveys

A text's id is made of the text: a wording that is changed has another id, so an old recording is
never played for new words. A manifest makes its survey a recorded one: what has no file stops
the batch, unless its `file` says ``voice``: then the voice speaks it, because somebody wants so.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import AuthorError, Place, Problem, problem
from speech.pattern import flat

MANIFEST = "manifest.csv"
COMMON = "common"
BY_VOICE = "voice"
COLUMNS = ("id", "file", "kind", "text", "context", "hint", "step", "line")
_MOST_BYTES = 5_000_000


@dataclass(frozen=True)
class Take:
    """One line of a manifest."""

    text: str
    file: str = ""
    """Name of the file in the manifest's folder; ``voice``; empty: not recorded yet."""
    kind: str = "wording"
    """``wording`` (whole), ``fragment`` (part of one) or ``value``."""
    context: str = ""
    hint: str = ""
    step: str = ""
    line: int = 0

    @property
    def by_voice(self) -> bool:
        """True where the operator lets the voice speak it."""
        return self.file.strip().casefold() == BY_VOICE


@dataclass(frozen=True)
class Recordings:
    """What is recorded of one survey in one language."""

    files: dict[str, Path]
    """Text -> file."""
    by_voice: frozenset[str]
    """Texts that the voice speaks by the operator's wish."""
    unrecorded: frozenset[str] = frozenset()
    """Texts that the manifest names and that have no file."""
    values: frozenset[str] = frozenset()
    """Texts among `files` that values may be put together of."""
    common: "Recordings | None" = None

    def file(self, text: str) -> Path | None:
        """Return the recording of a fixed text."""
        found = self.files.get(flat(text))
        if found is None and self.common is not None and flat(text) not in self.by_voice:
            return self.common.files.get(flat(text))
        return found

    def wanted_by_voice(self, text: str) -> bool:
        """Return whether the operator lets the voice speak `text`."""
        common = self.common is not None and flat(text) in self.common.by_voice
        return flat(text) in self.by_voice or common

    def units(self, words: str) -> list[Path] | None:
        """Return recordings that together say a value, or None where not all of it is there.

        The longest recorded words come first: 十二月 before 十二 before 十.
        """
        known = {text: path for text, path in self._valued() if text}
        words = words.replace("〇", "零")  # one sound, recorded once
        longest = max(map(len, known), default=0)
        found: list[Path] = []
        at = 0
        while at < len(words):
            for length in range(min(longest, len(words) - at), 0, -1):
                path = known.get(words[at : at + length])
                if path is not None and _ends_at_word(words, at, at + length):
                    found.append(path)
                    at += length
                    break
            else:
                if words[at].isalnum():
                    return None
                at += 1
        return found or None

    def _valued(self) -> Iterator[tuple[str, Path]]:
        if self.common is not None:
            yield from self.common._valued()
        for text in self.values:
            yield text, self.files[text]


def _ends_at_word(words: str, start: int, end: int) -> bool:
    """Return whether a match does not cut a word written with letters ("six" in "sixty")."""

    def joined(left: str, right: str) -> bool:
        return left.isascii() and right.isascii() and left.isalpha() and right.isalpha()

    return not (
        (start and joined(words[start - 1], words[start]))
        or (end < len(words) and joined(words[end - 1], words[end]))
    )


def take_id(text: str, language: str) -> str:
    """Return the id of a text, which is its file's name as well: ``zh-1a2b3c4d``."""
    return f"{language}-{hashlib.sha256(flat(text).encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Studio:
    """The folder of all recordings."""

    folder: Path

    def of(self, survey: str, language: str) -> Path:
        """Return the folder of a survey's recordings in a language."""
        return self.folder / survey / language

    def takes(self, survey: str, language: str) -> list[Take] | None:
        """Return the manifest's lines; None: there is none, so nothing is recorded.

        Raises AuthorError with every fault of the manifest.
        """
        file = self.of(survey, language) / MANIFEST
        return read_manifest(file, language) if file.is_file() else None

    def recordings(self, survey: str, language: str) -> Recordings | None:
        """Return what is recorded of a survey; None: it is all spoken by the voice.

        Raises AuthorError with every fault of the manifests.
        """
        own = _recordings(self.of(survey, language), language, _stamp(self, survey, language))
        if own is None or survey == COMMON:
            return own
        common = _recordings(self.of(COMMON, language), language, _stamp(self, COMMON, language))
        return Recordings(own.files, own.by_voice, own.unrecorded, own.values, common)


def _stamp(studio: Studio, survey: str, language: str) -> int:
    """Return what changes when the manifest does."""
    try:
        return (studio.of(survey, language) / MANIFEST).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=256)
def _recordings(folder: Path, language: str, stamp: int) -> Recordings | None:
    if not stamp:
        return None
    takes = read_manifest(folder / MANIFEST, language)
    recorded = {flat(t.text): folder / t.file.strip() for t in takes if t.file and not t.by_voice}
    return Recordings(
        recorded,
        frozenset(flat(t.text) for t in takes if t.by_voice),
        frozenset(flat(t.text) for t in takes if not t.file.strip()),
        frozenset(flat(t.text) for t in takes if t.kind == "value" and flat(t.text) in recorded),
    )


def read_manifest(file: Path, language: str) -> list[Take]:
    """Return the lines of a manifest (CSV; UTF-8, or GB 18030 as older Excel writes it).

    Raises AuthorError with every fault: a column missing, an id that is not its text's, a file
    outside the folder.
    """
    place = Place(str(file))
    try:
        content = file.read_bytes()
    except OSError as error:
        detail = error.strerror or str(error)
        raise AuthorError(problem("speech-manifest-unreadable", place, detail=detail)) from error
    if len(content) > _MOST_BYTES:
        detail = f"> {_MOST_BYTES // 1_000_000} MB"
        raise AuthorError(problem("speech-manifest-unreadable", place, detail=detail))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", "replace")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in ("id", "file", "text") if name not in (rows.fieldnames or ())]
    if missing:
        raise AuthorError(problem("speech-manifest-columns", place, missing=", ".join(missing)))
    takes: list[Take] = []
    faults: list[Problem] = []
    for row in rows:
        at = Place(str(file), rows.line_num, 1)
        take, fault = _take(row, file.parent, language, at)
        takes += [take] if take else []
        faults += [fault] if fault else []
    if faults:
        raise AuthorError(*faults)
    return takes


def _take(
    row: dict[str, str | None], folder: Path, language: str, at: Place
) -> tuple[Take | None, Problem | None]:
    words, name = flat(row.get("text") or ""), (row.get("file") or "").strip()
    if not words and not name:
        return None, None
    if (row.get("id") or "").strip() != take_id(words, language):
        right = take_id(words, language)
        return None, problem("speech-manifest-differs", at, id=row.get("id") or "-", right=right)
    if name and name.casefold() != BY_VOICE:
        inside = (folder / name).resolve().is_relative_to(folder.resolve())
        if not inside or not (folder / name).is_file():
            return None, problem("speech-manifest-no-file", at, file=name)
    line = row.get("line") or ""
    known = {key: (row.get(key) or "").strip() for key in ("kind", "context", "hint", "step")}
    take = Take(words, name, line=int(line) if line.isdigit() else 0, **known)
    return take, None


def manifest_bytes(takes: Iterable[Take], language: str) -> bytes:
    """Return the manifest as CSV (UTF-8 with a mark, so that Excel takes it for what it is)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for take in takes:
        writer.writerow(
            [
                take_id(take.text, language),
                take.file,
                take.kind,
                take.text,
                take.context,
                take.hint,
                take.step,
                take.line or "",
            ]
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()
