"""A table of comma-separated values with the place of every cell (RFC 4180, UTF-8)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import AuthorError, Place, problem
from core.reasons import reason

MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class Cell:
    """One value and where it begins."""

    text: str
    place: Place


def read_rows(
    file: Path, columns: Sequence[str], needed: Sequence[str]
) -> Iterator[dict[str, Cell]]:
    """Return the rows below the heading, each by the names of its columns.

    Raises AuthorError for a file that cannot be read, columns that are none of `columns` or
    missing, and rows of another length; the rows before a fault are given first.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise AuthorError(problem("document-too-large", Place(str(file), 1, 1), limit="50 MB"))
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AuthorError(problem("document-not-utf-8", Place(str(file), 1, 1))) from error
    except OSError as error:
        place = Place(str(file))
        cause = reason(error.strerror or str(error))
        raise AuthorError(problem("document-unreadable", place, path=file, reason=cause)) from error
    rows = _cells(text, str(file))
    heading = next(rows, [])
    known = ", ".join(columns)
    strange = [cell for cell in heading if cell.text not in columns]
    if strange:
        raise AuthorError(
            *(
                problem("evaluation-column-unknown", c.place, column=c.text, known=known)
                for c in strange
            )
        )
    names = [cell.text for cell in heading]
    missing = [name for name in needed if name not in names]
    if missing:
        place = Place(str(file), 1, 1)
        raise AuthorError(
            *(problem("evaluation-column-missing", place, column=name) for name in missing)
        )
    for row in rows:
        if len(row) != len(names):
            raise AuthorError(
                problem("evaluation-row-length", row[0].place, found=len(row), wanted=len(names))
            )
        yield dict(zip(names, row, strict=True))


def _cells(text: str, file: str) -> Iterator[list[Cell]]:
    """Cut the text into rows; empty lines are left out."""
    row: list[Cell] = []
    line, begin, at, start = 1, 0, 0, Place(file, 1, 1)
    value, quoted = "", False
    while at <= len(text):
        letter = text[at : at + 1]
        if quoted:
            if letter == "":
                raise AuthorError(problem("evaluation-quote-open", start))
            if text[at : at + 2] == '""':
                value, at = value + '"', at + 2
                continue
            if letter == '"':
                quoted = False
            else:
                value += letter
                if letter == "\n":
                    line, begin = line + 1, at + 1
        elif letter == '"' and not value:
            quoted = True
        elif letter in (",", "\n", "\r", ""):
            row.append(Cell(value.strip(), start))
            value = ""
            if letter != ",":
                if len(row) > 1 or row[0].text:
                    yield row
                row = []
                if text[at : at + 2] == "\r\n":
                    at += 1
                if letter:
                    line, begin = line + 1, at + 1
            start = Place(file, line, at + 2 - begin)
        else:
            value += letter
        at += 1
