"""The shared texts of a workbook, on disk: there may be millions, and memory stays constant."""

import tempfile
from array import array
from typing import IO

REMEMBERED = 50_000
"""Texts kept in memory: units, officers and words that come again and again."""


class SharedTexts:
    """Texts by number, written once and then read in any order."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="huifang-import-")  # noqa: SIM115
        self._ends = array("Q")
        self._at = 0
        self._known: dict[int, str] = {}

    def add(self, text: str) -> None:
        """Append one text."""
        raw = text.encode("utf-8", "replace")
        self._file.write(raw)
        self._at += len(raw)
        self._ends.append(self._at)

    def __getitem__(self, number: int) -> str:
        """Return a text. Raises IndexError where there is none of that number."""
        known = self._known.get(number)
        if known is not None:
            return known
        if number < 0:
            raise IndexError(number)
        end = self._ends[number]
        start = self._ends[number - 1] if number else 0
        self._file.seek(start)
        found = self._file.read(end - start).decode("utf-8")
        if len(self._known) < REMEMBERED:
            self._known[number] = found
        return found

    def close(self) -> None:
        """Throw the file away."""
        self._file.close()
