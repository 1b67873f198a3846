"""A letter as HTML and as text: two templates, the words are in the letter.

Jinja in its sandbox; HTML is escaped by itself, so nothing that was imported or typed can become
markup. Names that are not there are errors, never empty places.
"""

import unicodedata
from functools import cache
from importlib import resources

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from followup.notices.letter import Letter


def html(letter: Letter) -> str:
    """Return the letter as an HTML page for mail programs: tables and inline styles only."""
    return _template("letter.html.jinja", escaped=True).render(letter=letter)


def plain(letter: Letter) -> str:
    """Return the letter as text."""
    return _template("letter.txt.jinja", escaped=False).render(letter=letter, columns=columns)


@cache
def _template(name: str, *, escaped: bool) -> Template:
    source = resources.files("followup.notices").joinpath(name).read_text("utf-8")
    environment = ImmutableSandboxedEnvironment(
        autoescape=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(source)


def columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows as lines whose columns stand below each other; Chinese signs are two wide."""
    widths = [max(_width(row[at]) for row in rows) for at in range(len(rows[0]))] if rows else []
    lines = []
    for row in rows:
        cells = [
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _width(cell: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in cell)
