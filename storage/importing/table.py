"""A file of cases, opened: which column is which of our fields."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import AuthorError, Place, problem
from storage.importing.mapping import Mapping, heading
from storage.importing.rows import HEADING_ROWS, MOST_COLUMNS, REASON_HEADINGS, Row
from storage.importing.sheet_rows import is_sheet, read_sheet
from storage.importing.text_rows import read_text, why_no_headings


@dataclass(frozen=True)
class Table:
    """An opened file: its headings, and where each of our fields stands."""

    path: Path
    headings: tuple[str, ...]
    rows: Iterator[tuple[Row, float]]
    places: dict[str, tuple[int, ...]]
    """Field -> columns; fields of surveys under ``fields.NAME``, unit levels ``level.N``."""
    unmapped: tuple[str, ...]
    """Headings that the mapping does not speak of."""
    line: int = 1
    """Where the headings stand."""


def open_table(path: Path, mapping: Mapping) -> Table:
    """Find format and headings. Raises AuthorError where the file is not what the mapping says."""
    try:
        rows = read_sheet(path) if is_sheet(path) else read_text(path)
        return _with_headings(path, rows, mapping)
    except OSError as error:
        raise AuthorError(
            problem("import-unreadable", Place(str(path)), detail=error.strerror or str(error))
        ) from error


def _with_headings(path: Path, rows: Iterator[tuple[Row, float]], mapping: Mapping) -> Table:
    best: tuple[str, ...] = ()
    for count, (row, _) in enumerate(rows, 1):
        names = [heading(cell) for cell in row.cells]
        while names and not names[-1]:
            names.pop()
        if len(names) > MOST_COLUMNS:
            raise AuthorError(
                problem("import-columns", Place(str(path), row.line, 1), most=MOST_COLUMNS)
            )
        places = _places(names, mapping)
        if "case_number" in places and "numbers" in places and not row.fault:
            headings = tuple(cell.strip().lstrip("\ufeff") for cell in row.cells[: len(names)])
            used = {column for columns in places.values() for column in columns}
            ignored = {heading(reason) for reason in REASON_HEADINGS}
            unmapped = tuple(
                shown
                for column, (shown, name) in enumerate(zip(headings, names, strict=True))
                if column not in used and name and name not in ignored
            )
            return Table(path, headings, rows, places, unmapped, row.line)
        best = max(best, tuple(cell.strip() for cell in row.cells if cell.strip()), key=len)
        if count >= HEADING_ROWS:
            break
    code = why_no_headings(path)
    if code != "import-headings":
        raise AuthorError(problem(code, Place(str(path))))
    wanted = [*mapping.columns.case_number, *mapping.columns.numbers]
    raise AuthorError(
        problem(
            "import-headings",
            Place(str(path), 1, 1),
            wanted="、".join(wanted),
            found="、".join(best[:40]) or "-",
        )
    )


def _places(names: list[str], mapping: Mapping) -> dict[str, tuple[int, ...]]:
    first: dict[str, int] = {}
    for column, name in enumerate(names):
        first.setdefault(name, column)

    def found(wanted: list[str]) -> tuple[int, ...]:
        return tuple(first[heading(one)] for one in wanted if heading(one) in first)

    places: dict[str, tuple[int, ...]] = {}
    for field in type(mapping.columns).model_fields:
        wanted = getattr(mapping.columns, field)
        columns = found(wanted) if wanted else ()
        if columns:
            places[field] = columns if field == "numbers" else columns[:1]
    for level, wanted in enumerate(mapping.unit_levels):
        if columns := found(wanted):
            places[f"level.{level}"] = columns[:1]
    for field, wanted in mapping.fields.items():
        if columns := found(wanted):
            places[f"fields.{field}"] = columns[:1]
    rule = mapping.respondent_class
    if not isinstance(rule, str) and (columns := found(rule.heading)):
        places["respondent_class"] = columns[:1]
    return places
