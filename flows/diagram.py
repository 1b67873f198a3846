"""A survey as a picture: Mermaid text, and SVG that needs neither browser nor other program."""

import itertools
import re
import unicodedata
from html import escape

from flows.drawing import Arrow, Box, Drawing, draw
from flows.layout import Placed, place
from flows.program import Program

_NEVER_FIRST = "。，、？！；：）”…,.?!;:)]}"
"""Marks that do not begin a line."""
_PIECES = re.compile(r"[!-~]+|.", re.DOTALL)
"""Words of Latin letters with the marks at them, or single characters."""
_LINE = 20.0
_LINE_UNITS = 26
"""Width of a line in a box, in half-width characters."""
_UNIT = 7.2
"""Pixels of a half-width character at 13 pixels."""
_COLOURS = {
    "step": ("#ffffff", "#5b6b7b"),
    "question": ("#e8f1fd", "#1f5fa8"),
    "condition": ("#fff6e0", "#b07800"),
    "part": ("#f1e9fb", "#6a3fa0"),
    "end": ("#e9f6ec", "#2b7a3d"),
}
_FONT = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"


def mermaid(program: Program, language: str = "zh") -> str:
    """Return the survey as a Mermaid flowchart."""
    drawing = draw(program, language)
    number = {box.name: f"n{index}" for index, box in enumerate(drawing.boxes)}
    brackets = {
        "question": ("[/", "/]"),
        "condition": ("{", "}"),
        "part": ("[[", "]]"),
        "end": ("([", "])"),
    }
    lines = ["flowchart TD"]
    for box in drawing.boxes:
        before, after = brackets.get(box.shape, ("[", "]"))
        lines.append(f'    {number[box.name]}{before}"{_quoted(_short(box))}"{after}')
    for arrow in drawing.arrows:
        line = "-.->" if arrow.dashed else "-->"
        label = f'|"{_quoted(arrow.label)}"|' if arrow.label else ""
        lines.append(f"    {number[arrow.source]} {line}{label} {number[arrow.target]}")
    return "\n".join(lines)


def _short(box: Box) -> str:
    return "<br/>".join([box.name, *wrapped(box.words, _LINE_UNITS, 3)])


def _quoted(words: str) -> str:
    kept = words.replace("<br/>", "\0")
    return escape(kept, quote=False).replace('"', "#quot;").replace("\0", "<br/>")


def svg(program: Program, language: str = "zh") -> str:
    """Return the survey as an SVG picture."""
    drawing = draw(program, language)
    lines = {box.name: wrapped(box.words, _LINE_UNITS, 3) for box in drawing.boxes}
    sizes = {
        box.name: (_LINE_UNITS * _UNIT + 24, _LINE * (len(lines[box.name]) + 1) + 14)
        for box in drawing.boxes
    }
    placed = place(sizes, [(a.source, a.target) for a in drawing.arrows], gap=64)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{placed.width:.0f}"'
            f' height="{placed.height:.0f}" viewBox="0 0 {placed.width:.0f} {placed.height:.0f}"'
            f' font-family="{_FONT}" font-size="13">',
            '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7"'
            ' markerHeight="7" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z"'
            ' fill="#5b6b7b"/></marker></defs>',
            '<rect width="100%" height="100%" fill="#fafbfc"/>',
            *_arrows(drawing, placed, sizes),
            *(
                _boxed(box, lines[box.name], placed.centres[box.name], sizes)
                for box in drawing.boxes
            ),
            *_labels(drawing, placed, sizes),
            "</svg>",
        ]
    )


def _boxed(
    box: Box,
    lines: list[str],
    centre: tuple[float, float],
    sizes: dict[str, tuple[float, float]],
) -> str:
    (x, y), (width, height) = centre, sizes[box.name]
    fill, line = _COLOURS[box.shape]
    round_ = height / 2 if box.shape == "end" else 6
    top = y - height / 2
    words = "".join(
        f'<text x="{x:.1f}" y="{top + 22 + _LINE * (index + 1):.1f}" text-anchor="middle"'
        f' fill="#1c2733">{escape(each)}</text>'
        for index, each in enumerate(lines)
    )
    return (
        f'<g><title>{escape(box.words)}</title><rect x="{x - width / 2:.1f}" y="{top:.1f}"'
        f' width="{width:.1f}" height="{height:.1f}" rx="{round_:.0f}" fill="{fill}"'
        f' stroke="{line}" stroke-width="1.3"/><text x="{x:.1f}" y="{top + 20:.1f}"'
        f' text-anchor="middle" font-size="11" fill="{line}">{escape(box.name)}</text>{words}</g>'
    )


def _points(
    arrow: Arrow, placed: Placed, sizes: dict[str, tuple[float, float]]
) -> list[tuple[float, float]]:
    (x1, y1), (x2, y2) = placed.centres[arrow.source], placed.centres[arrow.target]
    down = 1 if y2 >= y1 else -1
    first = (x1, y1 + down * sizes[arrow.source][1] / 2)
    last = (x2, y2 - down * sizes[arrow.target][1] / 2)
    return [first, *placed.bends[(arrow.source, arrow.target)], last]


def _arrows(drawing: Drawing, placed: Placed, sizes: dict[str, tuple[float, float]]) -> list[str]:
    found = []
    for arrow in drawing.arrows:
        points = _points(arrow, placed, sizes)
        path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
        for (x1, y1), (x2, y2) in itertools.pairwise(points):
            middle = (y1 + y2) / 2
            path += f" C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y2:.1f}"
        dash = ' stroke-dasharray="5 4"' if arrow.dashed else ""
        found.append(
            f'<path d="{path}" fill="none" stroke="#5b6b7b" stroke-width="1.3"{dash}'
            ' marker-end="url(#tip)"/>'
        )
    return found


def _labels(drawing: Drawing, placed: Placed, sizes: dict[str, tuple[float, float]]) -> list[str]:
    found = []
    taken: list[tuple[float, float, float]] = []
    for arrow in drawing.arrows:
        if not arrow.label:
            continue
        points = _points(arrow, placed, sizes)
        (x1, y1), (x2, y2) = points[0], points[1]
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        words = wrapped(arrow.label, 36, 1)[0]
        wide = units(words) * 6.2 + 8
        while any(abs(y - b) < 17 and abs(x - a) < (wide + w) / 2 for a, b, w in taken):
            y += 17
        taken.append((x, y, wide))
        found.append(
            f'<rect x="{x - wide / 2:.1f}" y="{y - 9:.1f}" width="{wide:.1f}" height="17" rx="3"'
            f' fill="#fafbfc" fill-opacity="0.92"/><text x="{x:.1f}" y="{y + 4:.1f}"'
            f' text-anchor="middle" font-size="11" fill="#33414e">{escape(words)}</text>'
        )
    return found


def units(words: str) -> int:
    """Return the width of `words` in half-width characters (a Chinese character is two)."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in words)


def wrapped(words: str, wide: int, most: int) -> list[str]:
    """Break `words` into at most `most` lines of `wide` half-width characters, … where cut."""
    lines, line = [], ""
    for piece in _PIECES.findall(words):
        # Words stay whole unless they are longer than a line.
        for letters in [piece] if units(piece) <= wide else piece:
            if units(line + letters) > wide and letters not in _NEVER_FIRST:
                lines.append(line.rstrip())
                line = ""
            line += letters.lstrip() if not line else letters
    lines.append(line)
    if len(lines) > most:
        lines = lines[:most]
        lines[-1] = lines[-1][:-1] + "…"
    return lines
