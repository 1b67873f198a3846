"""An XLSX workbook (ECMA-376) opened for reading its first sheet once, from top to bottom.

openpyxl builds objects for every cell and holds all shared texts: 20 µs a cell and memory that
grows with the file. Here expat calls a handful of functions instead (1-2 µs a cell), and texts
wait on disk. Which number formats are dates, and what date a number is, openpyxl knows.
"""

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from storage.importing.shared_texts import SharedTexts

PIECE = 1 << 16
"""Bytes of XML parsed at a time."""
_EXACT_DIGITS = 10**15
"""Excel keeps 15 digits of a number; what is longer has lost its end."""
_ENOUGH = 100_000
"""Characters kept of one text: more than any cell may have, so that its row is refused."""
_MOST_CELLS = 16_384
"""Columns of a sheet, Excel's own limit."""

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


def rows(book: Workbook) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells as text) of the first sheet; the parser's piece is all it holds."""
    sheet = _Sheet(book)
    parser = _parser(sheet.start, sheet.end)
    parser.CharacterDataHandler = sheet.characters
    with book.archive.open(book.sheet) as stream:
        while piece := stream.read(PIECE):
            _feed(parser, piece, last=False)
            yield from sheet.taken()
        _feed(parser, b"", last=True)
        yield from sheet.taken()


def _plain(name: str) -> str:
    return name.rpartition(":")[2]


def _parser(start: Start, end: End) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = _refuse_doctype  # entities: no workbook has any
    return parser


def _refuse_doctype(*_declaration: object) -> None:
    raise NotAWorkbookError("DOCTYPE")


def _feed(parser: expat.XMLParserType, piece: bytes, *, last: bool) -> None:
    try:
        parser.Parse(piece, last)
    except expat.ExpatError as error:
        raise NotAWorkbookError(str(error)) from error


def _walk(archive: zipfile.ZipFile, part: str, start: Start) -> None:
    parser = _parser(start, lambda _name: None)
    with archive.open(part) as stream:
        while piece := stream.read(PIECE):
            _feed(parser, piece, last=False)
    _feed(parser, b"", last=True)


def _relations(archive: zipfile.ZipFile, part: str, folder: str) -> dict[str, tuple[str, str]]:
    """Return id -> (kind, part) of what `part` relates to."""
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, values: dict[str, str]) -> None:
        if _plain(name) == "Relationship" and values.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, values.get("Target", "")))
            kind = values.get("Type", "").rpartition("/")[2]
            found[values.get("Id", "")] = (kind, target.lstrip("/"))

    _walk(archive, part, start)
    return found


def _first_sheet(book: Workbook, part: str) -> str:
    """Return the relation of the first sheet; take over from when dates count."""
    sheets: list[str] = []

    def start(name: str, values: dict[str, str]) -> None:
        if _plain(name) == "workbookPr" and values.get("date1904") in ("1", "true"):
            book.since = CALENDAR_MAC_1904
        elif _plain(name) == "sheet":
            sheets.extend(value for key, value in values.items() if _plain(key) == "id")

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
        plain = _plain(name)
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
        plain = _plain(name)
        if plain in depth:
            depth[plain] += 1
        elif plain == "si":
            pieces.clear()

    def end(name: str) -> None:
        plain = _plain(name)
        if plain in depth:
            depth[plain] -= 1
        elif plain == "si":
            book.texts.add("".join(pieces)[:_ENOUGH])

    def characters(text: str) -> None:
        if depth["t"] and not depth["rPh"]:  # rPh: how to pronounce it
            pieces.append(text)
            if len(pieces) > 1000:  # a text of a thousand pieces is a forgery: keep what counts
                pieces[:] = ["".join(pieces)[:_ENOUGH]]

    parser = _parser(start, end)
    parser.CharacterDataHandler = characters
    with book.archive.open(part) as stream:
        while piece := stream.read(PIECE):
            _feed(parser, piece, last=False)
    _feed(parser, b"", last=True)


class _Sheet:
    """What expat says of a sheet, gathered into rows."""

    def __init__(self, book: Workbook) -> None:
        self._texts, self._dates, self._since = book.texts, book.dates, book.since
        self._done: list[tuple[int, list[str]]] = []
        self._row: list[str] = []
        self._number = 0
        self._column = 0
        self._kind = self._style = ""
        self._pieces: list[str] = []
        self._length = 0
        self._reading = False
        self._phonetic = False
        self._columns: dict[str, int] = {}

    def taken(self) -> list[tuple[int, list[str]]]:
        """Return the rows that are whole."""
        done, self._done = self._done, []
        return done

    def start(self, name: str, values: dict[str, str]) -> None:
        if name == "c":
            self._begin_cell(values)
        elif name in ("v", "t"):
            self._reading = not self._phonetic
        elif name == "row":
            given = values.get("r", "")
            self._number = int(given) if given.isdecimal() else self._number + 1
            self._row, self._column = [], 0
        elif name == "rPh":
            self._phonetic = True
        elif ":" in name:
            self.start(_plain(name), values)

    def _begin_cell(self, values: dict[str, str]) -> None:
        place = values.get("r")
        if place:
            letters = place.rstrip("0123456789")
            column = self._columns.get(letters)
            if column is None:
                column = self._columns[letters] = _column(letters)
            self._column = column
        self._kind, self._style = values.get("t", "n"), values.get("s", "")
        self._pieces = []
        self._length = 0

    def characters(self, text: str) -> None:
        if self._reading and self._length < _ENOUGH:
            self._pieces.append(text)
            self._length += len(text)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._reading = False
        elif name == "c":
            row, column = self._row, self._column
            self._column = column + 1
            if self._pieces:
                while len(row) < column:
                    row.append("")
                row.append(self._text("".join(self._pieces)))
        elif name == "row":
            self._done.append((self._number, self._row))
        elif name == "rPh":
            self._phonetic = False
        elif ":" in name:
            self.end(_plain(name))

    def _text(self, raw: str) -> str:
        kind = self._kind
        if kind == "s":
            try:
                return self._texts[int(raw)]
            except (ValueError, IndexError) as error:
                raise NotAWorkbookError(f"shared text {raw[:20]}") from error
        if kind == "n":
            return _number(raw, self._since if self._style in self._dates else None)
        return raw.replace("T", " ", 1) if kind == "d" else raw


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    if not 1 <= number <= _MOST_CELLS:
        raise NotAWorkbookError(f"column {letters[:10]}")
    return number - 1


def _number(raw: str, since: datetime | None) -> str:
    """Return what a number stands for: a date, a whole number, or as it is written."""
    if since is None and raw.isdecimal() and len(raw) <= 15:
        return raw
    try:
        value = float(raw)
    except ValueError:
        return raw
    if since is not None:
        try:
            return _moment(from_excel(value, since))
        except (ValueError, OverflowError):
            return raw
    if abs(value) >= _EXACT_DIGITS:
        return f"{value:.14E}"  # seen as rounded by whoever needs every digit
    return str(int(value)) if value.is_integer() else repr(value)


def _moment(value: datetime | date | time | timedelta | None) -> str:
    if isinstance(value, datetime):
        if value.microsecond:  # a serial is a fraction of a day in binary
            value = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
        return value.isoformat(" ")
    return (
        "" if value is None else value.isoformat() if isinstance(value, date | time) else str(value)
    )
