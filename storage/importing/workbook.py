"""An XLSX workbook (ECMA-376) opened: its first sheet's name, its shared texts and date formats.

openpyxl builds objects for every cell and holds all shared texts: 20 µs a cell and memory that
grows with the file. Here expat calls a handful of functions instead (1-2 µs a cell), and texts
wait on disk. Which number formats are dates, and what date a number is, openpyxl knows.
"""

import posixpath
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from storage.importing.shared_texts import SharedTexts

PIECE = 1 << 16
"""Bytes of XML parsed at a time."""
LONGEST_TEXT = 100_000
"""Characters kept of one text: more than any cell may have, so that its row is refused."""

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]


class NotAWorkbookError(ValueError):
    """The archive lacks what a workbook has, or is not what it says."""


@dataclass
class Workbook:
    """The parts of a workbook that the rows of its first sheet need."""

    archive: zipfile.ZipFile
    sheet: str = ""
    """Name of the first sheet's part."""
    texts: SharedTexts = field(default_factory=SharedTexts)
    dates: frozenset[str] = frozenset()
    """Numbers of the cell formats that show dates."""
    since: datetime = CALENDAR_WINDOWS_1900

    def close(self) -> None:
        """Close the archive, throw the texts away."""
        self.archive.close()
        self.texts.close()


def open_workbook(archive: zipfile.ZipFile) -> Workbook:
    """Read all but the rows. Raises NotAWorkbookError, KeyError (a part is missing), OSError."""
    book = Workbook(archive)
    try:
        parts = _relations(archive, "_rels/.rels", "")
        main = next((p for kind, p in parts.values() if kind == "officeDocument"), "")
        first = _first_sheet(book, main or "xl/workbook.xml")
        folder, name = posixpath.split(main or "xl/workbook.xml")
        parts = _relations(archive, f"{folder}/_rels/{name}.rels", folder)
        if first not in parts:
            raise NotAWorkbookError("no sheet")
        book.sheet = parts[first][1]
        by_kind = dict(parts.values())
        names = set(archive.namelist())
        if (texts := by_kind.get("sharedStrings", "")) in names:
            _read_texts(book, texts)
        if (styles := by_kind.get("styles", "")) in names:
            _read_styles(book, styles)
    except BaseException:
        book.close()
        raise
    return book


def plain_name(name: str) -> str:
    """Return the name of an element without its prefix."""
    return name.rpartition(":")[2]


def new_parser(start: Start, end: End) -> expat.XMLParserType:
    """Return a parser that calls these; it raises NotAWorkbookError where entities are declared."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = _refuse_doctype  # entities: no workbook has any
    return parser


def _refuse_doctype(*_declaration: object) -> None:
    raise NotAWorkbookError("DOCTYPE")


def feed(parser: expat.XMLParserType, piece: bytes, *, last: bool) -> None:
    """Parse a piece. Raises NotAWorkbookError where it is not well-formed."""
    try:
        parser.Parse(piece, last)
    except expat.ExpatError as error:
        raise NotAWorkbookError(str(error)) from error


def _walk(archive: zipfile.ZipFile, part: str, start: Start) -> None:
    parser = new_parser(start, lambda _name: None)
    with archive.open(part) as stream:
        while piece := stream.read(PIECE):
            feed(parser, piece, last=False)
    feed(parser, b"", last=True)


def _relations(archive: zipfile.ZipFile, part: str, folder: str) -> dict[str, tuple[str, str]]:
    """Return id -> (kind, part) of what `part` relates to."""
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, values: dict[str, str]) -> None:
        if plain_name(name) == "Relationship" and values.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, values.get("Target", "")))
            kind = values.get("Type", "").rpartition("/")[2]
            found[values.get("Id", "")] = (kind, target.lstrip("/"))

    _walk(archive, part, start)
    return found


def _first_sheet(book: Workbook, part: str) -> str:
    """Return the relation of the first sheet; take over from when dates count."""
    sheets: list[str] = []

    def start(name: str, values: dict[str, str]) -> None:
        if plain_name(name) == "workbookPr" and values.get("date1904") in ("1", "true"):
            book.since = CALENDAR_MAC_1904
        elif plain_name(name) == "sheet":
            sheets.extend(value for key, value in values.items() if plain_name(key) == "id")

    _walk(book.archive, part, start)
    if not sheets:
        raise NotAWorkbookError("no sheet")
    return sheets[0]


def _read_styles(book: Workbook, part: str) -> None:
    own: dict[str, str] = {}
    formats: list[str] = []
    inside = False

    def start(name: str, values: dict[str, str]) -> None:
        nonlocal inside
        plain = plain_name(name)
        if plain == "numFmt":
            own[values.get("numFmtId", "")] = values.get("formatCode", "")
        elif plain in ("cellXfs", "cellStyleXfs"):
            inside = plain == "cellXfs"
        elif plain == "xf" and inside:
            formats.append(values.get("numFmtId", "0"))

    _walk(book.archive, part, start)
    shown = [own.get(number) or BUILTIN_FORMATS.get(int(number), "") for number in formats]
    book.dates = frozenset(str(n) for n, code in enumerate(shown) if code and is_date_format(code))


def _read_texts(book: Workbook, part: str) -> None:
    pieces: list[str] = []
    depth = {"t": 0, "rPh": 0}

    def start(name: str, _values: dict[str, str]) -> None:
        plain = plain_name(name)
        if plain in depth:
            depth[plain] += 1
        elif plain == "si":
            pieces.clear()

    def end(name: str) -> None:
        plain = plain_name(name)
        if plain in depth:
            depth[plain] -= 1
        elif plain == "si":
            book.texts.add("".join(pieces)[:LONGEST_TEXT])

    def characters(text: str) -> None:
        if depth["t"] and not depth["rPh"]:  # rPh: how to pronounce it
            pieces.append(text)
            if len(pieces) > 1000:  # a text of a thousand pieces is a forgery: keep what counts
                pieces[:] = ["".join(pieces)[:LONGEST_TEXT]]

    parser = new_parser(start, end)
    parser.CharacterDataHandler = characters
    with book.archive.open(part) as stream:
        while piece := stream.read(PIECE):
            feed(parser, piece, last=False)
    feed(parser, b"", last=True)
