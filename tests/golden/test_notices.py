"""Every kind of notice in both languages, as HTML and as text.

The files in ``notices/`` are read by people when a sentence changes; they are written anew with
``HUIFANG_REFRESH_GOLDEN=1``.
"""

import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.catalogue import LANGUAGES
from followup.notices.composing import Words, compose
from followup.notices.letter import Kind
from followup.notices.rendering import html, plain

HERE = Path(__file__).parent / "notices"
ITEM = {
    "item": 17,
    "case": "A20251103-0042<b>",
    "unit": "城关分局/城北派出所",
    "reason": "dissatisfied",
    "key_incident": False,
    "number": "139****5678",
    "deadline": "2025-11-05T09:00:00+00:00",
    "state": "open",
    "holder": "",
}
OTHER = ITEM | {"item": 18, "key_incident": True, "unit": "", "deadline": None, "case": "A20251103"}
BATCH = {
    "batch": "emergency-2025-11-03",
    "state": "paused",
    "reason": "telecom 无应答",
    "since": "2025-11-03T02:00:00+00:00",
}
TRUNK = {"trunk": "telecom", "machine": "caller1", "since": "2025-11-03T02:00:00+00:00"}
DAY = {
    "since": "2025-11-02T12:30:00+00:00",
    "until": "2025-11-03T12:30:00+00:00",
    "calls": 12345,
    "opened": 120,
    "closed": 98,
    "open": 45,
    "overdue": 3,
    "dispositions": {"completed": 8000, "no_answer": 4000, "busy": 345},
    "verdicts": {"satisfied": 7600, "dissatisfied": 400},
    "batches": [{"name": "emergency", "state": "running", "all": 13000, "done": 8000}],
}
QUIET = DAY | {
    "calls": 0,
    "overdue": 0,
    "dispositions": {},
    "verdicts": {},
    "batches": [],
}
CASES: dict[str, tuple[Kind, dict[str, Any], int]] = {
    "urgent": (Kind.URGENT, ITEM, 0),
    "overdue": (Kind.OVERDUE, OTHER | {"deadline": "2025-11-01T00:00:00+00:00"}, 0),
    "batch": (Kind.BATCH, BATCH, 0),
    "trunk": (Kind.TRUNK, TRUNK, 0),
    "daily": (Kind.DAILY, DAY, 0),
    "daily-quiet": (Kind.DAILY, QUIET, 0),
    "test": (Kind.TEST, {"at": "2025-11-03T02:00:00+00:00", "machine": "caller1"}, 0),
    "digest-urgent": (Kind.URGENT, {"number": 40, "entries": [ITEM, OTHER]}, 40),
    "digest-overdue": (Kind.OVERDUE, {"number": 1, "entries": [ITEM]}, 1),
    "digest-batch": (Kind.BATCH, {"number": 1, "entries": [BATCH]}, 1),
    "digest-trunk": (Kind.TRUNK, {"number": 1, "entries": [TRUNK]}, 1),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_a_notice_reads_as_it_did(name: str, language: str) -> None:
    kind, facts, gathers = CASES[name]
    words = Words(language, ZoneInfo("Asia/Shanghai"))
    letter = compose(kind.value, facts, words, gathers=gathers)
    said = {
        f"{name}.{language}.txt": f"{letter.subject}\n\n{plain(letter)}",
        f"{name}.{language}.html": html(letter),
    }
    for file, content in said.items():
        if os.environ.get("HUIFANG_REFRESH_GOLDEN"):
            HERE.mkdir(exist_ok=True)
            (HERE / file).write_text(content, "utf-8")
        assert content == (HERE / file).read_text("utf-8"), file


def test_each_kind_stands_among_them() -> None:
    assert {kind for kind, _facts, gathers in CASES.values() if not gathers} == set(Kind)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_html_says_what_the_text_says_and_is_whole(name: str, language: str) -> None:
    kind, facts, gathers = CASES[name]
    words = Words(language, ZoneInfo("Asia/Shanghai"))
    letter = compose(kind.value, facts, words, gathers=gathers)
    page = Page()
    page.feed(html(letter))
    assert page.open == []
    assert page.tags <= TAGS
    text = plain(letter)
    for said in (letter.title, letter.lead, letter.advice, letter.footer):
        assert said in page.words
        assert said in text
    for grid in letter.grids:
        for row in grid.rows:
            assert all(cell in page.words and cell in text for cell in row)


TAGS = {"html", "head", "meta", "title", "body", "table", "tr", "td", "th", "div"}
"""What every mail program shows: no scripts, no pictures, nothing fetched from elsewhere."""


class Page(HTMLParser):
    """What a mail program sees."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onclick"}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
