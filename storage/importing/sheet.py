"""The rows of a workbook's first sheet, read once from top to bottom.

Most rows of most files look alike: cells without entities or further elements. A regular
expression reads them, many times as fast as a parser that reports every element. All else goes to
expat, which also decides where such a row may stand: right after another row, or at the start of
`sheetData`, never inside a comment.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from openpyxl.utils.datetime import from_excel

from storage.importing.workbook import (
    LONGEST_TEXT,
    PIECE,
    NotAWorkbookError,
    Workbook,
    feed,
    new_parser,
    plain_name,
)

_EXACT_DIGITS = 10**15
"""Excel keeps 15 digits of a number; what is longer has lost its end."""
_MOST_CELLS = 16_384
"""Columns of a sheet, Excel's own limit."""
_LONGEST_ROW = 1 << 20
"""Bytes that wait for the end of a plain row; a longer one is expat's."""
_WORDS = r"([^<&\x00-\x08\x0b-\x1f]*)"
_CELL = (
    r'<c r="([A-Z]{1,3})\d+"(?: s="(\d+)")?(?: t="(\w+)")?(?: ?/>|>'
    rf'(?:<v>{_WORDS}</v>|<is><t(?: xml:space="preserve")?>{_WORDS}</t></is>|<v ?/>)?</c>)'
)
_CELLS = re.compile(_CELL, re.ASCII)
_UNNAMED = re.sub(r"\((?!\?)", "(?:", _CELL)
_FURTHER = '(?: [A-Za-z][A-Za-z0-9:.]*="[^"<&]*")*+'
_ROW = re.compile(rf'<row r="(\d{{1,9}})"{_FURTHER}>((?:{_UNNAMED})*+)</row>'.encode())
_STOPS = re.compile(b"</row>|<sheetData>")


def rows(book: Workbook) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells as text) of the first sheet; a few pieces of it are all it holds.

    Raises NotAWorkbookError.
    """
    sheet = _Sheet(book)
    with book.archive.open(book.sheet) as stream:
        rest = b""
        while piece := stream.read(PIECE):
            rest += piece
            while rest:
                if sheet.at_a_row:
                    rest = sheet.take_plain(rest)
                    if b"</row>" not in rest and len(rest) < _LONGEST_ROW:
                        break  # its end comes with the next piece
                stop = _STOPS.search(rest)
                end = stop.end() if stop else len(rest)
                sheet.feed(rest[:end])
                rest = rest[end:]
            yield from sheet.taken()
        sheet.feed(rest, last=True)
        yield from sheet.taken()


class _Sheet:
    """What expat says of a sheet, gathered into rows."""

    def __init__(self, book: Workbook) -> None:
        self._parser = new_parser(self.start, self.end)
        self._parser.CharacterDataHandler = self.characters
        self._parser.XmlDeclHandler = self._declared
        self._plain_bytes = True
        self._fed = 0
        self._stop = -1
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

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """Give the next bytes to expat."""
        self._fed += len(piece)
        feed(self._parser, piece, last=last)

    @property
    def at_a_row(self) -> bool:
        """True where expat stands right behind a row or the start of `sheetData`."""
        return self._plain_bytes and self._stop == self._fed

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self._plain_bytes = (encoding or "utf-8").lower() in ("utf-8", "us-ascii")

    def take_plain(self, piece: bytes) -> bytes:
        """Read the plain rows at the beginning of `piece`; returns what is behind them."""
        at = 0
        while found := _ROW.match(piece, at):
            try:
                text = found.group(2).decode("utf-8")
            except UnicodeDecodeError:
                break  # expat says where
            at = found.end()
            self._number = int(found.group(1))
            row: list[str] = []
            for letters, self._style, kind, value, inline in _CELLS.findall(text):
                if raw := value or inline:
                    self._kind = kind or "n"
                    column = self._place(letters)
                    while len(row) < column:
                        row.append("")
                    row.append(raw if kind == "inlineStr" else self._text(raw))
            self._done.append((self._number, row))
        return piece[at:]

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
        elif name == "sheetData":
            self._stop = self._parser.CurrentByteIndex + len("<sheetData>")
        elif ":" in name:
            self.start(plain_name(name), values)

    def _begin_cell(self, values: dict[str, str]) -> None:
        place = values.get("r")
        if place:
            self._column = self._place(place.rstrip("0123456789"))
        self._kind, self._style = values.get("t", "n"), values.get("s", "")
        self._pieces = []
        self._length = 0

    def _place(self, letters: str) -> int:
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = _column(letters)
        return column

    def characters(self, text: str) -> None:
        if self._reading and self._length < LONGEST_TEXT:
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
            self._stop = self._parser.CurrentByteIndex + len("</row>")
        elif name == "rPh":
            self._phonetic = False
        elif ":" in name:
            self.end(plain_name(name))

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
