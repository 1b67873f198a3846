"""Rows of a CSV file: encoding and delimiter found out, a stream, faults kept to their row."""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from core.errors import AuthorError, Place, problem
from storage.importing.rows import LONGEST_CELL, LONGEST_LINE, Row

_DELIMITERS = ",;\t|"
_ENOUGH_LINES = 2000
_OLE = b"\xd0\xcf\x11\xe0"
"""First bytes of a workbook of Excel 97-2003 (compound file, MS-CFB 2.2)."""
_LOOKED_AT = 4096
"""Bytes at the beginning that tell a text from something else."""
_TEXT = bytes([*b"\t\n\f\r", *range(0x20, 0x7F), *range(0x80, 0x100)])
"""All bytes but the control characters, of which a text has hardly any."""
_TOO_LONG = "\udfff"
"""Stands for a line that was cut: a lone surrogate, which no file decodes to."""


def encoding_of(path: Path) -> str:
    """Return ``utf-8-sig`` or ``gb18030``, by what most lines with non-ASCII bytes decode as.

    Most, not all: one broken line must not turn the whole file into the other encoding.
    """
    utf8 = other = 0
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
        if not start.strip(b"\0 \t\r\n"):
            raise AuthorError(problem("import-empty", Place(str(path))))
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise AuthorError(problem("import-utf16", Place(str(path))))
        if start.startswith(_OLE):
            raise AuthorError(problem("import-old-excel", Place(str(path))))
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        file.seek(0)
        while utf8 + other < _ENOUGH_LINES and (line := file.readline(LONGEST_LINE)):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                utf8 += 1
            except UnicodeDecodeError:
                other += 1
    return "utf-8-sig" if utf8 >= other else "gb18030"


def why_no_headings(path: Path) -> str:
    """Return the catalogue key of why a file has no headings: it is no text, or they differ."""
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    if start.startswith(b"PK\x03\x04"):
        return "import-headings"
    if start.count(0) > len(start) // 4 and len(start.translate(None, _TEXT + b"\0")) * 50 < len(
        start
    ):
        return "import-utf16"  # without its mark
    binary = len(start.translate(None, _TEXT)) > len(start) // 50
    return "import-binary" if binary else "import-headings"


class _Lines:
    """The decoded lines of a file, which can be given back."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self._returned: deque[str] = deque()
        self.taken: list[str] = []
        """The lines of the record being read."""
        self.number = 0
        """Lines read so far."""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._read()
        self.number += 1
        self.taken.append(line)
        return line

    def give_back(self) -> str:
        """Keep the first line of the record only; the others are read again. Returns the first."""
        first, *others = self.taken
        self._returned.extendleft(reversed(others))
        self.number -= len(others)
        self.taken = []
        return first

    def _read(self) -> str:
        raw = self._file.readline(LONGEST_LINE)
        if not raw:
            raise StopIteration
        cut = len(raw) == LONGEST_LINE and not raw.endswith(b"\n")
        if cut:
            while (more := self._file.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
                pass
            return raw[:200].decode(self._encoding, "replace").replace('"', "") + _TOO_LONG
        # NUL is no text; the surrogates that stand for bad bytes are looked for in each row.
        return raw.decode(self._encoding, "surrogateescape").replace("\0", "\udc00")


def read_text(path: Path) -> Iterator[tuple[Row, float]]:
    """Yield every row with the part of the file that is read by then (0-1)."""
    encoding = encoding_of(path)
    size = max(1, path.stat().st_size)
    with path.open("rb") as file:
        lines = _Lines(file, "utf-8" if encoding == "utf-8-sig" else encoding)
        if encoding == "utf-8-sig" and file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        delimiter = _delimiter(file, encoding)
        csv.field_size_limit(LONGEST_CELL)
        # Strict: a quotation mark in the middle of a cell is an error, not the end of a cell that
        # began lines ago; otherwise an open mark would swallow rows without a word.
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        width = 0
        while True:
            start = lines.number + 1
            lines.taken = []
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                cells = None
            if cells is None or (len(lines.taken) > 1 and width and len(cells) != width):
                several = len(lines.taken) > 1
                row = _alone(start, lines.give_back(), delimiter, width, several=several)
                reader = csv.reader(lines, delimiter=delimiter, strict=True)
            else:
                row = _judged(start, cells)
                width = max(width, len(cells))
            yield row, file.tell() / size


def _alone(line: int, text: str, delimiter: str, width: int, *, several: bool) -> Row:
    """Read a line whose quotation marks are wrong by itself: `"a"b` is a cell, `"a` is not."""
    text = text.rstrip("\r\n")
    if text.count('"') % 2 == 0:
        try:
            cells = next(csv.reader([text], delimiter=delimiter))
        except (csv.Error, StopIteration):
            cells = []
        if len(cells) == width:
            return _judged(line, cells)
    quoted = several or '"' in text
    return Row(line, (_readable(text),), "row-quote-open" if quoted else "row-too-long")


def _judged(line: int, cells: list[str]) -> Row:
    text = "".join(cells)
    if text.isascii() or text.isprintable():
        return Row(line, tuple(cells))
    if _TOO_LONG in text:
        return Row(line, tuple(_readable(cell) for cell in cells), "row-too-long")
    if any("\ud800" <= character <= "\udfff" for character in text):
        return Row(line, tuple(_readable(cell) for cell in cells), "row-encoding")
    return Row(line, tuple(cells))


def _readable(cell: str) -> str:
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in cell)


def _delimiter(file: BinaryIO, encoding: str) -> str:
    """Return the delimiter that the first lines hold most of, outside of quotation marks."""
    here = file.tell()
    counts = dict.fromkeys(_DELIMITERS, 0)
    for _ in range(20):
        line = file.readline(LONGEST_LINE).decode(encoding, "replace")
        outside = "".join(line.split('"')[::2])
        for delimiter in _DELIMITERS:
            counts[delimiter] += outside.count(delimiter)
    file.seek(here)
    return max(_DELIMITERS, key=lambda delimiter: counts[delimiter])
