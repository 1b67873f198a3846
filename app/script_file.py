"""The studio's script as a file: CSV, a workbook, Markdown, by the ending of its name."""

import io
from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

from app.script import Line
from core.catalogue import text
from core.errors import AuthorError, Place, problem
from speech.studio import COLUMNS, Take, manifest_bytes

ENDINGS = (".csv", ".xlsx", ".md")
_WIDTHS = (14, 14, 10, 60, 60, 40, 14, 8)


def write(file: Path, lines: Sequence[Line], words: str) -> None:
    """Write the script; `words` is the language of headings. Raises AuthorError."""
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        known = ", ".join(ENDINGS)
        raise AuthorError(problem("prompts-ending", Place(str(file)), known=known))
    if ending == ".csv":
        # The columns are those of a manifest: what the studio fills in is read as it is.
        content = csv_bytes(lines)
    elif ending == ".xlsx":
        content = _workbook(lines)
    else:
        content = markdown(lines, words).encode()
    try:
        file.write_bytes(content)
    except OSError as error:
        detail = error.strerror or str(error)
        raise AuthorError(problem("prompts-unwritable", Place(str(file)), detail=detail)) from error


def csv_bytes(lines: Sequence[Line]) -> bytes:
    """Return the script as CSV, the file's column filled with the name to record under."""
    # All languages in one list: each line has the id of its own language.
    parts = [manifest_bytes([_take(line)], line.language) for line in lines]
    head = manifest_bytes([], "zh")
    return head + b"".join(part.removeprefix(head) for part in parts)


def markdown(lines: Sequence[Line], words: str) -> str:
    """Return the script as a table in Markdown."""
    names = [text(f"prompts-column-{name}", words) for name in COLUMNS]
    rows = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    rows += ["| " + " | ".join(_cells(line)) + " |" for line in lines]
    return "\n".join(rows) + "\n"


def _workbook(lines: Sequence[Line]) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = "script"
    sheet.append(list(COLUMNS))
    for line in lines:
        sheet.append(_values(line))
    for letter, width in zip("ABCDEFGH", _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _take(line: Line) -> Take:
    return Take(
        line.text,
        f"{line.id}.wav",
        line.kind,
        line.context,
        line.hint,
        line.step,
        line.place.line,
    )


def _values(line: Line) -> list[str]:
    known = _take(line)
    at = str(known.line or "")
    return [line.id, known.file, known.kind, known.text, known.context, known.hint, known.step, at]


def _cells(line: Line) -> list[str]:
    return [value.replace("|", "\\|").replace("\n", " ") for value in _values(line)]
