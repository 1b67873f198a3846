"""Rows of a file, whatever its format: cells as text, with the line they stand in."""

from dataclasses import dataclass

LONGEST_LINE = 262_144
"""Bytes of one line of a CSV file."""
LONGEST_CELL = 32_767
"""Characters of one cell; Excel's own limit."""
MOST_COLUMNS = 500
HEADING_ROWS = 20
"""Rows looked at for the headings: exports often start with a title."""
REASON_HEADINGS = ("退回原因", "reject reason")
"""Columns that a rejects file has in addition; ignored when it is imported again."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row."""

    line: int
    """Its first line in the file, from 1."""
    cells: tuple[str, ...]
    fault: str = ""
    """Catalogue key of what makes it unreadable; empty: readable."""
