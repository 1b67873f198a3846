"""Rows of an XLSX workbook, read as a stream; numbers and dates become the text they stand for."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from core.errors import AuthorError, Place, problem
from storage.importing.rows import LONGEST_CELL, MOST_COLUMNS, Row
from storage.importing.sheet import rows
from storage.importing.workbook import NotAWorkbookError, Workbook, open_workbook

MOST_BYTES = 2 * 1024**3
"""Unpacked size of a workbook; a larger one is refused (zip bombs)."""
_UNREADABLE = (NotAWorkbookError, KeyError, NotImplementedError, RuntimeError, EOFError)
_BROKEN = (*_UNREADABLE, zipfile.BadZipFile, zlib.error)
"""What a broken, encrypted or forged archive raises."""


def is_sheet(path: Path) -> bool:
    """True for a workbook, by its content: file names lie."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def read_sheet(path: Path) -> Iterator[tuple[Row, float]]:
    """Yield every row of the first sheet with the part of it that is read by then (0-1).

    Raises AuthorError where it is no workbook, or past a limit.
    """
    book = _open(path)
    try:
        size = max(1, book.archive.getinfo(book.sheet).file_size)
        done = 0
        for line, cells in rows(book):
            done += sum(map(len, cells)) + 40 * len(cells)  # roughly; good enough for a bar
            yield _row(line, cells), min(0.999, done / size)
    except _BROKEN as error:
        raise _refused(path, error) from error
    finally:
        book.close()


def _open(path: Path) -> Workbook:
    try:
        archive = zipfile.ZipFile(path)
        if sum(part.file_size for part in archive.infolist()) > MOST_BYTES:
            archive.close()
            raise AuthorError(problem("import-too-large", Place(str(path))))
        return open_workbook(archive)
    except _BROKEN as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: Exception) -> AuthorError:
    return AuthorError(problem("import-unreadable", Place(str(path)), detail=str(error)))


def _row(line: int, cells: list[str]) -> Row:
    if len(cells) > MOST_COLUMNS and any(cells[MOST_COLUMNS:]):
        return Row(line, tuple(cells[:MOST_COLUMNS]), "row-columns")
    fault = "row-too-long" if any(len(cell) > LONGEST_CELL for cell in cells) else ""
    return Row(line, tuple(cells[:MOST_COLUMNS]), fault)
