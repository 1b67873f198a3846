"""Rows of an XLSX workbook, read as a stream; numbers and dates become the text they stand for."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from core.errors import AuthorError, Place, problem
from storage.importing.rows import LONGEST_CELL, MOST_COLUMNS, Row

MOST_BYTES = 2 * 1024**3
"""Unpacked size of a workbook; a larger one is refused (zip bombs)."""
MOST_SHARED_BYTES = 512 * 1024**2
"""Unpacked size of the shared texts, the one part that is held in memory."""
_EXACT_DIGITS = 10**15
"""Excel keeps 15 digits of a number; what is longer has lost its end."""


def is_sheet(path: Path) -> bool:
    """True for a workbook, by its content: file names lie."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def read_sheet(path: Path) -> Iterator[tuple[Row, float]]:
    """Yield every row of the first sheet with the part of it that is read by then (0-1)."""
    _check_size(path)
    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise AuthorError(
            problem("import-unreadable", Place(str(path)), detail=str(error))
        ) from error
    try:
        sheet = workbook.worksheets[0]
        total = max(1, sheet.max_row or 1)
        sheet.reset_dimensions()  # exporters write wrong ones
        for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
            if len(values) > MOST_COLUMNS and any(v is not None for v in values[MOST_COLUMNS:]):
                yield Row(line, tuple(_text(v) for v in values[:MOST_COLUMNS]), "row-columns"), 0.0
                continue
            cells = tuple(_text(value) for value in values[:MOST_COLUMNS])
            fault = "row-too-long" if any(len(cell) > LONGEST_CELL for cell in cells) else ""
            yield Row(line, cells, fault), min(1.0, line / total)
    finally:
        workbook.close()


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        raise AuthorError(
            problem("import-unreadable", Place(str(path)), detail=str(error))
        ) from error
    shared = sum(p.file_size for p in parts if p.filename.endswith("sharedStrings.xml"))
    if sum(p.file_size for p in parts) > MOST_BYTES or shared > MOST_SHARED_BYTES:
        raise AuthorError(problem("import-too-large", Place(str(path))))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        if abs(value) >= _EXACT_DIGITS:
            return f"{value:.14E}"  # seen as rounded by whoever needs every digit
        return str(int(value)) if float(value).is_integer() else repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return str(value)
